"""The cases, one file a family of clauses. Importing this package enters them all."""

from rig.conformance.cases import receive

__all__ = ["receive"]
