"""A spreadsheet of texts as XLSX (ECMA-376), written ten times as quickly as openpyxl does it."""

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from html import escape

COLOURS: Mapping[str, str] = {
    "valid": "C6EFCE",
    "plausible": "FFEB9C",
    "inconsistent": "FFC7CE",
    "unknown": "DDDDDD",
    "error": "FFC7CE",
}
"""Backgrounds of the coloured column by its text."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_DOCUMENT = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_NOT_IN_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ufffe\\uffff\\ud800-\\udfff]")
_MOST_IN_A_CELL = 32_000
_BOLD, _FIRST_COLOUR = 1, 2
_STILL = (1980, 1, 1, 0, 0, 0)
"""The time of every part: the same list gives the same file."""


def workbook(title: str, rows: Iterable[Sequence[str]], widths: Sequence[int], coloured: int) -> bytes:
    """One sheet; its first row is bold and stays in view. *widths* in characters, *coloured* is a column from 0."""
    styles = {text: _FIRST_COLOUR + place for place, text in enumerate(COLOURS)}
    lines = []
    for number, row in enumerate(rows, 1):
        cells = []
        for place, text in enumerate(row):
            style = _BOLD if number == 1 else styles.get(text, 0) if place == coloured else 0
            cells.append(_cell(text, style))
        lines.append(f'<row r="{number}">{"".join(cells)}</row>')
    columns = "".join(
        f'<col min="{place}" max="{place}" width="{width}" customWidth="1"/>' for place, width in enumerate(widths, 1)
    )
    sheet = (
        f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f"<cols>{columns}</cols><sheetData>{''.join(lines)}</sheetData></worksheet>"
    )
    return _zipped({"xl/worksheets/sheet1.xml": sheet, **_frame(title)})


def _cell(text: str, style: int) -> str:
    plain = _NOT_IN_XML.sub("\ufffd", text[:_MOST_IN_A_CELL])
    return f'<c s="{style}" t="inlineStr"><is><t xml:space="preserve">{escape(plain, quote=False)}</t></is></c>'


def _frame(title: str) -> dict[str, str]:
    links = f'<Relationships xmlns="{_PACKAGE}/relationships">'
    parts = (("workbook", "sheet.main"), ("worksheets/sheet1", "worksheet"), ("styles", "styles"))
    overrides = "".join(
        f'<Override PartName="/xl/{part}.xml" ContentType="{_DOCUMENT}.{kind}+xml"/>' for part, kind in parts
    )
    return {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Default Extension="xml" ContentType="application/xml"/>{overrides}</Types>',
        "_rels/.rels": f'{_HEAD}{links}<Relationship Id="rId1" Type="{_LINKS}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}{links}<Relationship Id="rId1" Type="{_LINKS}/worksheet" '
        f'Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{_LINKS}/styles" Target="styles.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_LINKS}"><sheets>'
        f'<sheet name="{escape(title)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/styles.xml": _styles(),
    }


def _styles() -> str:
    fills = "".join(
        f'<fill><patternFill patternType="solid"><fgColor rgb="FF{colour}"/></patternFill></fill>'
        for colour in COLOURS.values()
    )
    coloured = "".join(
        f'<xf numFmtId="49" fontId="1" fillId="{2 + place}" borderId="0" applyNumberFormat="1" applyFill="1"/>'
        for place in range(len(COLOURS))
    )
    font = '<sz val="11"/><name val="Calibri"/>'
    return (
        f'{_HEAD}<styleSheet xmlns="{_MAIN}">'
        f'<fonts count="2"><font>{font}</font><font><b/>{font}</font></fonts>'
        f'<fills count="{2 + len(COLOURS)}"><fill><patternFill patternType="none"/></fill>'
        f'<fill><patternFill patternType="gray125"/></fill>{fills}</fills>'
        '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
        '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
        f'<cellXfs count="{2 + len(COLOURS)}">'
        '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" applyNumberFormat="1"/>'
        '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" applyNumberFormat="1" applyFont="1"/>'
        f"{coloured}</cellXfs>"
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
    )


def _zipped(parts: Mapping[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, text in parts.items():
            info = zipfile.ZipInfo(name, _STILL)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, text)
    return out.getvalue()
