"""libspandsp's modems (0.0.6, its public functions), looped natively: no Python between its blocks and bits.

The library is loaded with ctypes; a compiled loop calls its functions by their addresses, and its bit callbacks are
compiled functions too, as a C program's would be.
"""

import ctypes as C  # noqa: N812
import functools
from typing import Any, cast

import numba
import numpy as np
from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from rig.errors import InstrumentError

jit: Any = numba

NAME = "libspandsp.so.2"
END_OF_DATA = -7
TRAINED = -4
HEAD = 8
"""Words of 8 octets in front of a session's bits: bits so far, room for bits, status codes so far, the bits that had
come at the last "trained", trainings."""
MOST = 1 << 40
SYNCHRONOUS = 1
V21_CHANNEL_2 = 1
SMALL = C.c_char * 48


def library() -> C.CDLL:
    """Raises InstrumentError where it is not installed."""
    try:
        return C.CDLL(NAME)
    except OSError as error:
        raise InstrumentError(f"{NAME} is not installed (Debian: libspandsp2)") from error


@functools.cache
def _callbacks() -> tuple[Any, Any]:
    """-> (get a bit, put a bit), each with a session as user data."""

    def get_bit(user: Any) -> Any:
        head, octets = jit.carray(user, HEAD, np.int64), jit.carray(user, MOST, np.uint8)
        if head[0] >= head[1]:
            return END_OF_DATA
        head[0] += 1
        return np.int32(octets[HEAD * 8 + head[0] - 1])

    def put_bit(user: Any, bit: Any) -> None:
        head, octets = jit.carray(user, HEAD, np.int64), jit.carray(user, MOST, np.uint8)
        if bit < 0:
            head[2] += 1
            if bit == TRAINED:
                head[3] = head[0]
                head[4] += 1
        elif head[0] < head[1]:
            octets[HEAD * 8 + head[0]] = bit
            head[0] += 1

    return jit.cfunc("int32(voidptr)")(get_bit), jit.cfunc("void(voidptr, int32)")(put_bit)


def _call_codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
    pointer, word = ir.IntType(8).as_pointer(), ir.IntType(32)
    kind = ir.FunctionType(word, [pointer, pointer, word])
    function = builder.inttoptr(args[0], kind.as_pointer())
    places = [builder.inttoptr(a, pointer) for a in args[1:3]]
    return builder.call(function, [*places, builder.trunc(args[3], word)])


def _call_typing(_: Any, function: Any, state: Any, block: Any, count: Any) -> Any:
    return types.int32(types.int64, types.int64, types.int64, types.int64), _call_codegen


_call: Any = intrinsic(_call_typing)


@functools.cache
def _loop() -> Any:
    def play(function: Any, states: Any, first: Any, blocks: Any, size: Any) -> None:
        """Samples [block, channel, sample] from address *first*, each block of every channel after the other."""
        at = first
        for _ in range(blocks):
            for c in range(states.shape[0]):
                _call(function, states[c], at, size)
                at += 2 * size

    return jit.njit("void(int64, int64[::1], int64, int64, int64)", nogil=True)(play)


def _address(callback: Any) -> C.c_void_p:
    return C.c_void_p(callback.address)


class Channels:
    """Some transmitters or receivers of one modem at one rate, a session each."""

    def __init__(self, modem: str, bps: int, channels: int, room: int, *, send: bool) -> None:
        self._lib, self._modem, self._bps, self._send = library(), modem, bps, send
        self._sessions = [np.zeros((HEAD + -(-room // 8)) * 8, np.uint8) for _ in range(channels)]
        for session in self._sessions:
            session.view(np.int64)[1] = room
        name = {"V.17": "v17", "V.27ter": "v27ter", "V.29": "v29", "V.21": "fsk"}[modem]
        self._name = f"{name}_{'tx' if send else 'rx'}"
        init, play = getattr(self._lib, f"{self._name}_init"), getattr(self._lib, self._name)
        init.restype = C.c_void_p
        self._states = np.array([self._init(init, session) for session in self._sessions], np.int64)
        self._function = int(cast(int, C.cast(play, C.c_void_p).value))

    def _init(self, init: Any, session: NDArray[np.uint8]) -> int:
        user = C.c_void_p(session.ctypes.data)
        callback = _address(_callbacks()[0 if self._send else 1])
        if self._modem == "V.21":
            spec = C.c_void_p(C.addressof(SMALL.in_dll(self._lib, "preset_fsk_specs")) + V21_CHANNEL_2 * self._row())
            way = () if self._send else (C.c_int(SYNCHRONOUS),)
            return int(init(None, spec, *way, callback, user))
        tep = (C.c_int(0),) if self._send else ()
        return int(init(None, C.c_int(self._bps), *tep, callback, user))

    @staticmethod
    def _row() -> int:
        """Octets of a row of the library's table of FSK modems: a pointer and five ints, aligned."""
        return (C.sizeof(C.c_void_p) + 5 * 4 + 7) // 8 * 8

    def restart(self, *, short: bool = False) -> None:
        """Wait for, or begin, another burst; what a long training taught is kept. V.17's may be short."""
        restart = getattr(self._lib, f"{self._name}_restart")
        for state in self._states.tolist():
            tep = (C.c_int(0),) if self._send else ()
            flag = (C.c_int(short),) if self._modem == "V.17" or not self._send else ()
            restart(C.c_void_p(state), C.c_int(self._bps), *tep, *flag)

    def power(self, dbm0: float) -> None:
        power = getattr(self._lib, f"{self._name}_power")
        for state in self._states.tolist():
            power(C.c_void_p(state), C.c_float(dbm0))

    def load(self, bits: NDArray[np.uint8]) -> None:
        """bits [channel, bit] to be sent."""
        for session, own in zip(self._sessions, bits, strict=True):
            session.view(np.int64)[:2] = (0, len(own))
            session[HEAD * 8 : HEAD * 8 + len(own)] = own

    def play(self, samples: NDArray[np.int16]) -> None:
        """samples int16 [block, channel, sample], heard or written."""
        assert samples.flags.c_contiguous
        assert samples.shape[1] == len(self._states)
        _loop()(self._function, self._states, samples.ctypes.data, samples.shape[0], samples.shape[2])

    def clear(self) -> None:
        for session in self._sessions:
            session.view(np.int64)[0] = 0
            session.view(np.int64)[2:5] = 0

    def bits(self, channel: int = 0, *, of_data: bool = False) -> NDArray[np.uint8]:
        """What a receiver has heard; *of_data*: since it trained last."""
        session = self._sessions[channel]
        head = session.view(np.int64)
        first = int(head[3]) if of_data else 0
        return session[HEAD * 8 + first : HEAD * 8 + int(head[0])].copy()

    def trained(self, channel: int = 0) -> int:
        """How often it has trained."""
        return int(self._sessions[channel].view(np.int64)[4])

    def close(self) -> None:
        free = getattr(self._lib, f"{self._name}_free", None)
        for state in self._states.tolist():
            if free is not None:
                free(C.c_void_p(state))
        self._states = self._states[:0]

    def __enter__(self) -> "Channels":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
