"""Numbers, fax accounts, users, groups, licences, interfaces: what is done with them and what is refused."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware_sim.clock import seconds
from rig.service.accounts.access import OPERATOR
from rig.service.accounts.model import Domain, FaxAccount, Handling, Kind, Licence, Method, Role, Treatment, User
from rig.service.accounts.numbers import Wanted
from rig.service.accounts.people import SESSION, Changes, NewUser
from rig.service.errors import (
    AccountError,
    ForbiddenError,
    HipaaError,
    InvalidError,
    LicenceError,
    ServiceError,
    SignInError,
    UnknownError,
)
from rig.service.store import Store
from tests.service.bureau import PASSWORD, Bureau

FIRST = "13055550100"
ATA = {"methods": frozenset({Method.ATA}), "device_type": "Cisco ATA 191", "serial": "FCH2443D9R4"}


@pytest.fixture(scope="module")
def one_bureau() -> Iterator[Bureau]:
    store = Store()
    yield Bureau(store)
    store.close()


@pytest.fixture
def bureau(one_bureau: Bureau) -> Bureau:
    return one_bureau.again()


def refused(bureau: Bureau, kind: type[ServiceError], says: str, *args: object, **named: object) -> None:
    with pytest.raises(kind, match=says) as caught:
        bureau.account(*args, **named)
    assert caught.value.remedy


# fax accounts


def test_a_fax_account_takes_its_number_and_gives_it_back(bureau):
    shown = bureau.account("anna", "+1 305 555 0100", handling=Handling.MAIL_LINK)
    assert (shown.number.digits, shown.number.treatment, shown.number.user_id) == (FIRST, "fax", shown.owner.id)
    assert (shown.owner.name, shown.missing) == ("anna", "")
    refused(bureau, AccountError, "not available .*“fax”", "ben", FIRST)
    with bureau.office.at(bureau.now) as clerks:
        clerks.numbers.remove_account(OPERATOR, 2, shown.account.id)
    assert bureau.used() == (0, 0)
    again = bureau.account("ben", FIRST)
    assert again.account.id != shown.account.id


def test_where_at_most_one_number_may_be_one_is(bureau):
    bureau.change_domain("acme", max_fax_numbers=1)
    bureau.account("anna", FIRST)
    refused(bureau, AccountError, "1 of at most 1", "ben", "13055550101")
    with pytest.raises(AccountError, match="delete 1"):
        bureau.change_domain("acme", max_fax_numbers=0)


def test_where_fax_numbers_are_disabled_none_is(bureau):
    bureau.change_domain("acme", max_fax_numbers=0)
    refused(bureau, AccountError, "disabled", "anna", FIRST)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.sampled_from(["add", "drop", "limit"]), st.integers(0, 4)), max_size=15))
def test_there_are_never_more_accounts_than_may_be(one_bureau, steps):
    bureau = one_bureau.again()
    for step, value in steps:
        try:
            with bureau.office.at(bureau.now) as clerks:
                if step == "add":
                    clerks.numbers.add_account(OPERATOR, 2, Wanted(str(int(FIRST) + value), "anna"))
                elif step == "drop":
                    clerks.numbers.remove_account(OPERATOR, 2, value + 1)
                else:
                    clerks.plant.change_domain(OPERATOR, 2, max_fax_numbers=value)
        except ServiceError:
            pass
        with bureau.office.at(bureau.now) as clerks:
            most = clerks.book.get(Domain, 2).max_fax_numbers
        accounts, numbers = bureau.used()
        assert accounts == numbers
        assert most is None or accounts <= most


def test_which_numbers_can_be_chosen(bureau):
    refused(bureau, UnknownError, "not in the inventory", "anna", "13055550200")
    refused(bureau, ServiceError, "lacks the 1", "anna", "305 555 0100")
    with bureau.office.at(bureau.now) as clerks:
        number = clerks.numbers.numbers(OPERATOR, 2)[0]
        clerks.numbers.treat(OPERATOR, 2, number.id, Treatment.USER, "ben")
    refused(bureau, AccountError, "not available", "anna", FIRST)
    with bureau.office.at(bureau.now) as clerks, pytest.raises(AccountError, match="fax accounts alone"):
        clerks.numbers.treat(OPERATOR, 2, number.id, Treatment.FAX)


def test_an_ata_has_a_device_type_and_a_serial_of_its_own(bureau):
    shown = bureau.account("anna", FIRST, **{**ATA, "serial": "fch-2443 d9r4"})
    assert shown.account.serial == "FCH2443D9R4"
    refused(bureau, AccountError, "belongs to another", "ben", "13055550101", **ATA)
    refused(bureau, AccountError, "belongs to another", "bea", "13055550200", "max", "bond", **ATA)
    refused(bureau, InvalidError, "no supported ATA", "ben", "13055550101", **{**ATA, "device_type": "Toaster"})
    with bureau.office.at(bureau.now) as clerks:
        wanted = Wanted(FIRST, "anna", **ATA)
        assert clerks.numbers.change_account(OPERATOR, 2, shown.account.id, wanted).account.serial == "FCH2443D9R4"


def test_whoever_knows_more_of_serials_is_asked(bureau):
    class Strict:
        def models(self) -> tuple[str, ...]:
            return ("Cisco ATA 191",)

        def complaint(self, model: str, serial: str) -> str:
            return "week 43 was not yet" if serial.startswith("FCH") else ""

    bureau.office.devices = Strict()
    refused(bureau, InvalidError, "does not fit a Cisco ATA 191: week 43", "anna", FIRST, **ATA)
    bureau.account("anna", FIRST, **{**ATA, "serial": "AAA12345678"})


def test_an_account_whose_owner_has_no_licence_says_so(bureau):
    with bureau.office.at(bureau.now) as clerks:
        clerks.people.change(OPERATOR, 2, bureau.users["anna"].id, Changes(licence=Licence.NONE))
    assert "anna has no UC or fax licence" in bureau.account("anna", FIRST).missing


# HIPAA


def test_hipaa_of_an_account(bureau):
    bureau.account("anna", FIRST, hipaa=True)
    refused(bureau, HipaaError, "group's box", "sales", "13055550101", hipaa=True)
    refused(bureau, HipaaError, "attached", "ben", "13055550101", hipaa=True, handling=Handling.MAIL_ATTACHMENT)
    refused(bureau, HipaaError, "ATA", "ben", "13055550101", hipaa=True, **ATA)


def test_hipaa_of_a_domain(bureau):
    shown = bureau.account("anna", FIRST, handling=Handling.MAIL_LINK)
    with pytest.raises(HipaaError, match="the account of anna"):
        bureau.change_domain("acme", hipaa=True)
    with bureau.office.at(bureau.now) as clerks:
        clerks.numbers.change_account(OPERATOR, 2, shown.account.id, Wanted(FIRST, "anna"))
    bureau.change_domain("acme", hipaa=True)
    refused(bureau, HipaaError, "group", "sales", "13055550101")


# users, groups, licences


def test_a_group_gets_its_licence_when_it_is_made(bureau):
    assert bureau.users["sales"].licence is Licence.FAX
    bureau.change_domain("bond", fax_licences=0)
    with bureau.office.at(bureau.now) as clerks, pytest.raises(LicenceError, match="No fax licence is left for bond"):
        clerks.people.add(bureau.asker_in(clerks, "max"), 3, NewUser("team", Kind.GROUP))


def test_licences_are_counted(bureau):
    with bureau.office.at(bureau.now) as clerks:
        assert clerks.people.licences(bureau.domains["acme"]) == {"uc": (3, 10), "fax": (1, 10)}
    with pytest.raises(AccountError, match="3 uc licences"):
        bureau.change_domain("acme", uc_licences=2)
    bureau.change_domain("acme", uc_licences=3)
    with bureau.office.at(bureau.now) as clerks:
        with pytest.raises(LicenceError, match="3 of 3"):
            clerks.people.add(OPERATOR, 2, NewUser("carl", licence=Licence.UC))
        clerks.people.change(OPERATOR, 2, bureau.users["ben"].id, Changes(active=False))
        clerks.people.add(OPERATOR, 2, NewUser("carl", licence=Licence.UC))


@pytest.mark.parametrize(
    ("new", "says"),
    [
        (NewUser("fax", Kind.FAX_ONLY), "mail address"),
        (NewUser("anna"), "already"),
        (NewUser("ANNA"), "already"),
        (NewUser("a b"), "cannot be a name"),
        (NewUser("x", mail="a@b\nBcc: c@d"), "no mail address"),
        (NewUser("x", role=Role.RESELLER), "cannot be a reseller"),
        (NewUser("x", Kind.FAX_ONLY, Role.MANAGER, "a@b.example"), "cannot be an office manager"),
        (NewUser("x", password="short"), "characters"),
    ],
)
def test_users_that_cannot_be(bureau, new, says):
    with bureau.office.at(bureau.now) as clerks, pytest.raises(AccountError, match=says) as caught:
        clerks.people.add(OPERATOR, 2, new)
    assert caught.value.remedy


def test_members_are_users_of_the_domain(bureau):
    group = bureau.users["sales"].id
    with bureau.office.at(bureau.now) as clerks:
        assert [user.name for user in clerks.people.set_members(OPERATOR, 2, group, ["ben", "ben", "anna"])] == [
            "anna",
            "ben",
        ]
        for names, says in ((["bea"], "no user"), (["bea@bond"], "no user"), (["sales"], "group itself")):
            with pytest.raises(AccountError, match=says):
                clerks.people.set_members(OPERATOR, 2, group, names)


def test_somebody_who_owns_numbers_is_not_switched_off(bureau):
    bureau.account("anna", FIRST)
    with bureau.office.at(bureau.now) as clerks, pytest.raises(AccountError, match="routed to anna"):
        clerks.people.change(OPERATOR, 2, bureau.users["anna"].id, Changes(active=False))


def test_a_mail_address_that_an_account_needs_stays(bureau):
    bureau.account("anna", FIRST, handling=Handling.MAIL_LINK)
    with bureau.office.at(bureau.now) as clerks, pytest.raises(InvalidError, match="no mail address"):
        clerks.people.change(OPERATOR, 2, bureau.users["anna"].id, Changes(mail=""))


def test_nobody_saws_at_the_own_branch(bureau):
    me = bureau.users["manu"].id
    for changes in (Changes(role=Role.USER), Changes(active=False)):
        with bureau.office.at(bureau.now) as clerks, pytest.raises(ForbiddenError):
            clerks.people.change(bureau.asker_in(clerks, "manu"), 2, me, changes)


# signing in


def test_signing_in(bureau):
    with bureau.office.at(bureau.now) as clerks:
        token, kept = clerks.people.sign_in(" Anna@ACME ", PASSWORD)
        assert clerks.asker(token).who == "anna@acme"
        for login, password in (("anna@acme", "wrong horse!"), ("nobody@acme", PASSWORD), ("sales@acme", "")):
            with pytest.raises(SignInError, match="do not belong together"):
                clerks.people.sign_in(login, password)
    assert kept.expires_at == bureau.now + SESSION
    with bureau.office.at(bureau.now + SESSION) as clerks, pytest.raises(SignInError, match="no longer valid"):
        clerks.asker(token)


def test_a_new_password_ends_sessions_and_switching_off_ends_all(bureau):
    with bureau.office.at(bureau.now) as clerks:
        session, _ = clerks.people.sign_in("ben@acme", PASSWORD)
        clerks.people.change(OPERATOR, 2, bureau.users["ben"].id, Changes(password="another horse"))
        with pytest.raises(SignInError):
            clerks.asker(session)
        assert clerks.asker(bureau.tokens["ben"]).who == "ben@acme"
        clerks.people.change(OPERATOR, 2, bureau.users["ben"].id, Changes(active=False))
        for attempt in (lambda: clerks.asker(bureau.tokens["ben"]), lambda: clerks.people.sign_in("ben@acme", "x")):
            with pytest.raises(SignInError):
                attempt()


def test_no_secret_lies_in_the_database_in_the_clear(bureau):
    with bureau.office.at(bureau.now) as clerks:
        connection = clerks.book.connection.connection.dbapi_connection
        kept = "\n".join(connection.iterdump())
    assert PASSWORD not in kept
    assert not any(token in kept for token in bureau.tokens.values())


# import


def import_list(bureau: Bureau, text: str, dry_run: bool = False):
    with bureau.office.at(bureau.now) as clerks:
        return clerks.import_accounts(bureau.asker_in(clerks, "manu"), 2, text.encode(), dry_run)


GOOD = (
    "number,user,mail,methods,handling,device,serial\n"
    "1 305 555 0100,anna,,mail portal,mail with attachment,,\n"
    "+13055550101,lab,lab@acme.example,ata,mail with link,Cisco ATA 191,FCH2443D9R4\n\n"
    "13055550102,sales,,,,,\n"
)


def test_an_import_adds_all(bureau):
    tried = import_list(bureau, GOOD, dry_run=True)
    assert (tried.accounts, tried.fax_only_users, tried.added, tried.errors) == (3, 1, False, ())
    assert bureau.used() == (0, 0)
    done = import_list(bureau, "\ufeff" + GOOD.replace(",", ";"))
    assert (done.accounts, done.fax_only_users, done.added) == (3, 1, True)
    assert bureau.used() == (3, 3)
    with bureau.office.at(bureau.now) as clerks:
        lab = clerks.people.named(bureau.domains["acme"], "lab")
        assert (lab.kind, lab.mail, lab.licence) == (Kind.FAX_ONLY, "lab@acme.example", Licence.FAX)


def test_an_import_names_every_bad_line_and_adds_nothing(bureau):
    bad = GOOD + (
        "13055550103,anna,,ata,,Cisco ATA 191,FCH2443D9R4\n13055550100,ben,,,,,\n13055550104,nobody,,,,,\n"
        "13055550104,ben,,pigeon,,,\n13055550104,ben,,,,,,,,\n,ben,,,,,\n13055550104,ben,,,maybe,,\n"
    )
    done = import_list(bureau, bad)
    assert [error.line for error in done.errors] == [6, 7, 8, 9, 10, 11, 12]
    said = ("another fax acc", "not avail", "no user", "pigeon", "more cells", "no number", "maybe")
    for error, says in zip(done.errors, said, strict=True):
        assert says in error.text
    assert (done.added, bureau.used()) == (False, (0, 0))
    with bureau.office.at(bureau.now) as clerks, pytest.raises(UnknownError):
        clerks.people.named(bureau.domains["acme"], "lab")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "lacks number"),
        ("number,name\n", "lacks user"),
        ("number,user,colour\n", "unknown or double"),
        ("number,user,user\n", "unknown or double"),
        ('number,user\n"1305,anna\n', "no CSV"),
    ],
)
def test_lists_that_are_none(bureau, text, says):
    with pytest.raises(InvalidError, match=says):
        import_list(bureau, text)
    assert bureau.used() == (0, 0)


LINES = st.lists(
    st.tuples(st.integers(0, 6), st.sampled_from(["anna", "ben", "nobody"]), st.sampled_from(["portal", "fly"])),
    max_size=6,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(LINES, st.none() | st.integers(0, 5), st.booleans())
def test_an_import_is_all_or_nothing(one_bureau, lines, most, dry_run):
    bureau = one_bureau.again()
    bureau.change_domain("acme", max_fax_numbers=most)
    text = "number,user,methods\n" + "".join(f"{int(FIRST) + number},{user},{way}\n" for number, user, way in lines)
    done = import_list(bureau, text, dry_run)
    assert len(done.errors) + done.accounts == len(lines)
    assert bureau.used() == ((len(lines),) * 2 if done.added else (0, 0))
    assert done.added is (not dry_run and not done.errors)
    fine = len({number for number, _, _ in lines}) == len(lines) and (most is None or len(lines) <= most)
    fine = fine and all(number < 5 and user != "nobody" and way == "portal" for number, user, way in lines)
    assert fine is (not done.errors)


# interfaces


def test_interfaces_are_found_registered_configured(bureau):
    with bureau.office.at(bureau.now) as clerks:
        manu, max_ = bureau.asker_in(clerks, "manu"), bureau.asker_in(clerks, "max")
        shared = clerks.plant.found("fi", "127.0.0.1:1", 1, shared=True)
        one = clerks.plant.found("fi", "127.0.0.1:2", 1, shared=False)
        two = clerks.plant.found("fi", "127.0.0.1:3", 1, shared=False)
        assert clerks.plant.found("other", "127.0.0.1:2", 4, shared=True) == one
        assert [each.name for each in (shared, one, two)] == ["fi", "fi-2", "fi-3"]
        with pytest.raises(AccountError, match="not registered"):
            clerks.plant.configure(manu, 2, one.id, name="front")
        clerks.plant.register(manu, 2, one.id)
        with pytest.raises(LicenceError, match="No port licence is left for acme"):
            clerks.plant.register(manu, 2, two.id)
        with pytest.raises(UnknownError):
            clerks.plant.register(max_, 3, one.id)
        with pytest.raises(UnknownError):
            clerks.plant.register(manu, 2, shared.id)
        assert [each.id for each in clerks.plant.interfaces(manu, 2)] == [one.id, two.id]
        changed = clerks.plant.configure(manu, 2, one.id, name="front", channels=4)
        assert (changed.id, changed.name, changed.channels) == (one.id, "front", 4)
        for wrong in ({"name": "fi"}, {"channels": 0}, {"name": "a b"}):
            with pytest.raises(AccountError):
                clerks.plant.configure(manu, 2, one.id, **wrong)
        clerks.plant.unregister(manu, 2, one.id)
        assert clerks.plant.register(max_, 3, one.id).domain_id == 3


def test_settings_of_a_domain(bureau):
    for wrong in ({"max_fax_numbers": -1}, {"keep_days": 0}, {"colour": 1}, {"keep_deleted_days": 10**6}):
        with pytest.raises(InvalidError):
            bureau.change_domain("acme", **wrong)
    with bureau.office.at(bureau.now) as clerks:
        manu = bureau.asker_in(clerks, "manu")
        assert clerks.plant.change_domain(manu, 2, keep_days=30).keep_days == 30
        with pytest.raises(ForbiddenError):
            clerks.plant.change_domain(manu, 2, max_fax_numbers=None)
        log = clerks.audit_log(manu, 2)
        assert (log[0].who, log[0].action, log[0].text) == ("manu@acme", "domain changed", "keep_days 30")


def test_the_last_use_of_a_token_is_known_by_the_minute(bureau):
    for later in (0, 1, 61):
        with bureau.office.at(bureau.now + seconds(later)) as clerks:
            asker = clerks.asker(bureau.tokens["anna"])
            (token,) = clerks.people.tokens(asker)
            assert token.used_at == bureau.now + seconds(later // 60 * 61)


def test_accounts_hold_together(bureau):
    bureau.account("anna", FIRST)
    with bureau.office.at(bureau.now) as clerks:
        assert clerks.book.count(FaxAccount) == 1
        assert clerks.book.count(User, domain_id=2) == 4
