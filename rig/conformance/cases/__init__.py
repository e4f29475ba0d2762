"""The cases, one file a family of clauses. Importing this package enters them all."""

from rig.conformance.cases import (
    ecm_receive,
    ecm_transmit,
    field,
    polling,
    receive,
    receive_exceptions,
    transmit,
    transmit_exceptions,
)

__all__ = [
    "ecm_receive",
    "ecm_transmit",
    "field",
    "polling",
    "receive",
    "receive_exceptions",
    "transmit",
    "transmit_exceptions",
]
