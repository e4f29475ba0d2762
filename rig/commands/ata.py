"""`rig ata`: whether an adapter's serial number, MAC, model and the rest fit together."""

import json as json_text
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from rig.identity.model import Judgement
    from rig.identity.shell import CheckedFile

app = typer.Typer(
    help="Adapters: serial number, MAC, model and what they show, held against each other.", no_args_is_help=True
)

FINE, INCONSISTENT, USAGE, NOTHING = 0, 1, 2, 3
SHOWN = 20
"""How many lines of a list are shown; the result files have them all."""

Json = Annotated[bool, typer.Option("--json", help="JSON alone on stdout.")]
Mac = Annotated[str, typer.Option("--mac", help="The MAC on the label.")]
Model = Annotated[str, typer.Option("--model", help="The model on the label.")]
SerialOption = Annotated[str, typer.Option("--serial", help="The serial number on the label.")]
Vendor = Annotated[str, typer.Option("--vendor", help="The vendor, where the serial number does not tell.")]
Hardware = Annotated[
    Path | None, typer.Option("--hardware", help="What stands on the bench. Default: hardware.yaml here, else ours.")
]


@app.command()
def check(
    serial: Annotated[str, typer.Argument(help="The serial number, as it stands on the label.")] = "",
    mac: Mac = "",
    model: Model = "",
    vendor: Vendor = "",
    date: Annotated[str, typer.Option("--date", help="Production date: 2020-11-03, 2020-11, 2020-W45 or 2020.")] = "",
    user_agent: Annotated[str, typer.Option("--user-agent", help="What the adapter calls itself in SIP.")] = "",
    web_page: Annotated[Path | None, typer.Option("--web-page", help="The adapter's saved web page.")] = None,
    console: Annotated[Path | None, typer.Option("--console", help="Saved text of its console.")] = None,
    inform: Annotated[Path | None, typer.Option("--inform", help="A saved TR-069 Inform.")] = None,
    account: Annotated[str, typer.Option("--account", help="The serial number in the fax account.")] = "",
    csv: Annotated[Path | None, typer.Option("--csv", help="A list with a column “serial” instead of one.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Name of the result, written as CSV and XLSX.")] = None,
    json: Json = False,
) -> None:
    """Check one adapter, or a list of them.

    valid: a rule and a second source agree. plausible: only the form was checked. inconsistent: something disagrees.
    unknown: there is no public rule.

    Exit code: 0 nothing inconsistent, 1 something inconsistent, 2 wrong use, 3 nothing could be checked.
    """
    from rig.identity import shell
    from rig.identity.judge import judge
    from rig.identity.model import ACCOUNT, CONSOLE, INFORM, WEB_PAGE, Reading, ReadingError
    from rig.identity.texts import of_user_agent

    single = any((serial.strip(), mac, model, vendor, date, user_agent, web_page, console, inform, account))
    if bool(csv) == single:
        _refuse("give a serial number, or a list with --csv" if not csv else "a list with --csv stands alone")
    try:
        if csv:
            raise typer.Exit(_list(shell.check_list(csv, out), json))
        readings = [Reading(serial=serial, mac=mac, model=model, vendor=vendor, date=date)]
        readings += [of_user_agent(user_agent)] if user_agent else []
        files = ((WEB_PAGE, web_page), (CONSOLE, console), (INFORM, inform))
        readings += [shell.text_reading(source, path) for source, path in files if path]
        readings += [Reading(ACCOUNT, serial=account)] if account else []
        judgement = judge([reading for reading in readings if reading.says_something], shell.today())
    except (shell.UsageError, ReadingError) as error:
        _refuse(error)
    if not judgement.given:
        _refuse("no serial number to check: give one")
    _tell([judgement.as_json()], json)
    raise typer.Exit(_code([judgement]))


@app.command()
def scan(
    photos: Annotated[list[Path], typer.Argument(help="Photos of labels: JPEG, PNG or WebP.")], json: Json = False
) -> None:
    """Read the codes of labels in photos (Code 128, QR, Data Matrix), and check what they say.

    Exit code: 0 nothing inconsistent, 1 something inconsistent, 2 wrong use, 3 no photo could be read.
    """
    from rig.identity import shell

    scanned = [shell.scan(path) for path in photos]
    judged = [one for one in scanned if one.judgement]
    errors = [one.as_json() for one in scanned if not one.judgement]
    for error in errors:
        sys.stderr.write(_clean(f"rig ata: {error['photo']}: {error['error']}\n"))
    _tell([one.as_json() for one in judged], json, errors=errors)
    raise typer.Exit(_code([one.judgement for one in judged if one.judgement]))


@app.command()
def live(
    device: Annotated[str, typer.Argument(help="An ATA of hardware.yaml.")],
    serial: SerialOption = "",
    mac: Mac = "",
    model: Model = "",
    hardware: Hardware = None,
    json: Json = False,
) -> None:
    """Ask an ATA on the bench what it is, and hold that against its label.

    Exit code: 0 nothing inconsistent, 1 something inconsistent, 2 wrong use, 3 the device cannot be asked.
    """
    from rig.errors import RigError
    from rig.identity import shell
    from rig.identity.model import Reading, ReadingError

    label: Reading = Reading(serial=serial, mac=mac, model=model)
    try:
        said, judgement = shell.ask(hardware, device, label)
    except shell.SkipError as reason:
        if json:
            _tell([], json, skipped=[{"device": device, "reason": str(reason)}])
        sys.stderr.write(f"SKIP  {reason}\n")
        raise typer.Exit(NOTHING) from None
    except (RigError, ReadingError, shell.UsageError) as error:
        _refuse(error)
    _tell([{"device": device, "user_agent": said, **judgement.as_json()}], json)
    raise typer.Exit(_code([judgement]))


@app.command()
def serve(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, help="Where the page is; 0 takes a free one.")
    ] = 8090,
    host: Annotated[str, typer.Option("--host", help="0.0.0.0 lets phones in.")] = "127.0.0.1",
    certificate: Annotated[
        Path | None, typer.Option("--certificate", help="PEM; phones need it for the camera.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option("--key", help="The certificate's key, when it is in a file of its own.")
    ] = None,
) -> None:
    """Serve the page for the phone: type, scan or photograph a label, see the verdict, keep a list. Until Ctrl-C."""
    from rig.identity import shell

    try:
        shell.serve(host, port, certificate, key)
    except shell.UsageError as error:
        _refuse(error)


# -- output ------------------------------------------------------------------------------------------------------------


def _refuse(error: object) -> NoReturn:
    sys.stderr.write(_clean(f"rig ata: {error}\n"))
    raise typer.Exit(USAGE)


def _code(judgements: "Iterable[Judgement]") -> int:
    verdicts = [judgement.verdict.value for judgement in judgements]
    return NOTHING if not verdicts else INCONSISTENT if "inconsistent" in verdicts else FINE


def _tell(rows: list[dict[str, Any]], json: bool, **more: Any) -> None:
    if json:
        extra = {name: value for name, value in more.items() if value}
        sys.stdout.write(json_text.dumps({"rows": rows, **extra}, indent=1, ensure_ascii=False) + "\n")
        return
    for row in rows:
        sys.stdout.write(_clean(_block(row)))


def _block(row: dict[str, Any]) -> str:
    """What is wrong in one line; below it all the evidence."""
    place = f"{row['photo']}: " if "photo" in row else f"{row['device']}: " if "device" in row else ""
    vendor = f" ({row['vendor']})" if row["vendor"] else ""
    lines = [f"{place}{row['serial'] or 'no serial number'}{vendor}: {row['verdict'].upper()}: {row['reason']}"]
    lines += [f"  {code['kind']:<11}  {code['text']}" for code in row.get("codes", ())]
    if "user_agent" in row:
        lines.append(f"  User-Agent   {row['user_agent']}")
    lines += [f"  {each['effect']:<9}  {each['source']}: {each['text']}" for each in row["evidence"]]
    return "\n".join(lines) + "\n"


def _list(done: "CheckedFile", json: bool) -> int:
    checked, files = done.checked, [str(path) for path in done.files]
    for error in checked.errors:
        sys.stderr.write(_clean(f"rig ata: {error}\n"))
    if json:
        rows = [row.as_json() for row in checked.rows if row.judgement]
        errors = [{"line": error.line, "text": error.text} for error in checked.errors]
        _tell(rows, json, errors=errors, files=files)
        return _code(checked.judgements)
    for row in [row for row in checked.rows if row.judgement and row.judgement.verdict.value == "inconsistent"][:SHOWN]:
        assert row.judgement
        sys.stdout.write(_clean(f"line {row.line}: {row.judgement.serial}: INCONSISTENT: {row.judgement.reason}\n"))
    for row in checked.doubles[:SHOWN]:
        sys.stdout.write(f"line {row.line}: the same serial is in line {row.same_as}\n")
    sys.stdout.write(_summary(done) + "".join(f"{_clean(name)}\n" for name in files))
    return _code(checked.judgements)


def _summary(done: "CheckedFile") -> str:
    from rig.identity.model import Verdict

    counts = [f"{done.checked.count(verdict)} {verdict.value}" for verdict in Verdict]
    rest = [(len(done.checked.errors), "with an error"), (len(done.checked.doubles), "twice in the list")]
    counts += [f"{count} {words}" for count, words in rest if count]
    return f"{len(done.checked.rows)} rows: {', '.join(counts)}\n"


def _clean(text: str) -> str:
    from rig.report.text import printable

    return printable(text)
