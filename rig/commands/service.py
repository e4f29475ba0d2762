"""`rig service`: users, domains and numbers of the fax service, imports, backup, at the machine itself."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rig.service.accounts.model import Domain
    from rig.service.accounts.office import Clerks

app = typer.Typer(help="The fax service: resellers, domains, users, numbers, imports, backup.", no_args_is_help=True)
domain_app = typer.Typer(help="Domains.", no_args_is_help=True)
user_app = typer.Typer(help="Users, fax-only users, groups, tokens.", no_args_is_help=True)
app.add_typer(domain_app, name="domain")
app.add_typer(user_app, name="user")

WRONG_LINES, USAGE = 1, 2

Data = Annotated[Path, typer.Option("--data", help="The folder of the service.")]
Maximum = Annotated[str, typer.Option("--max-fax-numbers", help="disabled, a number from 1, or unlimited.")]
Uc = Annotated[int | None, typer.Option("--uc", min=0, help="UC licences of the domain.")]
Fax = Annotated[int | None, typer.Option("--fax", min=0, help="Fax licences of the domain.")]
Port = Annotated[int | None, typer.Option("--port", min=0, help="Port licences, one per fax interface.")]
Hipaa = Annotated[bool | None, typer.Option("--hipaa/--no-hipaa", help="Portal only, no groups, one recipient.")]
Numbers = Annotated[str, typer.Option("--numbering", help="us: 11 digits or 011...; plain: any digits.")]
STATE = Path("state")


class Devices:
    """ATAs and their serial numbers for ``python -m rig.service.shell http --devices rig.commands.service:Devices``."""

    def models(self) -> Sequence[str]:
        from rig.service.accounts.devices import PlainDevices

        return PlainDevices.MODELS

    def complaint(self, model: str, serial: str) -> str:
        from rig.identity.judge import judge
        from rig.identity.model import Reading, Verdict
        from rig.identity.shell import today

        judgement = judge([Reading(serial=serial, model=model)], today())
        return judgement.reason if judgement.verdict is Verdict.INCONSISTENT else ""


@domain_app.command("add")
def add_domain(
    name: Annotated[str, typer.Argument(help="Its name, as after the @ of its users.")],
    reseller: Annotated[str, typer.Option("--reseller", help="Whose it is; made when new.")] = "bench",
    max_fax_numbers: Maximum = "unlimited",
    uc: Uc = 0,
    fax: Fax = 0,
    port: Port = 0,
    hipaa: Hipaa = None,
    numbering: Numbers = "us",
    data: Data = STATE,
) -> None:
    """Add a domain."""
    from rig.service.accounts.access import OPERATOR
    from rig.service.accounts.model import Reseller

    with _desk(data, create=True) as clerks:
        found = clerks.book.find(Reseller, name=reseller)
        owner = found[0] if found else clerks.plant.add_reseller(OPERATOR, reseller)
        settings = _settings(max_fax_numbers, uc, fax, port, hipaa, numbering)
        domain = clerks.plant.add_domain(OPERATOR, name, owner.id, **settings)
        _say(f"domain {domain.name} of {owner.name}")


@domain_app.command("set")
def set_domain(
    name: Annotated[str, typer.Argument(help="Its name; “bench” is the one that is always there.")],
    max_fax_numbers: Maximum = "",
    uc: Uc = None,
    fax: Fax = None,
    port: Port = None,
    hipaa: Hipaa = None,
    numbering: Numbers = "",
    is_open: Annotated[
        bool | None, typer.Option("--open/--closed", help="The bench alone: whether it answers without a token.")
    ] = None,
    data: Data = STATE,
) -> None:
    """Change a domain."""
    from rig.service.accounts.access import OPERATOR
    from rig.service.errors import InvalidError

    with _desk(data) as clerks:
        domain = _domain(clerks, name)
        if is_open is not None:
            if domain.name != "bench":
                raise InvalidError("Only the domain bench can be open", "leave out --open and --closed")
            clerks.plant.open_bench(OPERATOR, is_open)
        settings = _settings(max_fax_numbers, uc, fax, port, hipaa, numbering)
        if settings:
            clerks.plant.change_domain(OPERATOR, domain.id, **settings)
        _say(f"domain {domain.name} changed")


@domain_app.command("list")
def list_domains(data: Data = STATE) -> None:
    """Show all domains."""
    from rig.service.accounts.access import OPERATOR
    from rig.service.accounts.model import FaxAccount

    with _desk(data) as clerks:
        for domain in clerks.plant.domains(OPERATOR):
            most = "unlimited" if domain.max_fax_numbers is None else domain.max_fax_numbers or "disabled"
            used = clerks.book.count(FaxAccount, domain_id=domain.id)
            pools = clerks.people.licences(domain)
            licences = ", ".join(
                f"{kind} {n} of {'unlimited' if of is None else of}" for kind, (n, of) in pools.items()
            )
            mode = ", HIPAA" if domain.hipaa else ", open" if domain.open else ""
            _say(f"{domain.name}: {used} fax numbers of {most}; licences {licences}{mode}")


@domain_app.command("numbers")
def add_numbers(
    name: Annotated[str, typer.Argument(help="The domain.")],
    digits: Annotated[list[str], typer.Argument(help="Numbers for its inventory.")],
    data: Data = STATE,
) -> None:
    """Add numbers to the inventory of a domain: all of them, or none."""
    from rig.service.accounts.access import OPERATOR

    with _desk(data) as clerks:
        domain = _domain(clerks, name)
        for one in digits:
            clerks.numbers.add_number(OPERATOR, domain.id, one)
        _say(f"{len(digits)} numbers added to {domain.name}")


@user_app.command("add")
def add_user(
    login: Annotated[str, typer.Argument(help="name@domain; with --reseller the name alone.")],
    role: Annotated[str, typer.Option("--role", help="user or manager.")] = "user",
    kind: Annotated[str, typer.Option("--kind", help="user, fax-only user, or group.")] = "user",
    mail: Annotated[str, typer.Option("--mail", help="Mail address.")] = "",
    licence: Annotated[str, typer.Option("--licence", help="uc, fax, or nothing.")] = "",
    reseller: Annotated[str, typer.Option("--reseller", help="Make it a user of this reseller.")] = "",
    password: Annotated[bool, typer.Option("--password", help="Read a password from stdin.")] = False,
    data: Data = STATE,
) -> None:
    """Add a user. A group gets its licence by itself."""
    from rig.service.accounts.access import OPERATOR
    from rig.service.accounts.model import Kind, Licence, Reseller, Role
    from rig.service.accounts.people import NewUser
    from rig.service.errors import UnknownError

    secret = sys.stdin.readline().rstrip("\n") if password else ""
    name, _, domain = login.partition("@")
    with _desk(data) as clerks:
        if reseller:
            found = clerks.book.find(Reseller, name=reseller)
            if not found:
                raise UnknownError(f"There is no reseller {reseller}", "add a domain of it first")
            user = clerks.people.add_reseller_user(OPERATOR, found[0].id, login, mail, secret)
        else:
            words = _word(Kind, kind), _word(Role, role), mail, _word(Licence, licence), secret
            user = clerks.people.add(OPERATOR, _domain(clerks, domain).id, NewUser(name, *words))
        _say(f"{user.kind} {user.login}")


@user_app.command("token")
def add_token(
    login: Annotated[str, typer.Argument(help="name@domain, or the name of a reseller's user.")],
    name: Annotated[str, typer.Option("--name", help="What it is for.")] = "made by the operator",
    data: Data = STATE,
) -> None:
    """Make a token for the API and print it, this once."""
    from rig.service.accounts.access import OPERATOR
    from rig.service.accounts.model import User
    from rig.service.errors import UnknownError

    with _desk(data) as clerks:
        found = clerks.book.find(User, login=login.lower())
        if not found:
            raise UnknownError(f"There is no user {login}", "see `rig service user list`")
        _say(clerks.people.token_for(OPERATOR, found[0], name)[0])


@user_app.command("list")
def list_users(domain: Annotated[str, typer.Argument(help="The domain.")], data: Data = STATE) -> None:
    """Show the users of a domain."""
    from rig.service.accounts.access import OPERATOR

    with _desk(data) as clerks:
        for user in clerks.people.users(OPERATOR, _domain(clerks, domain).id):
            state = "" if user.active else ", switched off"
            _say(f"{user.login}: {user.kind}, {user.role}, licence {user.licence or 'none'}, {user.mail or '-'}{state}")


@app.command("import")
def import_accounts(
    domain: Annotated[str, typer.Argument(help="The domain.")],
    file: Annotated[Path, typer.Argument(help="CSV with the columns number and user, and more.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look.")] = False,
    data: Data = STATE,
) -> None:
    """Add fax accounts from a list: all of them, or none.

    Columns: number, user, mail, methods, handling, device, serial, hipaa, manager. Exit code: 1 when lines are wrong.
    """
    from rig.service.accounts.access import OPERATOR
    from rig.service.errors import InvalidError

    with _desk(data) as clerks:
        try:
            text = file.read_bytes()
        except OSError as error:
            raise InvalidError(f"{file} cannot be read ({error.strerror})", "give a file that is there") from error
        done = clerks.import_accounts(OPERATOR, _domain(clerks, domain).id, text, dry_run)
    for wrong in done.errors:
        sys.stderr.write(f"{file}:{wrong.line}: {wrong.text}\n")
    what = "added" if done.added else "to add" if not done.errors else "fine, none added"
    _say(f"{done.accounts} fax accounts {what}, {done.fax_only_users} fax-only users, {len(done.errors)} errors")
    raise typer.Exit(WRONG_LINES if done.errors else 0)


@app.command()
def backup(archive: Annotated[Path, typer.Argument(help="The file to write.")], data: Data = STATE) -> None:
    """Write the database and its documents into one file, while the service runs."""
    from rig.service.accounts.shell import backup as write

    with _refusals():
        _say(f"{write(data, archive)} documents in {archive}")


@app.command()
def restore(archive: Annotated[Path, typer.Argument(help="A file that backup wrote.")], data: Data = STATE) -> None:
    """Take a backup into an empty folder."""
    from rig.service.accounts.shell import restore as read

    with _refusals():
        _say(f"{read(archive, data)} documents in {data}")


# -- small things ------------------------------------------------------------------------------------------------------


@contextmanager
def _refusals() -> Iterator[None]:
    from rig.service.errors import ServiceError

    try:
        yield
    except ServiceError as error:
        sys.stderr.write(f"rig service: {error}\n")
        raise typer.Exit(USAGE) from None


@contextmanager
def _desk(data: Path, create: bool = False) -> Iterator["Clerks"]:
    from rig.service.accounts.shell import at_the_desk

    with _refusals(), at_the_desk(data, create) as clerks:
        yield clerks


def _domain(clerks: "Clerks", name: str) -> "Domain":
    from rig.service.accounts.model import Domain
    from rig.service.errors import UnknownError

    found = clerks.book.find(Domain, name=name.lower())
    if not found:
        raise UnknownError(f"There is no domain “{name}”", "see `rig service domain list`")
    return found[0]


def _settings(
    most: str, uc: int | None, fax: int | None, port: int | None, hipaa: bool | None, numbering: str
) -> dict[str, Any]:
    from rig.service.accounts.model import Numbering
    from rig.service.errors import InvalidError

    pools = {"uc_licences": uc, "fax_licences": fax, "port_licences": port, "hipaa": hipaa}
    settings: dict[str, Any] = {name: value for name, value in pools.items() if value is not None}
    if numbering:
        settings["numbering"] = _word(Numbering, numbering)
    if most:
        words = {"disabled": 0, "unlimited": None}
        if most not in words and not most.isdigit():
            raise InvalidError(f"Max Fax Numbers cannot be “{most}”", "give disabled, a number from 1, or unlimited")
        settings["max_fax_numbers"] = words[most] if most in words else int(most)
    return settings


def _word(kind: Any, word: str) -> Any:
    from rig.service.errors import InvalidError

    try:
        return kind(word)
    except ValueError:
        choices = ", ".join(one.value for one in kind if one.value)
        raise InvalidError(f"“{word}” is not among the choices", f"choose from: {choices}") from None


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
