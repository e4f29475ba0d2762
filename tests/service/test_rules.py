"""The rules alone: numbers, fax accounts, licences, caller IDs, retention."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.service.accounts import rules
from rig.service.accounts.devices import PlainDevices, check_device, plain_serial
from rig.service.accounts.model import (
    NO_CALLER_ID,
    Domain,
    Handling,
    Kind,
    Licence,
    Method,
    Number,
    Numbering,
    Role,
    Treatment,
    User,
)
from rig.service.accounts.numbering import dialled
from rig.service.accounts.passwords import Passwords, digest, new_token
from rig.service.errors import AccountError, HipaaError, InvalidError, LicenceError, NumberError
from tests.service.bench import FAST_HASHER


def a_user(name: str = "anna", kind: Kind = Kind.USER, mail: str = "anna@example.com") -> User:
    return User(2, 7, 3, kind, Role.USER, name, f"{name}@acme", mail, Licence.UC, True, "", 0)


def a_domain(keep: int = 365, bin_days: int = 14) -> Domain:
    return Domain(7, 3, "acme", False, Numbering.US, 5, 1, 1, 1, False, keep, bin_days, 0)


# numbers


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("13055550123", "13055550123"),
        ("1 (305) 555-0123", "13055550123"),
        ("+1 305.555.0123", "13055550123"),
        ("1‑305‑555‑0123", "13055550123"),
        ("011 49 7031 1234", "0114970311234"),
        ("+49 (0)7031 / 12-34", "0114970311234"),
    ],
)
def test_us_numbers(written, read):
    assert dialled(written, Numbering.US) == read


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "empty"),
        ("call me", "not a fax number"),
        ("305 555 0123", "lacks the 1"),
        ("201", "3 digits"),
        ("0049 7031 1234", "begins with 00"),
        ("011", "no number abroad"),
        ("011 0 7031 1234", "no number abroad"),
        ("1 005 555 0123", "area code"),
        ("130555501234", "12 digits"),
        ("+1 305 555", "7 digits"),
        ("1305555012３", "not a fax number"),
        ("1305555012\x00", "not a fax number"),
    ],
)
def test_what_is_no_us_number(written, says):
    with pytest.raises(NumberError, match=says) as caught:
        dialled(written, Numbering.US)
    assert "011" in caught.value.remedy


@given(st.text(max_size=20))
def test_any_text_is_a_number_or_a_refusal(text):
    for numbering in Numbering:
        try:
            assert dialled(text, numbering).lstrip("+").isdigit()
        except NumberError as error:
            assert error.detail and error.remedy  # noqa: PT017, PT018


# max fax numbers


@given(st.none() | st.integers(0, 20), st.integers(0, 20))
def test_there_is_room_exactly_below_the_limit(most, used):
    if most is None or used < most:
        rules.check_room(most, used)
    else:
        with pytest.raises(AccountError, match="disabled" if most == 0 else "at most"):
            rules.check_room(most, used)


def test_one_number_fits_where_one_may_be():
    rules.check_room(1, 0)


# fax accounts


def test_what_fits_together():
    rules.check_account(a_user(), {Method.ATA}, Handling.MAIL_ATTACHMENT, "Cisco ATA 191", "FCH2443D9R4", False)
    rules.check_account(a_user(mail=""), {Method.PORTAL}, Handling.PORTAL, "", "", True)


@pytest.mark.parametrize(
    ("owner", "methods", "handling", "device", "says"),
    [
        (a_user(), set(), Handling.PORTAL, "", "no method"),
        (a_user(mail=""), {Method.PORTAL}, Handling.MAIL_LINK, "", "no mail address"),
        (a_user(mail=""), {Method.MAIL}, Handling.PORTAL, "", "no mail address"),
        (a_user(), {Method.ATA}, Handling.PORTAL, "", "needs a device"),
        (a_user(), {Method.PORTAL}, Handling.PORTAL, "Cisco ATA 191", "not enabled"),
    ],
)
def test_what_does_not_fit_together(owner, methods, handling, device, says):
    with pytest.raises(InvalidError, match=says) as caught:
        rules.check_account(owner, methods, handling, device, "", False)
    assert caught.value.remedy


@given(
    st.sets(st.sampled_from(Method), min_size=1),
    st.sampled_from(Handling),
    st.sampled_from(Kind),
)
def test_hipaa_allows_the_portal_of_one_person_and_nothing_else(methods, handling, kind):
    owner = a_user(kind=kind)
    device = ("Cisco ATA 191", "X1234") if Method.ATA in methods else ("", "")
    fine = methods == {Method.PORTAL} and handling is Handling.PORTAL and kind is not Kind.GROUP
    if fine:
        rules.check_account(owner, methods, handling, *device, True)
    else:
        with pytest.raises(HipaaError, match="HIPAA mode refuses"):
            rules.check_account(owner, methods, handling, *device, True)
    rules.check_account(owner, methods, handling, *device, False)


def test_hipaa_wants_one_recipient():
    rules.check_recipients(1, True)
    rules.check_recipients(5, False)
    for count, hipaa in ((2, True), (0, False)):
        with pytest.raises(AccountError):
            rules.check_recipients(count, hipaa)


def test_devices():
    assert plain_serial("fch-24 43:d9r4") == "FCH2443D9R4"
    check_device(PlainDevices(), "Cisco ATA 191", "FCH2443D9R4")

    class Strict(PlainDevices):
        def complaint(self, model: str, serial: str) -> str:
            return "it lacks a week"

    for devices, model, serial, says in (
        (PlainDevices(), "Toaster", "FCH2443D9R4", "no supported ATA"),
        (PlainDevices(), "Cisco ATA 191", "A/B", "no serial number"),
        (Strict(), "Cisco ATA 191", "FCH2443D9R4", "lacks a week"),
    ):
        with pytest.raises(InvalidError, match=says):
            check_device(devices, model, serial)


# licences


def test_licences():
    rules.check_licences_left("fax", 2, 1, "acme")
    rules.check_licences_left("fax", None, 1000, "acme")
    with pytest.raises(LicenceError, match="2 of 2"):
        rules.check_licences_left("fax", 2, 2, "acme")


# caller ID

NUMBERS = [
    Number(1, 7, "13055550101", Treatment.AVAILABLE, None),
    Number(2, 7, "13055550102", Treatment.USER, 2),
    Number(3, 7, "13055550103", Treatment.FAX, 9),
    Number(4, 7, "13055550104", Treatment.USER, 5),
    Number(5, 7, "13055550105", Treatment.OTHER, None),
]


def test_caller_ids():
    assert rules.caller_ids(2, {9}, NUMBERS) == ["13055550102", "13055550103", "13055550101"]
    assert rules.chosen_caller_id("", 2, {9}, NUMBERS) == "13055550102"
    assert rules.chosen_caller_id("", 3, {9}, NUMBERS) == NO_CALLER_ID
    assert rules.chosen_caller_id("13055550103", 3, {9}, NUMBERS) == "13055550103"
    assert rules.chosen_caller_id("", 3, set(), NUMBERS) == NO_CALLER_ID
    assert rules.chosen_caller_id("13055550101", 3, set(), NUMBERS) == "13055550101"
    assert rules.caller_ids(3, set(), NUMBERS[1:]) == [NO_CALLER_ID]
    for taken in ("13055550104", "13055550105", "19995550199"):
        with pytest.raises(InvalidError, match="cannot be your caller ID"):
            rules.chosen_caller_id(taken, 2, {9}, NUMBERS)


# retention


@given(st.integers(1, 3650), st.integers(1, 365), st.integers(0, 10**17), st.none() | st.integers(0, 10**16))
def test_a_fax_goes_at_the_earlier_of_both_dates(keep, bin_days, created, later):
    domain = a_domain(keep, bin_days)
    deleted = None if later is None else created + later
    gone = rules.purge_at(created, deleted, domain)
    assert gone <= created + rules.days(keep)
    if deleted is None:
        assert gone == created + rules.days(keep)
    else:
        assert gone <= deleted + rules.days(bin_days)
        assert gone in (created + rules.days(keep), deleted + rules.days(bin_days))


@pytest.mark.parametrize("days", [0, -1, 40_000])
def test_days_are_days(days):
    with pytest.raises(InvalidError):
        rules.check_days("Retention", days)


# passwords


def test_passwords_and_tokens():
    passwords = Passwords(FAST_HASHER)
    kept = passwords.hashed("correct horse")
    assert kept.startswith("$argon2id$")
    assert passwords.fits("correct horse", kept)
    for wrong, against in (("wrong horse!", kept), ("correct horse", ""), ("correct horse", "no hash"), ("", kept)):
        assert not passwords.fits(wrong, against)
    for bad in ("short", "x" * 257):
        with pytest.raises(InvalidError, match="characters"):
            passwords.hashed(bad)
    assert new_token() != new_token()
    assert digest("a") != digest("b")
