"""Lists of adapters: a CSV with whatever columns it has in, the same with the verdicts out, as CSV and as XLSX."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from rig.identity import xlsx
from rig.identity.judge import judge
from rig.identity.model import ACCOUNT, CONSOLE, LABEL, WEB_PAGE, Judgement, Reading, ReadingError, Verdict
from rig.identity.serials import clean, folded
from rig.identity.texts import of_user_agent

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "serial": ("serial", "serialnumber", "serialno", "serialnr", "sn", "seriennummer", "snr"),
    "mac": ("mac", "macaddress", "macaddr", "macid", "macadresse", "ethernet"),
    "model": ("model", "modelname", "modelno", "product", "device", "devicetype", "type", "modell", "typ"),
    "vendor": ("vendor", "manufacturer", "maker", "brand", "hersteller"),
    "date": ("date", "productiondate", "mfgdate", "manufactured", "dateofmanufacture", "produktionsdatum"),
    "user_agent": ("useragent", "ua"),
    "web_serial": ("webserial", "webpageserial", "webpage"),
    "console_serial": ("consoleserial", "console"),
    "account_serial": ("accountserial", "faxaccountserial", "faxaccount", "account"),
}
"""How the header of each column may be written: only its letters and digits count."""
ADDED = ("serial read", "vendor by rule", "verdict", "reason", "evidence")
MOST_ROWS = 200_000


class TableError(ValueError):
    """The list as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class RowError:
    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Row:
    """*judgement* is None when the row could not be checked: *error* says why. *same_as* is the line of its double."""

    line: int
    cells: Sequence[str]
    judgement: Judgement | None
    error: str = ""
    same_as: int = 0

    def as_json(self) -> dict[str, Any]:
        base: dict[str, Any] = {"line": self.line}
        if self.judgement is None:
            return {**base, "error": self.error}
        double = {"same_as_line": self.same_as} if self.same_as else {}
        return {**base, **self.judgement.as_json(), **double}


@dataclass(frozen=True, slots=True)
class Checked:
    header: Sequence[str]
    rows: Sequence[Row] = field(default_factory=tuple)
    separator: str = ","

    @property
    def errors(self) -> list[RowError]:
        return [RowError(row.line, row.error) for row in self.rows if row.judgement is None]

    @property
    def judgements(self) -> list[Judgement]:
        return [row.judgement for row in self.rows if row.judgement is not None]

    @property
    def doubles(self) -> list[Row]:
        return [row for row in self.rows if row.same_as]

    def count(self, verdict: Verdict) -> int:
        return sum(judgement.verdict is verdict for judgement in self.judgements)


def decode(data: bytes) -> str:
    """UTF-8 or UTF-16 with their marks, UTF-8 without, else Windows-1252 as old spreadsheets write it."""
    if data.startswith(b"PK\x03\x04"):
        raise TableError("this is a spreadsheet, not a CSV: save it as CSV first")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def check(text: str, today: date) -> Checked:
    """Raises TableError when there is no header with a column for the serial."""
    lines = _Lines(text)
    header, columns = lines.header()
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for number, cells in lines.rows():
        if len(rows) == MOST_ROWS:
            raise TableError(f"more than {MOST_ROWS:,} rows: cut the list in parts")
        rows.append(_row(number, cells, columns, len(header), today, seen))
    return Checked(header, tuple(rows), lines.separator)


class _Lines:
    """The list's lines, with the number at which each begins."""

    def __init__(self, text: str) -> None:
        self._first = 1
        if re.match("sep=.\r?\n", text):
            text, self._first = text.partition("\n")[2], 2
        head = text.lstrip("\r\n").partition("\n")[0]
        self.separator = max(",;\t", key=head.count)
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=self.separator)
        self._iterator = self._numbered()

    def _numbered(self) -> Iterator[tuple[int, list[str]]]:
        while True:
            number = self._reader.line_num + self._first
            try:
                cells = next(self._reader, None)
            except csv.Error as error:
                raise TableError(f"line {number}: cannot be read as CSV ({error})") from None
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield number, cells

    def header(self) -> tuple[list[str], dict[str, int]]:
        _, cells = next(self._iterator, (0, []))
        columns: dict[str, int] = {}
        for place, cell in enumerate(cells):
            plain = "".join(character for character in cell.lower() if character.isalnum())
            for name, spellings in COLUMNS.items():
                if plain in spellings:
                    columns.setdefault(name, place)
        if "serial" not in columns:
            raise TableError("line 1: no column for the serial number: call one “serial”" if cells else "it is empty")
        return [cell.strip() for cell in cells], columns

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        return self._iterator


def _row(line: int, cells: list[str], columns: Mapping[str, int], width: int, today: date, seen: dict[str, int]) -> Row:
    if any(cell.strip() for cell in cells[width:]):
        return Row(line, cells, None, f"{len(cells)} cells under {width} headers: is a separator in a text?")
    value = {name: cells[place].strip() if place < len(cells) else "" for name, place in columns.items()}
    if not value["serial"]:
        return Row(line, cells, None, "no serial number")
    try:
        judgement = judge(readings(value), today)
    except ReadingError as error:
        return Row(line, cells, None, str(error))
    same_as = seen.setdefault(folded(clean(value["serial"]).text), line)
    return Row(line, cells, judgement, same_as=0 if same_as == line else same_as)


def readings(value: Mapping[str, str]) -> list[Reading]:
    """What a row or a form says, by the names of `COLUMNS`."""

    def of(name: str) -> str:
        return value.get(name, "")

    found = [Reading(LABEL, of("serial"), of("mac"), of("model"), of("vendor"), of("date"))]
    if of("user_agent"):
        found.append(of_user_agent(of("user_agent")))
    for source, name in ((WEB_PAGE, "web_serial"), (CONSOLE, "console_serial"), (ACCOUNT, "account_serial")):
        if of(name):
            found.append(Reading(source, serial=of(name)))
    return [reading for reading in found if reading.says_something]


def _out(checked: Checked) -> Iterable[list[str]]:
    width = len(checked.header)
    yield [*checked.header, *ADDED]
    for row in checked.rows:
        cells = [*row.cells, *[""] * (width - len(row.cells))]
        if row.judgement is None:
            yield [*cells[:width], "", "", "error", row.error, ""]
            continue
        told = [f"{evidence.source}: {evidence.text}" for evidence in row.judgement.evidence]
        double = [f"the same serial is in line {row.same_as}"] if row.same_as else []
        judged = row.judgement
        reason = "; ".join([judged.reason, *double])
        yield [*cells[:width], judged.serial, judged.vendor, judged.verdict.value, reason, "; ".join(told)]


def as_csv(checked: Checked) -> str:
    """With the separator of the list that came in, and a mark in front for spreadsheets."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=checked.separator).writerows(_out(checked))
    return "\ufeff" + out.getvalue()


def as_xlsx(checked: Checked) -> bytes:
    """Every cell is text, so that no serial becomes a number and none a formula."""
    widths = [18] * len(checked.header) + [18, 16, 14, 60, 80]
    return xlsx.workbook("adapters", _out(checked), widths, coloured=len(checked.header) + ADDED.index("verdict"))
