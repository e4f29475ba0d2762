"""A whole fax machine that no one here wrote: libspandsp's, through ctypes, on raw 8 kHz audio."""

import ctypes
from ctypes.util import find_library
from pathlib import Path

import numpy as np
import pytest

NAME = "libspandsp.so.2"
MODEMS = {"V.27ter": 1, "V.29": 2, "V.17": 4}
CODINGS = {"MH": 2, "MR": 4, "MMR": 8}
"""What the Debian build offers; it has no T.85."""
PHASE_E = ctypes.CFUNCTYPE(
    None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int
)  # 0.0.6: (t30_state_t *, user_data, completion code)
OK = 0
EVERY_RESOLUTION = ctypes.c_int(0xFFFF)
EVERY_SIZE = ctypes.c_int(0x1F0007)
"""A4, B4 and A3 wide; endless, A4, B4 and more long."""


def library():
    """Skips the test, and says why, where the library is not installed."""
    try:
        lib = ctypes.CDLL(NAME)
    except OSError:
        pytest.skip(f"{NAME} is not installed (Debian: libspandsp2); found {find_library('spandsp')}")
    for name in ("fax_init", "fax_get_t30_state", "t30_completion_code_to_str", "t30_get_rx_ident"):
        getattr(lib, name).restype = ctypes.c_void_p
    for name in ("t30_get_rx_sub_address", "t30_get_rx_password", "t30_get_rx_sender_ident"):
        getattr(lib, name).restype = ctypes.c_char_p
    return lib


class SpandspFax:
    """One libspandsp terminal. *send* is a TIFF to send or to be polled, *receive* one to write.

    *said* are fields before its commands by the name of their setter: sub_address, password, selective_polling_address.
    """

    def __init__(
        self,
        *,
        calling: bool,
        send: Path | None = None,
        receive: Path | None = None,
        ecm: bool = False,
        modems: tuple[str, ...] = ("V.27ter", "V.29"),
        codings: tuple[str, ...] = ("MH",),
        said: dict[str, str] | None = None,
    ):
        self.lib = lib = library()
        self.code: int | None = None
        self.fax = ctypes.c_void_p(lib.fax_init(None, ctypes.c_int(calling)))
        self.t30 = t30 = ctypes.c_void_p(lib.fax_get_t30_state(self.fax))
        lib.t30_set_tx_ident(t30, b"+49 89 7777")
        lib.t30_set_ecm_capability(t30, ctypes.c_int(ecm))
        lib.t30_set_supported_modems(t30, ctypes.c_int(sum(MODEMS[name] for name in modems)))
        lib.t30_set_supported_compressions(t30, ctypes.c_int(sum(CODINGS[name] for name in set(codings))))
        lib.t30_set_supported_resolutions(t30, EVERY_RESOLUTION)
        lib.t30_set_supported_image_sizes(t30, EVERY_SIZE)
        for name, text in (said or {}).items():
            getattr(lib, f"t30_set_tx_{name}")(t30, text.encode())
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

    def heard(self, name: str) -> str:
        """A field that came before a command of ours: sub_address, password, sender_ident."""
        return (getattr(self.lib, f"t30_get_rx_{name}")(self.t30) or b"").decode()

    @property
    def finished(self) -> bool:
        return self.code is not None
