"""What both judges, the Python one and the page's, are asked."""

from random import Random

from rig.identity.vendors import USER_AGENT_EXAMPLES, VENDORS

MACS = ("0002FD123456", "88:43:e1:12:34:56", "000E-0812-3456", "C0:74:AD:26:49:4A", "00A0BA08933C", "00908F123456")
MACS += ("001565123456", "64167F000001", "009033000001", "020000000001", "01005E000001", "OOO2FD12345I", "0050C2123456")
MODELS = (
    "ATA191",
    "SPA-942",
    "SPA112",
    "PAP2T",
    "HT802",
    "SN4112/JS",
    "MP-112",
    "SIP-T42S",
    "OBi200",
    "Cisco ATA191",
    "X1",
)
DATES = ("2010-03", "2010-W11", "15.3.2010", "2010", "03/2010", "2010-06-01", "2004-07-20", "2021-01-04")
SERIALS = tuple(serial for rule in VENDORS for serial in (*rule.good, *rule.bad))
SERIALS += ("cbt 1411-00hr", "CBT14I1OOHR", "OOAOBA08933C", "FCH2453D9R4", "FCH2953D9R4", "Ä1", "😀" * 11, "123", "")
SERIALS += ("001565123456", "22EAU1NL5126494a", "4MM00F9O3042", "I2345678", "C8T141100HR")


def cases(count: int = 1500) -> list[dict[str, str]]:
    """Fields by name, as a form or a list has them."""
    rng = Random("identity")
    found = [{"serial": serial} for serial in SERIALS]
    found += [{"serial": serial, "mac": mac} for serial in SERIALS for mac in MACS]
    found += [{"serial": serial, "model": model} for serial in SERIALS for model in MODELS]
    found += [{"serial": "CBT141100HR", "date": date} for date in (*DATES, "2010-02-30", "2010-13", "soon", "2010-W54")]
    found += [
        {"serial": parts["serial"], "user_agent": text} for text, parts in USER_AGENT_EXAMPLES if "serial" in parts
    ]
    return found + [_mixed(rng) for _ in range(count)]


def _mixed(rng: Random) -> dict[str, str]:
    choices = {
        "serial": SERIALS,
        "mac": (*MACS, "", "", "12345"),
        "model": (*MODELS, "", ""),
        "vendor": (*(rule.name for rule in VENDORS), "Cisco Systems", "Polycom", "Acme", "", "", "", ""),
        "date": (*DATES, "", "", "", ""),
        "user_agent": (*(text for text, _ in USER_AGENT_EXAMPLES), "faxrig", "", "", "", ""),
        "web_serial": (*SERIALS[:4], "", "", "", "", "", ""),
        "console_serial": (*SERIALS[:2], "CBT141IOOHR", "", "", "", ""),
        "account_serial": (*SERIALS[:2], "", "", "", "", ""),
    }
    return {name: text for name, texts in choices.items() if (text := rng.choice(texts))}
