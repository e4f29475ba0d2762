"""Lists: whatever a spreadsheet saves as CSV in, the user's columns and the verdicts out."""

import io
import time
from datetime import date
from random import Random

import openpyxl
import pytest

from rig.identity import table
from rig.identity.model import Verdict

TODAY = date(2026, 11, 25)


def check(text: str) -> table.Checked:
    return table.check(text, TODAY)


@pytest.mark.parametrize(
    "data",
    [
        b"Serial Number,MAC address,Site\nFCH2443D9R4,0002FD123456,M\xc3\xbcnchen\n",
        b"\xef\xbb\xbfserial;mac;Site\r\nFCH2443D9R4;0002FD123456;M\xc3\xbcnchen\r\n",
        "S/N\tMAC\tSite\nFCH2443D9R4\t0002FD123456\tMünchen\n".encode("utf-16"),
        "site,SERIAL_NO,Mac-Addr\nMünchen,FCH2443D9R4,0002FD123456\n".encode("cp1252"),
        'sep=;\nSeriennummer;MAC-Adresse;Ort\n"FCH2443D9R4";"0002FD123456";"München"\n'.encode(),
        b"\n\nserial,mac,x\n\nFCH2443D9R4,0002FD123456,M\xc3\xbcnchen\n\n",
        b"serial,mac,x\rFCH2443D9R4,0002FD123456,M\xc3\xbcnchen\r",
    ],
)
def test_a_list_is_read_as_it_comes(data):
    checked = check(table.decode(data))
    (row,) = checked.rows
    assert row.judgement is not None
    assert row.judgement.verdict is Verdict.VALID
    assert "München" in row.cells


def test_every_error_has_its_line():
    lines = ["serial,mac,date,note", "FCH2443D9R4,nonsense,,", "FCH2443D9R4,,someday,", ",0002FD123456,,"]
    lines += ['FCH2443D9R4,,,"two\nlines"', "FCH2443D9R4,,,a,b", "FCH2443D9R5"]
    checked = check("\n".join(lines) + "\n")
    assert [str(error).split(":")[0] for error in checked.errors] == ["line 2", "line 3", "line 4", "line 7"]
    said = [error.text for error in checked.errors]
    assert "is not a MAC" in said[0]
    assert "is not a date" in said[1]
    assert said[2:] == ["no serial number", "5 cells under 4 headers: is a separator in a text?"]
    assert [row.line for row in checked.rows if row.judgement] == [5, 8]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it is empty"),
        ("name,place\na,b\n", "no column for the serial number"),
        ('serial\n"' + "x" * 200_000 + '"\n', "line 2: cannot be read as CSV"),
    ],
)
def test_a_list_that_is_none_is_refused(text, says):
    with pytest.raises(table.TableError, match=says):
        check(text)


def test_a_spreadsheet_is_no_csv():
    with pytest.raises(table.TableError, match="save it as CSV"):
        table.decode(b"PK\x03\x04whatever")


def test_a_serial_that_stands_twice_is_told():
    checked = check("serial\nFCH2443D9R4\nCBT141100HR\nfch-2443-d9r4\nCBT141IOOHR\n")
    assert [(row.line, row.same_as) for row in checked.doubles] == [(4, 2), (5, 3)]
    assert "the same serial is in line 2" in table.as_csv(checked)


TRICKY = "id;serial;=1+1\n007;FCH2443D9R4;=HYPERLINK(1)\n\x01;88019FA42805;<b>&\n9;;\n"


def test_the_result_keeps_the_users_columns():
    checked = check(TRICKY)
    (header, first, *_) = table.as_csv(checked).splitlines()
    assert header == "\ufeffid;serial;=1+1;serial read;vendor by rule;verdict;reason;evidence"
    assert first.startswith("007;FCH2443D9R4;=HYPERLINK(1);FCH2443D9R4;Cisco;plausible;")


def test_the_spreadsheet_opens_and_holds_texts_only():
    sheet = openpyxl.load_workbook(io.BytesIO(table.as_xlsx(check(TRICKY)))).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][:4] == ["id", "serial", "=1+1", "serial read"]
    assert rows[1][:6] == ["007", "FCH2443D9R4", "=HYPERLINK(1)", "FCH2443D9R4", "Cisco", "plausible"]
    assert rows[2][:3] == ["\ufffd", "88019FA42805", "<b>&"]
    assert [row[5] for row in rows[1:]] == ["plausible", "plausible", "error"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value} <= {"s", "inlineStr"}
    assert sheet["F2"].fill.start_color.rgb == "FFFFEB9C"
    assert sheet["A1"].font.bold
    assert sheet.freeze_panes == "A2"


def big_list(rows: int) -> str:
    rng = Random("list")
    lines = ["serial,mac,model,user agent,site"]
    for number in range(rows):
        serial = f"FCH{rng.randrange(10, 25)}{rng.randrange(1, 53):02}{number:04X}"
        mac = f"{rng.choice(('0002FD', '8843E1', 'C074AD'))}{number:06X}"
        lines.append(f"{serial},{mac},ATA191,Cisco/ATA191-MPP-11-2-4 ({serial}),site {number}")
    return "\n".join(lines) + "\n"


def test_ten_thousand_rows_take_less_than_three_seconds():
    text = big_list(10_000)
    before = time.process_time()
    checked = check(text)
    written = len(table.as_csv(checked)) + len(table.as_xlsx(checked))
    assert time.process_time() - before < 3
    assert checked.errors == []
    assert len(checked.rows) == 10_000
    assert written > 1_000_000
    assert checked.count(Verdict.VALID) + checked.count(Verdict.INCONSISTENT) == 10_000
