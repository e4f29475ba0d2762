"""Control frames (T.30 5.3.6 and Annex A): what one V.21 burst says, and its octets.

Octets stand as an HDLC controller holds them, the bit sent first being the least significant; so bit n
of a DIS is bit n-1 of a little-endian number, and frame numbers read as they are. The recommendation
prints control fields the other way round, first bit first; `Frame` keeps its spelling, X bit and all.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum

from firmware_sim.errors import DecodeError

ADDRESS = 0xFF
MORE, FINAL = 0x03, 0x13
FRAMES_PER_BLOCK = 256


class Frame(Enum):
    DIS, CSI, NSF = "0000 0001", "0000 0010", "0000 0100"
    DTC, CIG, NSC = "1000 0001", "1000 0010", "1000 0100"
    PWD, SEP, PSA = "1000 0011", "1000 0101", "1000 0110"
    CIA, ISP = "1000 0111", "1000 1000"
    DCS, TSI, NSS = "X100 0001", "X100 0010", "X100 0100"
    SUB, SID, CTC = "X100 0011", "X100 0101", "X100 1000"
    TSA, IRA, CSA = "X100 0110", "X100 0111", "X010 0100"
    CFR, FTT, CTR = "X010 0001", "X010 0010", "X010 0011"
    EOM, MPS, EOP = "X111 0001", "X111 0010", "X111 0100"
    PRI_EOM, PRI_MPS, PRI_EOP = "X111 1001", "X111 1010", "X111 1100"
    PPS, EOR, RR, EOS = "X111 1101", "X111 0011", "X111 0110", "X111 1000"
    MCF, RTP, RTN = "X011 0001", "X011 0011", "X011 0010"
    PIP, PIN, PID = "X011 0101", "X011 0100", "X011 0110"
    PPR, RNR, ERR = "X011 1101", "X011 0111", "X011 1000"
    FDM = "X011 1111"
    DCN, CRP, FNV = "X101 1111", "X101 1000", "X101 0011"
    TNR, TR, DNK = "X101 0111", "X101 0110", "X101 1001"
    TK, RK, DES, DEC, DER = "1101 0010", "0101 0010", "0000 0101", "1100 1001", "1100 1010"
    SPI = "0000 1000"
    FCD, RCP = "0110 0000", "0110 0001"
    NULL = "0000 0000"

    def octet(self, x: bool) -> int:
        """The control field as sent by a station whose X bit is *x*: set once it has heard a DIS."""
        return _OCTETS[x][self]

    @property
    def plain(self) -> "Frame":
        """A PRI-command without its request for an operator."""
        return Frame[self.name.removeprefix("PRI_")]

    @property
    def urgent(self) -> "Frame":
        """EOM, MPS or EOP with a request for an operator; others have none."""
        return Frame.__members__.get(f"PRI_{self.name}", self)

    def __repr__(self) -> str:
        return self.name

    def __str__(self) -> str:
        return self.name.replace("_", "-")

    __hash__ = object.__hash__


def _octet(printed: str, x: bool) -> int:
    bits = printed.replace(" ", "").replace("X", "1" if x else "0")
    return int(bits[::-1], 2)


_OCTETS = tuple({frame: _octet(frame.value, x) for frame in Frame} for x in (False, True))
_FRAMES = {octet: frame for octets in _OCTETS for frame, octet in octets.items()}


@dataclass(frozen=True, slots=True)
class Control:
    """One frame off the line."""

    frame: Frame
    fif: bytes
    final: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One V.21 burst: a command or a response, and the optional frames that went before it."""

    code: Frame
    fif: bytes = b""
    options: Mapping[Frame, bytes] = field(default_factory=dict)

    def encode(self, x: bool) -> tuple[bytes, ...]:
        """The frames of the burst, without FCS."""
        options = (bytes((ADDRESS, MORE, frame.octet(x))) + fif for frame, fif in self.options.items())
        return *options, bytes((ADDRESS, FINAL, self.code.octet(x))) + self.fif

    @classmethod
    def gather(cls, frames: list[Control]) -> "Message":
        *options, last = frames
        return cls(last.frame, last.fif, {option.frame: option.fif for option in options})

    def __str__(self) -> str:
        """As traces show it: "TSI DCS", "PPS-EOP"."""
        then = _FRAMES.get(self.fif[0]) if self.code in (Frame.PPS, Frame.EOR) and self.fif else None
        name = f"{self.code}-{then}" if then else str(self.code)
        return " ".join((*map(str, self.options), name))


def decode(octets: bytes) -> Control:
    """Raises DecodeError where the octets are too short, misaddressed, or name no frame."""
    if len(octets) < 3 or octets[0] != ADDRESS or octets[1] not in (MORE, FINAL):
        raise DecodeError(f"not a control frame: {octets[:3].hex(' ')}")
    frame = _FRAMES.get(octets[2])
    if frame is None:
        raise DecodeError(f"no such control field: {octets[2]:#04x}")
    return Control(frame, octets[3:], octets[1] == FINAL)


@dataclass(frozen=True, slots=True)
class PartialPage:
    """What a PPS tells of the block before it (A.4.3): what follows, and which block it was."""

    then: Frame
    page: int
    block: int
    frames: int = field(compare=False)
    """Of the whole block; some senders count only those that they have just sent again."""
    operator: bool = field(default=False, compare=False)
    """A PPS-PRI-command: the operator is wanted."""

    def encode(self) -> bytes:
        then = self.then.urgent if self.operator else self.then
        return bytes((then.octet(then is not Frame.NULL), self.page % 256, self.block % 256, self.frames - 1))

    @classmethod
    def decode(cls, fif: bytes) -> "PartialPage":
        """Raises DecodeError where it is no PPS, or one whose code for what follows has no place there."""
        said = _FRAMES[fif[0]] if len(fif) == 4 and fif[0] in _FRAMES else None
        if said is None or said.plain not in (Frame.NULL, Frame.MPS, Frame.EOM, Frame.EOP):
            raise DecodeError(f"not a PPS: {fif[:8].hex(' ')}")
        return cls(said.plain, fif[1], fif[2], fif[3] + 1, operator=said is not said.plain)


def request_frames(missing: Iterable[int], sent: int) -> bytes:
    """The map of a PPR (A.4.4): bit n is set for frame n, and so are the bits past the last frame sent."""
    past_the_end = (1 << FRAMES_PER_BLOCK) - (1 << sent)
    return (past_the_end | sum(1 << number for number in missing)).to_bytes(FRAMES_PER_BLOCK // 8, "little")


def requested_frames(fif: bytes, sent: int) -> list[int]:
    wanted = int.from_bytes(fif, "little")
    return [number for number in range(sent) if wanted >> number & 1]


def encode_block(frames: Iterable[tuple[int, bytes]]) -> Iterator[bytes]:
    """The frames of a partial page (T.4 Annex A): numbered data, then three returns to control."""
    for number, data in frames:
        yield bytes((ADDRESS, MORE, Frame.FCD.octet(False), number)) + data
    yield from (bytes((ADDRESS, MORE, Frame.RCP.octet(False))),) * 3


def encode_number(text: str) -> bytes:
    """A telephone number or subaddress: twenty characters, the last one first."""
    return text[:20].rjust(20).encode("ascii", "replace")[::-1]


def decode_number(fif: bytes) -> str:
    """Whatever a peer put there, as twenty printable characters at most."""
    text = fif[:20][::-1].decode("latin-1")
    return "".join(character if " " <= character <= "~" else "?" for character in text).strip()
