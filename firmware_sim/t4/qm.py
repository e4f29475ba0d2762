"""The arithmetic coder of JBIG (T.82) and its table. These are kernels: see `dsp.kernels`.

Contexts are one array: twice the state's number, plus the more probable pixel. What coder and decoder carry from
pixel to pixel is an array of numbers with named places.
"""
# ruff: noqa: SIM905 (a table is read best as printed)

import numpy as np
from numpy.typing import NDArray

from firmware_sim.dsp.kernels import kernel

Octets = NDArray[np.uint8]
Numbers = NDArray[np.int64]
Pixels = NDArray[np.int8]

STATES = """
    5A1D:1:1! 2586:14:2 1114:16:3 080B:18:4 03D8:20:5 01DA:23:6 00E5:25:7 006F:28:8 0036:30:9 001A:33:10
    000D:35:11 0006:9:12 0003:10:13 0001:12:13 5A7F:15:15! 3F25:36:16 2CF2:38:17 207C:39:18 17B9:40:19
    1182:42:20 0CEF:43:21 09A1:45:22 072F:46:23 055C:48:24 0406:49:25 0303:51:26 0240:52:27 01B1:54:28
    0144:56:29 00F5:57:30 00B7:59:31 008A:60:32 0068:62:33 004E:63:34 003B:32:35 002C:33:9 5AE1:37:37!
    484C:64:38 3A0D:65:39 2EF1:67:40 261F:68:41 1F33:69:42 19A8:70:43 1518:72:44 1177:73:45 0E74:74:46
    0BFB:75:47 09F8:77:48 0861:78:49 0706:79:50 05CD:48:51 04DE:50:52 040F:50:53 0363:51:54 02D4:52:55
    025C:53:56 01F8:54:57 01A4:55:58 0160:56:59 0125:57:60 00F6:58:61 00CB:59:62 00AB:61:63 008F:61:32
    5B12:65:65! 4D04:80:66 412C:81:67 37D8:82:68 2FE8:83:69 293C:84:70 2379:86:71 1EDF:87:72 1AA9:87:73
    174E:72:74 1424:72:75 119C:74:76 0F6B:74:77 0D51:75:78 0BB6:77:79 0A40:77:48 5832:80:81! 4D1C:88:82
    438E:89:83 3BDD:90:84 34EE:91:85 2EAE:92:86 299A:93:87 2516:86:71 5570:88:89! 4CA9:95:90 44D9:96:91
    3E22:97:92 3824:99:93 32B4:99:94 2E17:93:86 56A8:95:96! 4F46:101:97 47E5:102:98 41CF:103:99 3C3D:104:100
    375E:99:93 5231:105:102 4C0F:106:103 4639:107:104 415E:103:99 5627:105:106! 50E7:108:107 4B85:109:103
    5597:110:109 504F:111:107 5A10:110:111! 5522:112:109 59EB:112:111!
""".split()
"""T.82 Table 24: the size of the less probable part, the next state after it, the next one after the other part; with
a mark where the less probable pixel becomes the more probable one."""


def _table() -> Numbers:
    rows = []
    for state in STATES:
        size, lps, mps = state.rstrip("!").split(":")
        rows.append((int(size, 16), 2 * int(lps) + state.endswith("!"), 2 * int(mps)))
    return np.array(rows, dtype=np.int64)


TABLE = _table()
"""For each state: its size; the context after the less and after the more probable pixel, xor the latter."""
CONTEXTS = 1024
A, C, CT, BUFFER, STACKED, PLACE = 0, 1, 2, 3, 4, 5
HALF, WHOLE = 0x8000, 0x10000


# -- encoding ----------------------------------------------------------------------------------------------------------


@kernel
def start_encoder() -> Numbers:
    coder = np.zeros(6, dtype=np.int64)
    coder[A], coder[CT], coder[BUFFER] = WHOLE, 11, -1
    return coder


@kernel
def _byte_out(coder: Numbers, out: Octets) -> None:
    octet, place = coder[C] >> 19, coder[PLACE]
    if octet == 0xFF:
        coder[STACKED] += 1
    else:
        carry = octet >> 8
        if coder[BUFFER] >= 0:
            out[place] = coder[BUFFER] + carry
            place += 1
        for _ in range(coder[STACKED]):
            out[place] = 0 if carry else 0xFF
            place += 1
        coder[STACKED], coder[BUFFER], coder[PLACE] = 0, octet & 0xFF, place
    coder[C] &= 0x7FFFF
    coder[CT] = 8


@kernel
def encode_pixel(coder: Numbers, contexts: Numbers, context: int, pixel: int, out: Octets) -> None:
    known = contexts[context]
    size = TABLE[known >> 1, 0]
    a = coder[A] - size
    likely = pixel == (known & 1)
    if likely and a >= HALF:
        coder[A] = a
        return
    if likely == (a < size):
        coder[C] += a
        a = size
    contexts[context] = TABLE[known >> 1, 2 if likely else 1] ^ (known & 1)
    while a < HALF:
        a <<= 1
        coder[C] <<= 1
        coder[CT] -= 1
        if coder[CT] == 0:
            _byte_out(coder, out)
    coder[A] = a


@kernel
def finish_encoder(coder: Numbers, out: Octets) -> int:
    """Put out the rest. Returns how many octets there are without the zeros at their end."""
    low = coder[C]
    end = (coder[A] - 1 + low) & ~0xFFFF
    coder[C] = (end + HALF if end < low else end) << coder[CT]
    _byte_out(coder, out)
    coder[C] <<= 8
    _byte_out(coder, out)
    coder[C] = 0
    _byte_out(coder, out)
    place = coder[PLACE]
    while place > 0 and out[place - 1] == 0:
        place -= 1
    return int(place)


# -- decoding ----------------------------------------------------------------------------------------------------------


@kernel
def start_decoder(data: Octets) -> Numbers:
    coder = np.zeros(6, dtype=np.int64)
    coder[A] = WHOLE
    for _ in range(2):
        coder[C] = (coder[C] | _next(coder, data)) << 8
    coder[C] <<= 8
    return coder


@kernel
def _next(coder: Numbers, data: Octets) -> np.int64:
    place = coder[PLACE]
    coder[PLACE] += 1
    return np.int64(data[place]) if place < data.shape[0] else np.int64(0)


@kernel
def decode_pixel(coder: Numbers, contexts: Numbers, context: int, data: Octets) -> int:
    known = contexts[context]
    size = TABLE[known >> 1, 0]
    a, c = coder[A] - size, coder[C]
    upper = (c >> 16) >= a
    if not upper and a >= HALF:
        coder[A] = a
        return int(known & 1)
    likely = upper == (a < size)
    if upper:
        c -= a << 16
        a = size
    contexts[context] = TABLE[known >> 1, 2 if likely else 1] ^ (known & 1)
    while a < HALF:
        if coder[CT] == 0:
            c |= _next(coder, data) << 8
            coder[CT] = 8
        a <<= 1
        c <<= 1
        coder[CT] -= 1
    coder[A], coder[C] = a, c
    return int(known & 1) if likely else int(1 - (known & 1))
