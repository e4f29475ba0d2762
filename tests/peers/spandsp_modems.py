"""libspandsp's V.21 and V.29 through ctypes (0.0.6): bits to samples and samples to bits, a burst at a time."""

import ctypes as C  # noqa: N812

import numpy as np
import pytest

NAME = "libspandsp.so.2"
GET_BIT = C.CFUNCTYPE(C.c_int, C.c_void_p)
PUT_BIT = C.CFUNCTYPE(None, C.c_void_p, C.c_int)
PUT_FRAME = C.CFUNCTYPE(None, C.c_void_p, C.POINTER(C.c_uint8), C.c_int, C.c_int)
END_OF_DATA = -7
V21_CHANNEL_2, SYNCHRONOUS = 1, 1
MAKERS = ("v29_tx_init", "v29_rx_init", "fsk_tx_init", "fsk_rx_init", "hdlc_rx_init", "hdlc_tx_init")


class FskSpec(C.Structure):
    """A row of the library's own table of FSK modems."""

    _fields_ = (
        ("name", C.c_char_p),
        ("zero", C.c_int),
        ("one", C.c_int),
        ("tx_level", C.c_int),
        ("min_level", C.c_int),
        ("baud", C.c_int),
    )


def library():
    """Skips the test, and says why, where the library is not installed."""
    try:
        lib = C.CDLL(NAME)
    except OSError:
        pytest.skip(f"{NAME} is not installed (Debian: libspandsp2)")
    for name in MAKERS:
        getattr(lib, name).restype = C.c_void_p
    return lib


def _v21(lib):
    return C.byref((FskSpec * 4).in_dll(lib, "preset_fsk_specs")[V21_CHANNEL_2])


def _samples(block):
    return block.ctypes.data_as(C.POINTER(C.c_int16))


class _Bits:
    """Hands out bits, then says that there are no more."""

    def __init__(self, bits):
        self._bits = iter(bits.tolist())
        self.callback = GET_BIT(self._next)

    def _next(self, _user):
        return next(self._bits, END_OF_DATA)


def _play(execute, state, limit):
    """All samples until the transmitter stops by itself."""
    parts, count = [], 0
    while count < limit:
        block = np.zeros(160, np.int16)
        got = execute(state, _samples(block), 160)
        parts.append(block[:got])
        count += got
        if got < 160:
            break
    return np.concatenate(parts)


def v29_burst(bits, bps, dbm0=-13.0, *, echo_protection=False):
    lib, source = library(), _Bits(bits)
    state = C.c_void_p(lib.v29_tx_init(None, C.c_int(bps), C.c_int(echo_protection), source.callback, None))
    lib.v29_tx_power(state, C.c_float(dbm0))
    return _play(lib.v29_tx, state, len(bits) / bps * 8000 + 16000)


def v29_hear(samples, bps):
    """-> (bits, status codes)"""
    lib, heard, codes = library(), [], []

    def put(_user, bit):
        (codes if bit < 0 else heard).append(bit)

    callback = PUT_BIT(put)
    state = C.c_void_p(lib.v29_rx_init(None, C.c_int(bps), callback, None))
    block = np.ascontiguousarray(samples, np.int16)
    lib.v29_rx(state, _samples(block), C.c_int(len(block)))
    return np.array(heard, np.uint8), codes


def v21_burst(frames, preamble_flags):
    """Frames by the library's own HDLC, too."""
    lib = library()
    hdlc = C.c_void_p(lib.hdlc_tx_init(None, C.c_int(0), C.c_int(2), C.c_int(0), None, None))
    lib.hdlc_tx_flags(hdlc, C.c_int(preamble_flags))
    queue = list(frames)
    sent = []

    def get(_user):
        # one frame at a time fits in the library's buffer: the next when the last has gone to flags
        if queue and (not sent or len(sent) % 8 == 0):
            octets = queue[0]
            if lib.hdlc_tx_frame(hdlc, octets, C.c_int(len(octets))) == 0:
                queue.pop(0)
        bit = lib.hdlc_tx_get_bit(hdlc)
        sent.append(bit)
        return bit

    callback = GET_BIT(get)
    state = C.c_void_p(lib.fsk_tx_init(None, _v21(lib), callback, None))
    bits = preamble_flags * 8 + sum(len(f) + 5 for f in frames) * 10 + 80
    block = np.zeros(int(bits * 80 / 3), np.int16)
    lib.fsk_tx(state, _samples(block), C.c_int(len(block)))
    return block


def v21_hear(samples):
    """-> (octets, FCS good) of every frame, by the library's own HDLC"""
    lib, frames = library(), []

    def put(_user, octets, length, good):
        if length > 0:
            frames.append((bytes(octets[:length]), bool(good)))

    callback = PUT_FRAME(put)
    hdlc = C.c_void_p(lib.hdlc_rx_init(None, C.c_int(0), C.c_int(1), C.c_int(3), callback, None))
    put_bit = PUT_BIT(lambda _user, bit: lib.hdlc_rx_put_bit(hdlc, C.c_int(bit)))
    state = C.c_void_p(lib.fsk_rx_init(None, _v21(lib), C.c_int(SYNCHRONOUS), put_bit, None))
    block = np.ascontiguousarray(samples, np.int16)
    lib.fsk_rx(state, _samples(block), C.c_int(len(block)))
    return frames
