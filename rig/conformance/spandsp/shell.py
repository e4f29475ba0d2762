"""libspandsp's terminal through ctypes, on raw 8 kHz audio, in lock-step."""

import ctypes
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from firmware_sim.errors import DecodeError
from firmware_sim.t4 import tiff
from firmware_sim.t4.page import Page
from rig.conformance.model import Role, Samples, Setup

NAME = "libspandsp.so.2"
MODEMS = {"V.27ter": 1, "V.29": 2, "V.17": 4}
ALL_MODEMS = 7
T4_1D, T4_2D, T6 = 1, 2, 4
BLOCK = 160
PHASE_E = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
"""0.0.6: (t30_state_t *, user_data, completion code)."""
TEXTS = {
    "sub": "t30_set_tx_sub_address",
    "sep": "t30_set_tx_selective_polling_address",
    "psa": "t30_set_tx_polled_sub_address",
    "sid": "t30_set_tx_sender_ident",
    "pwd": "t30_set_tx_password",
}
POINTERS = ("fax_init", "fax_get_t30_state", "t30_completion_code_to_str")


def library() -> Any:
    """None where it is not installed."""
    try:
        lib = ctypes.CDLL(NAME)
    except OSError:
        return None
    for name in POINTERS:
        getattr(lib, name).restype = ctypes.c_void_p
    return lib


class Spandsp:
    """One libspandsp terminal a call."""

    name = "spandsp"
    uncertainty_ms = 12.0
    """It works in blocks of its own, and its filters ring."""

    def __init__(self, lib: Any) -> None:
        self._lib = lib
        self._fax: Any = None
        self._code: int | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="faxrig-")
        self._received = Path(self._folder.name) / "received.tif"
        self._handler = PHASE_E(self._ended)
        self._out = (ctypes.c_int16 * BLOCK)()
        self._terminated = False

    def lacks(self, setup: Setup, role: Role) -> str:
        if len(setup.documents) > 1:
            return "libspandsp's terminal takes one document a call"
        missing = sorted(setup.asks - set(TEXTS) - {"polls"})
        return f"libspandsp 0.0.6 has no setting for {', '.join(missing)}" if missing else ""

    def _ended(self, _t30: Any, _user: Any, code: int) -> None:
        self._code = code

    def start(self, role: Role, setup: Setup) -> None:
        lib = self._lib
        self._free()
        self._received.unlink(missing_ok=True)
        self._code, self._terminated = None, False
        self._fax = ctypes.c_void_p(lib.fax_init(None, ctypes.c_int(role is Role.CALLS)))
        t30 = ctypes.c_void_p(lib.fax_get_t30_state(self._fax))
        lib.t30_set_tx_ident(t30, setup.ident.encode())
        lib.t30_set_ecm_capability(t30, ctypes.c_int(setup.ecm))
        lib.t30_set_supported_modems(t30, ctypes.c_int(ALL_MODEMS))
        lib.t30_set_supported_compressions(t30, ctypes.c_int(T4_1D | T4_2D | T6))
        lib.t30_set_phase_e_handler(t30, self._handler, None)
        for key, function in TEXTS.items():
            if getattr(setup, key):
                getattr(lib, function)(t30, getattr(setup, key).encode())
        for document in setup.documents:
            path = Path(self._folder.name) / "send.tif"
            path.write_bytes(tiff.write(list(document)))
            lib.t30_set_tx_file(t30, str(path).encode(), -1, -1)
        lib.t30_set_rx_file(t30, str(self._received).encode(), -1)
        lib.fax_set_transmit_on_idle(self._fax, 1)

    def execute(self, heard: Samples) -> Samples:
        block = np.ascontiguousarray(heard, np.int16)
        self._lib.fax_rx(self._fax, block.ctypes.data_as(ctypes.POINTER(ctypes.c_int16)), BLOCK)
        self._lib.fax_tx(self._fax, self._out, BLOCK)
        said: Samples = np.ctypeslib.as_array(self._out).copy()
        return said

    @property
    def active(self) -> bool:
        return self._code is None and not self._terminated

    @property
    def outcome(self) -> int | None:
        return self._code

    @property
    def outcome_text(self) -> str:
        if self._code is None:
            return "none yet"
        text = ctypes.string_at(self._lib.t30_completion_code_to_str(ctypes.c_int(self._code)))
        return f"{self._code}: {text.decode('latin-1')}"

    def received(self) -> list[Page]:
        try:
            return [found.page for found in tiff.read(self._received.read_bytes())]
        except (OSError, DecodeError):
            return []

    def terminate(self) -> None:
        if self._fax is not None and not self._terminated:
            self._terminated = True
            self._lib.t30_terminate(ctypes.c_void_p(self._lib.fax_get_t30_state(self._fax)))

    def close(self) -> None:
        self._free()
        self._folder.cleanup()

    def _free(self) -> None:
        if self._fax is not None:
            self._lib.fax_free(self._fax)
            self._fax = None
