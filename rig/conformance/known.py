"""What a device is known to do otherwise than a case wants, and why: it counts as an expected failure."""

KNOWN: dict[str, dict[str, str]] = {}
