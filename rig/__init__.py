"""The bench: what stands on it, how it is driven, and how it judges."""

__version__ = "0.1.0"
