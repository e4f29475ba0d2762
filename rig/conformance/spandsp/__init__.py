"""libspandsp's fax machine as a device: a program that no one here wrote."""
