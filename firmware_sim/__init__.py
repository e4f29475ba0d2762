"""What runs inside a device: an ATA, a fax interface, a fax machine. Pure but for `daemon` and `media`."""
