"""A whole fax machine that no one here wrote: libspandsp's, through ctypes, on raw 8 kHz audio."""

import ctypes
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest

NAME = "libspandsp.so.2"
V27TER, V29 = 1, 2
PHASE_E = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
)  # 0.0.6: (t30_state_t *, user_data, completion code)
OK = 0


def library():
    """Skips the test, and says why, where the library is not installed."""
    try:
        lib = ctypes.CDLL(NAME)
    except OSError:
        pytest.skip(f"{NAME} is not installed (Debian: libspandsp2); found {find_library('spandsp')}")
    for name in ("fax_init", "fax_get_t30_state", "t30_completion_code_to_str", "t30_get_rx_ident"):
        getattr(lib, name).restype = ctypes.c_void_p
    return lib


class SpandspFax:
    """One libspandsp terminal. *send* is a TIFF to send, *receive* one to write."""

    def __init__(self, *, calling: bool, send: Path | None = None, receive: Path | None = None, ecm: bool = False):
        self.lib = lib = library()
        self.code: int | None = None
        self.fax = ctypes.c_void_p(lib.fax_init(None, ctypes.c_int(calling)))
        t30 = ctypes.c_void_p(lib.fax_get_t30_state(self.fax))
        lib.t30_set_tx_ident(t30, b"+49 89 7777")
        lib.t30_set_ecm_capability(t30, ctypes.c_int(ecm))
        lib.t30_set_supported_modems(t30, ctypes.c_int(V27TER | V29))
        lib.t30_set_supported_compressions(t30, ctypes.c_int(1))
        self._handler = PHASE_E(self._ended)
        lib.t30_set_phase_e_handler(t30, self._handler, None)
        if send:
            lib.t30_set_tx_file(t30, str(send).encode(), -1, -1)
        if receive:
            lib.t30_set_rx_file(t30, str(receive).encode(), -1)
        lib.fax_set_transmit_on_idle(self.fax, 1)
        self._out = (ctypes.c_int16 * 160)()

    def _ended(self, _t30, _user, code):
        self.code = code

    def execute(self, heard: np.ndarray) -> np.ndarray:
        self.lib.fax_tx(self.fax, self._out, 160)
        said = np.ctypeslib.as_array(self._out).copy()
        block = np.ascontiguousarray(heard, np.int16)
        self.lib.fax_rx(self.fax, block.ctypes.data_as(ctypes.POINTER(ctypes.c_int16)), 160)
        return said

    @property
    def finished(self) -> bool:
        return self.code is not None
