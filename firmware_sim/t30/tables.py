"""DIS, DTC and DCS to the last octet (T.30 Table 2), each bit declared beside its number."""

from enum import Enum

from firmware_sim.t30.bits import Bit, Bits, Number, Table

WIDTHS_MM = (215, 255, 303)
"""A4, B4, A3."""
LENGTHS_MM = {"A4": 297, "B4": 364, "unlimited": 1 << 30}


class Rate(Enum):
    """A modem at a rate, and bits 11 to 14 of the DCS that commands it. In the order in which a sender falls back."""

    V17_14400 = "V.17", 14400, "0001"
    V17_12000 = "V.17", 12000, "0101"
    V17_9600 = "V.17", 9600, "1001"
    V29_9600 = "V.29", 9600, "1000"
    V17_7200 = "V.17", 7200, "1101"
    V29_7200 = "V.29", 7200, "1100"
    V27TER_4800 = "V.27ter", 4800, "0100"
    V27TER_2400 = "V.27ter", 2400, "0000"

    def __init__(self, modem: str, bps: int, bits: str) -> None:
        self.modem, self.bps, self.bits = modem, bps, bits

    def __str__(self) -> str:
        return f"{self.modem} {self.bps}"


class Modems(Enum):
    """The modems that a DIS offers, and bits 11 to 14 that say so."""

    V27TER_2400_ONLY = "0000"
    V27TER = "0100"
    V29 = "1000"
    V27TER_V29 = "1100"
    V27TER_V29_V17 = "1101"

    @property
    def rates(self) -> frozenset[Rate]:
        if self is Modems.V27TER_2400_ONLY:
            return frozenset({Rate.V27TER_2400})
        return frozenset(rate for rate in Rate if rate.modem.replace(".", "").upper() in self.name.split("_"))


class Grid(Enum):
    """A resolution: the bit that says it, pixels across paper of 215, 255 and 303 mm, rows to a millimetre."""

    STANDARD = "", (1728, 2048, 2432), 3.85
    FINE = "fine", (1728, 2048, 2432), 7.7
    SUPERFINE = "superfine", (1728, 2048, 2432), 15.4
    DPI_300 = "dpi_300", (2592, 3072, 3648), 300 / 25.4
    DPI_400 = "dpi_400", (3456, 4096, 4864), 400 / 25.4

    def __init__(self, bit: str, widths_px: tuple[int, int, int], rows_per_mm: float) -> None:
        self.bit, self.rows_per_mm = bit, rows_per_mm
        self.widths_px = dict(zip(WIDTHS_MM, widths_px, strict=True))


SCAN_TIMES_MS = {  # at 3.85 and at 7.7 rows to a millimetre
    "000": (20, 20),
    "001": (40, 40),
    "010": (10, 10),
    "100": (5, 5),
    "011": (10, 5),
    "110": (20, 10),
    "101": (40, 20),
    "111": (0, 0),
}


class _Common(Table):
    """The bits that mean much the same offered and chosen."""

    internet_simple = Bit(1)
    internet_realtime = Bit(3)
    mobile = Bit(4)
    receives = Bit(10)
    fine = Bit(15, binds=True)
    two_dimensional = Bit(16, binds=True)
    uncompressed = Bit(26, binds=True)
    ecm = Bit(27, binds=True)
    t6 = Bit(31, binds=True)
    fnv = Bit(33)
    t43 = Bit(36, binds=True)
    plane_interleave = Bit(37, binds=True)
    voice_g726 = Bit(38, binds=True)
    superfine = Bit(41, binds=True)
    dpi_300 = Bit(42, binds=True)
    dpi_400 = Bit(43, binds=True)
    subaddress = Bit(49)
    binary_file = Bit(53, binds=True)
    document_transfer = Bit(54, binds=True)
    edi = Bit(55, binds=True)
    basic_transfer = Bit(57, binds=True)
    character_mode = Bit(60, binds=True)
    mixed_mode = Bit(62, binds=True)
    processable_mode = Bit(65)
    digital_network = Bit(66)
    duplex_line = Bit(67)
    jpeg = Bit(68, binds=True)
    colour = Bit(69, binds=True)
    twelve_bits = Bit(71, binds=True)
    no_subsampling = Bit(73, binds=True)
    custom_illuminant = Bit(74)
    custom_gamut = Bit(75)
    letter = Bit(76)
    legal = Bit(77)
    t85 = Bit(78, binds=True)
    t85_optional = Bit(79, binds=True)
    hkm = Bit(81)
    rsa = Bit(82)
    override = Bit(83)
    hfx40 = Bit(84, binds=True)
    cipher_2 = Bit(85, binds=True)
    cipher_3 = Bit(86, binds=True)
    hfx40_i = Bit(87)
    hash_2 = Bit(89)
    hash_3 = Bit(90)
    mixed_raster = Number(92, 3, binds=True)
    strip_as_page = Bit(95, binds=True)
    colour_300_400 = Bit(97, binds=True)
    colour_100 = Bit(98, binds=True)
    negotiates_file = Bit(99)
    internet_routing = Bit(102)
    dpi_600 = Bit(105, binds=True)
    dpi_1200 = Bit(106, binds=True)
    dpi_300_600 = Bit(107, binds=True)
    dpi_400_800 = Bit(108, binds=True)
    dpi_600_1200 = Bit(109, binds=True)
    colour_600 = Bit(110, binds=True)
    colour_1200 = Bit(111, binds=True)
    two_sided_alternate = Bit(113)
    two_sided_continuous = Bit(114)
    t45 = Bit(116, binds=True)
    shared_memory = Number(117, 2)
    t44_colour_space = Bit(119)
    flow_control = Bit(121)
    internet_aware = Bit(123)
    jbig2 = Number(124, 3, binds=True)
    sycc_jpeg = Bit(127, binds=True)


class Dis(_Common):
    """What a station can do: DIS, and DTC from one that polls."""

    v8 = Bit(6)
    prefers_64 = Bit(7)
    ready_to_send = Bit(9)
    modems = Bits(11, {modems.value: modems for modems in Modems})
    widths_mm = Bits(17, {"00": WIDTHS_MM[:1], "10": WIDTHS_MM[:2], "11": WIDTHS_MM, "01": WIDTHS_MM})
    length = Bits(19, {"00": "A4", "10": "B4", "01": "unlimited"})
    scan_times_ms = Bits(21, SCAN_TIMES_MS)
    multiple_polling = Bit(34)
    polled_subaddress = Bit(35)
    prefers_inch = Bit(44)
    prefers_metric = Bit(45)
    superfine_scan_halved = Bit(46)
    selective_polling = Bit(47)
    password = Bit(50)
    file_waits = Bit(51)
    characters_wait = Bit(59)
    negotiates_file_at_length = Bit(100)
    internet_polling = Bit(101)
    mixed_raster_black_white = Bit(115)
    large_k = Bit(122)

    def scan_time_ms(self, grid: Grid) -> int:
        """The least time that one row may take on this printer."""
        standard, fine = self.scan_times_ms or (20, 20)
        if grid in (Grid.SUPERFINE, Grid.DPI_400) and self.superfine_scan_halved:
            return max(5, fine // 2) if fine else 0
        return standard if grid is Grid.STANDARD else fine


class Dcs(_Common):
    """What the sender chose of it."""

    rate = Bits(11, {rate.bits: rate for rate in Rate})
    width_mm = Bits(17, {"00": 215, "10": 255, "01": 303})
    length = Bits(19, {"00": "A4", "10": "B4", "01": "unlimited"})
    scan_time_ms = Bits(21, {"000": 20, "001": 40, "010": 10, "100": 5, "111": 0})
    frames_of_64 = Bit(28)
    inch = Bit(44)
    sender_identification = Bit(50)
    preferred_huffman = Bit(70)

    @property
    def grid(self) -> Grid:
        return next((grid for grid in reversed(Grid) if grid.bit and getattr(self, grid.bit)), Grid.STANDARD)

    @property
    def width_px(self) -> int:
        return self.grid.widths_px[self.width_mm or WIDTHS_MM[0]]

    @property
    def coding(self) -> str:
        """The codec's name."""
        return "JBIG" if self.t85 else "MMR" if self.t6 else "MR" if self.two_dimensional else "MH"

    @property
    def min_row_bits(self) -> int:
        """How many bits a row with its EOL takes at least, so that it lasts the minimum scan line time."""
        return -(-(self.scan_time_ms or 0) * self.rate.bps // 1000) if self.rate else 0
