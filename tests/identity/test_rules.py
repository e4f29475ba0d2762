"""Each row's examples, and what the verdicts rest on."""

from datetime import date
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.identity.judge import judge
from rig.identity.mac import owner_of, vendor_of
from rig.identity.model import ACCOUNT, CONSOLE, USER_AGENT, WEB_PAGE, Effect, Reading, ReadingError, Verdict
from rig.identity.vendors import BY_KEY, CHARACTERS, VENDORS, Strength
from rig.identity.words import WORDS

TODAY = date(2026, 11, 25)
GOOD = [(rule, serial) for rule in VENDORS for serial in rule.good]
BAD = [(rule, serial) for rule in VENDORS for serial in rule.bad]


def said(*others: Reading, **label: str):
    return judge([Reading(**label), *others], TODAY)


def verdict(*others: Reading, **label: str) -> str:
    return said(*others, **label).verdict.value


@pytest.mark.parametrize(("rule", "serial"), GOOD, ids=[serial for _, serial in GOOD])
def test_a_good_example_alone_is_plausible(rule, serial):
    judged = said(serial=serial)
    assert (judged.verdict, judged.vendor, judged.serial) == (Verdict.PLAUSIBLE, rule.name, serial)


@pytest.mark.parametrize(("rule", "serial"), BAD, ids=[serial for _, serial in BAD])
def test_a_bad_example_is_wrong_only_where_the_rule_is_strong(rule, serial):
    expected = Verdict.INCONSISTENT if rule.strength is Strength.STRICT else Verdict.UNKNOWN
    assert said(serial=serial, vendor=rule.name).verdict is expected


@pytest.mark.parametrize("rule", VENDORS, ids=lambda rule: rule.key)
def test_a_row_is_complete(rule):
    assert rule.source
    assert (rule.strength is Strength.NONE) == (not rule.form)
    assert bool(rule.good) == bool(rule.form)
    assert set(rule.form) <= set(CHARACTERS)
    assert all(kin in BY_KEY for kin in rule.kin)


PUBLIC = {
    "cisco": "0002FD 8843E1",
    "linksys": "000E08",
    "grandstream": "000B82 C074AD EC74D7",
    "patton": "00A0BA",
    "audiocodes": "00908F 001719",
    "yealink": "001565 805EC0 805E0C 249AD8 44DBD2 C4FC22",
    "obihai": "9CADEF 64167F 0004F2",
    "innovaphone": "009033",
}


@pytest.mark.parametrize(("key", "oui"), [(key, oui) for key, ouis in PUBLIC.items() for oui in ouis.split()])
def test_the_owner_of_a_mac_leads_to_its_vendor(key, oui):
    assert vendor_of(owner_of(oui)) == key


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ({"serial": "FCH2443D9R4", "mac": "0002FD123456"}, "valid"),
        ({"serial": "FCH2443D9R4", "model": "ATA191"}, "valid"),
        ({"serial": "SAD08300D4W", "date": "2004-07"}, "valid"),
        ({"serial": "SAD08300D4W", "date": "2004-W32"}, "plausible"),
        ({"serial": "SAD08300D4W", "date": "2009"}, "inconsistent"),
        ({"serial": "FCH2443D9R4", "mac": "C0:74:AD:26:49:4A"}, "inconsistent"),
        ({"serial": "FCH2443D9R4", "model": "HT802"}, "inconsistent"),
        ({"serial": "FCH2443D9R4", "mac": "000E08123456"}, "plausible"),  # Cisco and Linksys share adapters
        ({"serial": "FCH2443D9R4", "mac": "0050C2123456"}, "plausible"),  # an owner that the IEEE does not name
        ({"serial": "FCH2443D9R4", "mac": "020000000001"}, "plausible"),  # set by software
        ({"serial": "FCH2443D9R4", "mac": "01005E000001"}, "inconsistent"),  # for groups
        ({"serial": "00A0BA08933C", "mac": "00-a0-ba-08-93-3c"}, "valid"),
        ({"serial": "00A0BA08933C", "mac": "00A0BA08933D"}, "inconsistent"),
        ({"serial": "000B8208933C", "vendor": "Patton"}, "inconsistent"),
        ({"serial": "000B8208933C"}, "unknown"),  # somebody's MAC, typed as a serial
        ({"serial": "88019FA42805", "mac": "000E08A42805"}, "valid"),
        ({"serial": "88019FA42805", "model": "PAP2T"}, "plausible"),  # too common a form to rest on a model's name
        ({"serial": "22EAU1NL5126494A", "mac": "C074AD26494A"}, "valid"),
        ({"serial": "22EAU1NL5126494A", "mac": "C074AD26494B"}, "plausible"),  # one sample: a warning only
        ({"serial": "ANYTHING", "mac": "C074AD26494A"}, "unknown"),
        ({"serial": "12345678", "mac": "00908F123456"}, "plausible"),
        ({"serial": "1234", "mac": "00908F123456"}, "unknown"),
        ({"serial": "3146018091637184", "mac": "001565123456"}, "unknown"),
        ({"serial": "12345678", "mac": "001565123456", "model": "ATA191"}, "inconsistent"),
        ({"serial": "12345678", "mac": "F01898123456"}, "unknown"),  # a maker of no adapters
        ({"serial": "FCH2443D9R4", "vendor": "Yealink"}, "inconsistent"),
        ({"serial": "FCH2443D9R4", "vendor": "Acme"}, "plausible"),
        ({"serial": "FCH2448D9R44", "vendor": "Cisco"}, "inconsistent"),
        ({"serial": "???"}, "unknown"),
    ],
)
def test_a_verdict(label, expected):
    judged = said(**label)
    assert judged.verdict.value == expected, judged
    assert judged.evidence


@pytest.mark.parametrize("source", [USER_AGENT, WEB_PAGE, CONSOLE, ACCOUNT])
def test_what_the_adapter_shows_confirms_or_contradicts_its_label(source):
    assert verdict(Reading(source, serial="fch2443d9r4"), serial="FCH2443D9R4") == "valid"
    other = said(Reading(source, serial="FCH2443D9R5"), serial="FCH2443D9R4")
    assert other.verdict is Verdict.INCONSISTENT
    assert other.reason == f"the {source} shows the serial FCH2443D9R5, not FCH2443D9R4"
    assert verdict(Reading(source, mac="0002FD123457"), serial="FCH2443D9R4", mac="0002FD123456") == "inconsistent"
    assert verdict(Reading(source, model="SPA112"), serial="FCH2443D9R4", model="ATA191") == "inconsistent"
    assert verdict(Reading(source, serial="8"), serial="7", mac="001565123456") == "inconsistent"  # without any rule
    assert verdict(Reading(source, serial="7"), serial="7", mac="001565123456") == "unknown"


@pytest.mark.parametrize(
    ("typed", "meant", "told"),
    [
        ("cbt141100hr", "CBT141100HR", "read as capital letters"),
        (" CBT 1411 00HR ", "CBT141100HR", "read without spaces"),
        ("CBT-1411-00HR", "CBT141100HR", "read without hyphens"),
        ("CBTI4I100HR", "CBT141100HR", "read I as 1 in character 4"),
        ("SAD08300D4W", "SAD08300D4W", ""),
        ("SADO8300D4W", "SAD08300D4W", "read O as 0 in character 4"),
        ("F0H2443D9R4", "FOH2443D9R4", "read 0 as O in character 2"),
        ("OOAOBAO8933C", "00A0BA08933C", "read O as 0 in character 1"),
    ],
)
def test_what_is_easily_confused_is_forgiven_and_said(typed, meant, told):
    judged = said(serial=typed)
    assert (judged.verdict, judged.serial, judged.given) == (Verdict.PLAUSIBLE, meant, typed.strip())
    assert not told or told in [evidence.text for evidence in judged.evidence]


@pytest.mark.parametrize("mac", ["0002FD12345", "0002FD12345G", "hello", "00:02:FD:12:34:56:78"])
def test_a_mac_that_is_none_is_an_error(mac):
    with pytest.raises(ReadingError, match="is not a MAC"):
        said(serial="FCH2443D9R4", mac=mac)


@pytest.mark.parametrize("text", ["2020-13", "2020-02-30", "2020-W54", "soon", "20", "1850", "2020-1-1-1", "9999"])
def test_a_date_that_is_none_is_an_error(text):
    with pytest.raises(ReadingError, match="is not a date"):
        said(serial="FCH2443D9R4", date=text)


@pytest.mark.parametrize(
    "text", ["2020-10-23", "23.10.2020", "2020-10", "10/2020", "10.2020", "2020-W43", "2020w43", "2020"]
)
def test_a_date_is_understood(text):
    assert verdict(serial="FCH2443D9R4", date=text) == "valid"


def test_a_serial_from_the_future_is_inconsistent_until_its_week_has_begun():
    before, on = date(2020, 10, 18), date(2020, 10, 19)
    assert judge([Reading(serial="FCH2443D9R4")], before).verdict is Verdict.INCONSISTENT
    assert judge([Reading(serial="FCH2443D9R4")], on).verdict is Verdict.PLAUSIBLE


def test_nothing_calls_an_adapter_genuine():
    words = " ".join(WORDS.values()).lower()
    assert not any(word in words for word in ("genuine", "authentic", "original", "counterfeit", "fake"))


def test_every_sentence_is_one_that_can_be_filled():
    for text in WORDS.values():
        assert all(name is None or name.isidentifier() for _, name, _, _ in Formatter().parse(text))


@given(st.text(max_size=30), st.sampled_from(["", "0002FD123456", "C074AD123456"]), st.text(max_size=12))
def test_any_text_has_a_verdict(serial, mac, model):
    judged = judge([Reading(serial=serial, mac=mac, model=model)], TODAY)
    effects = {evidence.effect for evidence in judged.evidence}
    assert (judged.verdict is Verdict.INCONSISTENT) == (Effect.DISAGREES in effects)
    assert judged.verdict is not Verdict.VALID or {Effect.FITS, Effect.AGREES} <= effects
    assert judged.reason
