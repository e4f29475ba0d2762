"""Whole devices, composed of the layers below: a fax machine, an ATA, a fax interface. Still pure."""
