"""The rules as data: one row a vendor. What is not public stands in no row.

A form is one letter a character: L letter, D digit, H hexadecimal digit, X letter or digit.
A field is a part of the serial that means something: (first, last) character, counted from 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Span = tuple[int, int]


class Strength(StrEnum):
    """What a serial that breaks the form says."""

    STRICT = "strict"
    """It is none of this vendor's."""
    SAMPLE = "sample"
    """Nothing: the form is known from one public sample only."""
    NONE = "none"
    """There is no public rule."""


@dataclass(frozen=True, slots=True)
class VendorRule:
    key: str
    name: str
    source: str
    """Where the rule, or that there is none, can be read."""
    owners: tuple[str, ...]
    """How the names begin under which the IEEE lists the vendor's MACs: lower case, letters and digits only."""
    models: tuple[str, ...]
    """How its model names begin: upper case, letters and digits only."""
    strength: Strength = Strength.NONE
    form: str = ""
    words: str = ""
    """The form in words, after "a serial has"."""
    fields: Mapping[str, Span] = field(default_factory=dict)
    """year and week of production, mac (the whole MAC), mac_tail (its end)."""
    year_0: int = 0
    """The year that the field's 00 stands for."""
    distinctive: bool = False
    """Whether the form alone tells the vendor."""
    kin: tuple[str, ...] = ()
    """Vendors whose MACs and models are found on this one's adapters too."""
    good: tuple[str, ...] = ()
    bad: tuple[str, ...] = ()


VENDORS: tuple[VendorRule, ...] = (
    VendorRule(
        key="cisco",
        name="Cisco",
        source="Cisco's serial number format AAAYYWWXXXX, with published SPA and ATA samples",
        owners=("ciscosystems", "ciscospvtg"),
        models=("CISCO", "SPA", "ATA1"),
        strength=Strength.STRICT,
        form="LLLDDDDXXXX",
        words="11 characters: 3 letters, 2 digits for the year, 2 for the week, 4 letters or digits",
        fields={"year": (3, 4), "week": (5, 6)},
        year_0=1996,
        distinctive=True,
        kin=("linksys",),
        good=("CBT141100HR", "FCH2443D9R4", "SAD08300D4W", "JAE2445044T"),
        bad=("CBT145400HR", "CBT140000HR", "CBT14110HR", "CB2141100HR", "CBT99110AHR"),
    ),
    VendorRule(
        key="patton",
        name="Patton",
        source="Patton SmartNode: the serial is the MAC, as in its User-Agent",
        owners=("pattonelectronics",),
        models=("PATTON", "SMARTNODE", "SN4", "SN5"),
        strength=Strength.STRICT,
        form="HHHHHHHHHHHH",
        words="the 12 hexadecimal digits of its MAC",
        fields={"mac": (0, 11)},
        distinctive=True,
        good=("00A0BA08933C",),
        bad=("00A0BA08933", "00A0BA08933G", "000B8208933C"),
    ),
    VendorRule(
        key="linksys",
        name="Linksys",
        source="published Linksys samples, as in the User-Agent of SPA and PAP2 adapters",
        owners=("ciscolinksys", "thelinksys", "linksys"),
        models=("LINKSYS", "SPA", "PAP2"),
        strength=Strength.STRICT,
        form="XXXXXXXXXXXX",
        words="12 letters or digits",
        kin=("cisco",),
        good=("88019FA42805", "4MM00F903042"),
        bad=("88019FA4280", "88019FA428051"),
    ),
    VendorRule(
        key="grandstream",
        name="Grandstream",
        source="one public sample, 22EAU1NL5126494A with the MAC C0:74:AD:26:49:4A",
        owners=("grandstreamnetworks",),
        models=("GRANDSTREAM", "HT5", "HT7", "HT8", "GXW", "GXP"),
        strength=Strength.SAMPLE,
        form="XXXXXXXXXXHHHHHH",
        words="16 letters or digits, the last 6 those of the MAC",
        fields={"mac_tail": (10, 15)},
        good=("22EAU1NL5126494A",),
        bad=("22EAU1NL512649", "22EAU1NL51264XYZ"),
    ),
    VendorRule(
        key="audiocodes",
        name="AudioCodes",
        source="one public example of 8 digits",
        owners=("audiocodes",),
        models=("AUDIOCODES", "MP1", "MP2", "MEDIANT"),
        strength=Strength.SAMPLE,
        form="DDDDDDDD",
        words="8 digits",
        good=("12345678",),
        bad=("1234567", "1234567X"),
    ),
    VendorRule(
        key="yealink",
        name="Yealink",
        source="no public rule",
        owners=("yealink", "xiamenyealink"),
        models=("YEALINK", "SIPT"),
    ),
    VendorRule(
        key="obihai",
        name="Obihai, Poly",
        source="no public rule",
        owners=("obihai", "polycom"),
        models=("OBI", "POLY", "VVX", "SOUNDPOINT"),
    ),
    VendorRule(
        key="innovaphone",
        name="innovaphone",
        source="no public rule",
        owners=("innovaphone",),
        models=("INNOVAPHONE",),
    ),
)

USER_AGENTS: tuple[tuple[str, str], ...] = (
    ("cisco", r"^Cisco/(?P<model>[A-Z]+-?[0-9]+[A-Z0-9]*)\S* ?\((?P<mac>[0-9A-Fa-f]{12})\) ?\((?P<serial>[^()]+)\)"),
    ("cisco", r"^Cisco/(?P<model>[A-Z]+-?[0-9]+[A-Z0-9]*)\S* ?\((?P<serial>[^()]+)\)$"),
    ("cisco", r"^Cisco/(?P<model>[A-Z]+-?[0-9]+[A-Z0-9]*)"),
    ("linksys", r"^Linksys/(?P<model>[A-Z]+[0-9]*-?[0-9]*[A-Z0-9]*)-\S* ?\((?P<serial>[^()]+)\)$"),
    ("linksys", r"^Linksys/(?P<model>[A-Z]+[0-9]*-?[0-9]*[A-Z0-9]*)"),
    ("grandstream", r"^Grandstream (?P<model>[A-Z]+[-0-9A-Z]*)(?: [^ ]+)*? \(?(?P<mac>[0-9A-Fa-f]{12})\)?$"),
    ("grandstream", r"^Grandstream (?P<model>[A-Z]+[-0-9A-Z]*)"),
    ("patton", r"^SmartNode \(Model:(?P<model>[^;]+); *Serial:(?P<serial>[^;]+);"),
    ("yealink", r"^Yealink (?P<model>SIP-[-0-9A-Z]+) [0-9.]+ (?P<mac>[0-9A-Fa-f:]{12,17})$"),
    ("yealink", r"^Yealink (?P<model>SIP-[-0-9A-Z]+)"),
)
"""How User-Agents are read: the vendor, and an expression with its parts by name; the first that fits is taken."""

USER_AGENT_EXAMPLES: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "Cisco/SPA508G-7.4.4 (0002FDFF1234)(CBT141100HR)",
        {"vendor": "Cisco", "model": "SPA508G", "mac": "0002FDFF1234", "serial": "CBT141100HR"},
    ),
    ("Cisco/ATA191-MPP-11-2-4 (FCH2443D9R4)", {"vendor": "Cisco", "model": "ATA191", "serial": "FCH2443D9R4"}),
    ("Linksys/SPA-942-6.1.5(a) (88019FA42805)", {"vendor": "Linksys", "model": "SPA-942", "serial": "88019FA42805"}),
    ("Grandstream HT802 1.0.17.5 C074AD26494A", {"vendor": "Grandstream", "model": "HT802", "mac": "C074AD26494A"}),
    (
        "SmartNode (Model:SN4112/JS/EUI; Serial:00A0BA08933C; Software Version:R6.9)",
        {"vendor": "Patton", "model": "SN4112/JS/EUI", "serial": "00A0BA08933C"},
    ),
    ("Yealink SIP-T42S 66.84.0.10 805ec0123456", {"vendor": "Yealink", "model": "SIP-T42S", "mac": "805ec0123456"}),
)

CHARACTERS: Mapping[str, str] = {
    "L": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "D": "0123456789",
    "H": "0123456789ABCDEF",
    "X": "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
}
CHARACTER_WORDS: Mapping[str, str] = {
    "L": "a letter",
    "D": "a digit",
    "H": "a hexadecimal digit",
    "X": "a letter or digit",
}
LOOKALIKES: Mapping[str, str] = {"O": "0", "0": "O", "I": "1", "1": "I"}

BY_KEY: Mapping[str, VendorRule] = {rule.key: rule for rule in VENDORS}
