"""The tester's own table of T.30 frames and of the bits of DIS and DCS.

It shares nothing with the firmware under test: octets here are spelled first bit sent leftmost, as the recommendation
prints them, so that one mistake cannot hide in both. Source of the codes: standards tables (tshark and libspandsp
agree on each row).
"""

from dataclasses import dataclass

ADDRESS = 0xFF
MORE, FINAL = 0xC0, 0xC8

FIXED = {
    "DIS": 0x01, "CSI": 0x02, "NSF": 0x04,
    "DTC": 0x81, "CIG": 0x82, "NSC": 0x84, "PWD": 0x83, "SEP": 0x85, "PSA": 0x86, "CIA": 0x87, "ISP": 0x88,
}  # fmt: skip
"""Frames whose code has no X bit."""
WITH_X = {
    "DCS": 0x41, "TSI": 0x42, "NSS": 0x44, "SUB": 0x43, "SID": 0x45, "TSA": 0x46, "IRA": 0x47, "CTC": 0x48,
    "CFR": 0x21, "FTT": 0x22, "CTR": 0x23, "CSA": 0x24,
    "EOM": 0x71, "MPS": 0x72, "EOP": 0x74, "EOS": 0x78, "PRI-EOM": 0x79, "PRI-MPS": 0x7A, "PRI-EOP": 0x7C,
    "PPS": 0x7D, "EOR": 0x73, "RR": 0x76,
    "MCF": 0x31, "RTP": 0x33, "RTN": 0x32, "PIP": 0x35, "PIN": 0x34, "PID": 0x36, "RNR": 0x37, "PPR": 0x3D,
    "ERR": 0x38, "FDM": 0x3F, "DCN": 0x5F, "CRP": 0x58, "FNV": 0x53, "TNR": 0x57, "TR": 0x56,
}  # fmt: skip
"""Frames whose code begins with X: 1 from the station that received a DIS, 0 from the one that sent it."""
NULL = 0x00
FCD, RCP = 0x60, 0x61
NAMES = {
    **{code: name for name, code in FIXED.items()},
    **{code | x: name for name, code in WITH_X.items() for x in (0, 0x80)},
}

RATES = {
    "V.17 14400": "0001", "V.17 12000": "0101", "V.17 9600": "1001", "V.17 7200": "1101",
    "V.29 9600": "1000", "V.29 7200": "1100", "V.27ter 4800": "0100", "V.27ter 2400": "0000",
}  # fmt: skip
"""Bits 11 to 14 of a DCS; fastest first within a modem."""
OFFERS = {
    "0000": ("V.27ter 2400",),
    "0100": ("V.27ter 4800", "V.27ter 2400"),
    "1000": ("V.29 9600", "V.29 7200"),
    "1100": ("V.29 9600", "V.29 7200", "V.27ter 4800", "V.27ter 2400"),
    "1101": tuple(RATES),
}
"""Bits 11 to 14 of a DIS."""
SCAN_MS = {
    "000": (20, 20), "001": (40, 40), "010": (10, 10), "100": (5, 5), "011": (10, 5), "110": (20, 10),
    "101": (40, 20), "111": (0, 0),
}  # fmt: skip
"""Bits 21 to 23 of a DIS: shortest row at standard and at fine resolution."""
DCS_SCAN = {20: "000", 40: "001", 10: "010", 5: "100", 0: "111"}

CAN_RECEIVE, FINE, MR, ECM, FRAMES_64, T6, READY_TO_SEND = 10, 15, 16, 27, 28, 31, 9
T85 = 78


def turned(octets: bytes) -> bytes:
    """Each octet with its bits in the other order."""
    return bytes(int(f"{octet:08b}"[::-1], 2) for octet in octets)


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame as it came. *octets* has address, control, code and field; *good* says whether its FCS was right."""

    octets: bytes
    good: bool = True
    start: int = 0
    end: int = 0
    flags_before: int = 0

    @property
    def name(self) -> str:
        if not self.good:
            return "bad frame"
        if len(self.octets) < 3 or self.octets[0] != ADDRESS or self.octets[1] not in (MORE, FINAL):
            return f"no frame of T.30 ({self.octets[:3].hex(' ')})"
        return NAMES.get(self.octets[2], f"unknown frame {self.octets[2]:#04x}")

    @property
    def final(self) -> bool:
        return len(self.octets) > 1 and self.octets[1] == FINAL

    @property
    def fif(self) -> bytes:
        return self.octets[3:]

    @property
    def text(self) -> str:
        """The name, with what follows of a PPS or EOR: "PPS-EOP"."""
        if self.name in ("PPS", "EOR") and self.fif:
            return f"{self.name}-{'NULL' if self.fif[0] == NULL else NAMES.get(self.fif[0], hex(self.fif[0]))}"
        return self.name


def frame(name: str, fif: bytes = b"", *, x: bool, final: bool = True) -> bytes:
    """A frame without FCS."""
    code = FIXED[name] if name in FIXED else WITH_X[name] | (0x80 if x else 0)
    return bytes((ADDRESS, FINAL if final else MORE, code)) + fif


# -- information fields ------------------------------------------------------------------------------------------------


def bits(fif: bytes, first: int, count: int = 1) -> str:
    """Bits *first* to *first + count - 1* as printed; missing octets are zeros."""
    text = "".join(f"{octet:08b}" for octet in fif)
    return text[first - 1 : first - 1 + count].ljust(count, "0")


def is_set(fif: bytes, bit: int) -> bool:
    return bits(fif, bit) == "1"


def field(settings: dict[int, str], octets: int = 0) -> bytes:
    """A DIS or DCS with these bits (first bit: its bits as printed), and extension bits where an octet follows."""
    last = max([24, *(first + len(text) - 1 for first, text in settings.items())])
    row = ["0"] * max(8 * octets, -(-last // 8) * 8)
    for first, text in settings.items():
        row[first - 1 : first - 1 + len(text)] = list(text)
    for extend in range(24, len(row), 8):
        row[extend - 1] = "1"
    return bytes(int("".join(row[at : at + 8]), 2) for at in range(0, len(row), 8))


def number(text: str) -> bytes:
    """Twenty characters, the last first, each with its least significant bit first."""
    return turned(text[:20].rjust(20).encode("ascii")[::-1])


def number_text(fif: bytes) -> str:
    return turned(fif)[::-1].decode("latin-1").strip()


def pps(then: str, page: int, block: int, frames: int, *, x: bool) -> bytes:
    """The field of a PPS."""
    code = NULL if then == "NULL" else WITH_X[then] | (0x80 if x else 0)
    return bytes((code,)) + turned(bytes((page % 256, block % 256, frames - 1)))


def ppr(wanted: set[int]) -> bytes:
    """A map of 256 frames, the bit of frame 0 first; a one asks for the frame again."""
    return bytes(sum(0x80 >> k for k in range(8) if 8 * octet + k in wanted) for octet in range(32))


def ppr_frames(fif: bytes) -> set[int]:
    return {8 * octet + k for octet, value in enumerate(fif[:32]) for k in range(8) if value & 0x80 >> k}
