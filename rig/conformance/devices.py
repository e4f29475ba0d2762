"""Our own firmware as a device under test, in lock-step and far faster than real time."""

from typing import Any

import numpy as np

from firmware_sim.device.station import FaxStation, StationProfile
from firmware_sim.t4.page import Page
from firmware_sim.t30.outcome import Cause
from rig.conformance.model import LISTS, Role, Samples, Setup

CODES = {cause: number for number, cause in enumerate(Cause)}
"""0 is success."""
SETTINGS = {
    "sub": "subaddress", "sep": "document_number", "sid": "password", "pwd": "password",
    "require_pwd": "poll_password", "polls": "polls",
}  # fmt: skip
"""Keys of a set-up, and the fields of the station's profile that do it."""


class Simulated:
    """The fax machine of `firmware_sim`: one FaxStation a call."""

    name = "simulated"
    uncertainty_ms = 5.0
    can = frozenset({"documents", "require_sep", "nsf", *LISTS, *SETTINGS})

    def __init__(self) -> None:
        self._station: FaxStation | None = None

    def lacks(self, setup: Setup, role: Role) -> str:
        missing = sorted(setup.asks - self.can)
        if setup.pwd and setup.sid and setup.pwd != setup.sid:
            return "the simulated machine has one password for PWD and SID"
        return f"the simulated machine has no setting for {', '.join(missing)}" if missing else ""

    def start(self, role: Role, setup: Setup) -> None:
        documents = [list(document) for document in setup.documents]
        pages = [page for document in documents for page in document]
        calls = role is Role.CALLS
        profile = StationProfile(station_id=setup.ident, ecm=setup.ecm, **self._more(setup))
        shelf = {setup.require_sep: pages} if setup.require_sep else {}
        self._station = FaxStation(
            profile, lambda at, name, detail: None, is_calling=calls, pages=[] if shelf else pages, shelf=shelf
        )
        if len(documents) > 1:
            # The machine's own panel takes one document; the terminal under it takes any number.
            self._station._call.outbox[:] = [list[object](document) for document in documents]

    def _more(self, setup: Setup) -> dict[str, Any]:
        more = {SETTINGS[name]: getattr(setup, name) for name in setup.asks if name in SETTINGS}
        if setup.nsf:
            more["nsf"] = bytes.fromhex(setup.nsf)
        names = {"modems": "modems", "resolutions": "resolutions", "compressions": "codings"}
        return more | {names[name]: getattr(setup, name) for name in LISTS if getattr(setup, name)}

    def execute(self, heard: Samples) -> Samples:
        assert self._station is not None
        if self._station.finished:
            return np.zeros(len(heard), np.int16)
        return self._station.execute(heard)

    @property
    def active(self) -> bool:
        return self._station is not None and not self._station.finished

    @property
    def outcome(self) -> int | None:
        if self._station is None:
            return None
        found = self._station.outcome
        if found is None and self._station.finished:  # the line went away before its terminal had begun
            return CODES[Cause.LINE_DROPPED]
        return CODES[found.cause] if found else None

    @property
    def outcome_text(self) -> str:
        found = self._station.outcome if self._station else None
        return str(found) if found else "none yet"

    def received(self) -> list[Page]:
        return list(self._station.received) if self._station else []

    def terminate(self) -> None:
        if self._station is not None:
            self._station.line_lost()
