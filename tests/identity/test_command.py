"""rig ata, as a technician calls it: exit codes, what is on stdout, what on stderr."""

import json
from pathlib import Path
from random import Random

import openpyxl
import pytest
from typer.testing import CliRunner

from rig.cli import app
from tests.identity import labels

TOP = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def rig(*words):
    return CliRunner().invoke(app, ["ata", *map(str, words)])


@pytest.mark.parametrize(
    ("words", "code", "verdict"),
    [
        (["FCH2443D9R4"], 0, "plausible"),
        (["FCH2443D9R4", "--mac", "0002FD123456"], 0, "valid"),
        (["FCH2443D9R4", "--mac", "C074AD26494A"], 1, "inconsistent"),
        (["FCH2443D9R4", "--model", "HT802"], 1, "inconsistent"),
        (["whatever"], 0, "unknown"),
        (["FCH2443D9R4", "--date", "2020-10"], 0, "valid"),
        (["FCH2443D9R4", "--account", "FCH2443D9R5"], 1, "inconsistent"),
        (["FCH2443D9R4", "--user-agent", "Cisco/ATA191-MPP-11-2-4 (FCH2443D9R4)"], 0, "valid"),
        (["--user-agent", "Cisco/ATA191-MPP-11-2-4 (FCH2443D9R4)"], 0, "plausible"),
    ],
)
def test_one_adapter(words, code, verdict):
    done = rig("check", *words, "--json")
    (row,) = json.loads(done.stdout)["rows"]
    assert (done.exit_code, row["verdict"]) == (code, verdict)
    assert {"serial", "vendor", "evidence"} <= set(row)
    assert verdict.upper() in rig("check", *words).stdout.splitlines()[0]


def test_a_saved_page_and_a_console_are_compared():
    Path("page.html").write_text("<p>Serial Number: FCH2443D9R4</p><p>MAC Address: 00:02:FD:12:34:56</p>")
    Path("console.txt").write_text("Serial number: FCH2443D9R5\n")
    assert rig("check", "FCH2443D9R4", "--web-page", "page.html").exit_code == 0
    done = rig("check", "FCH2443D9R4", "--web-page", "page.html", "--console", "console.txt")
    assert done.exit_code == 1
    assert "the console shows the serial FCH2443D9R5, not FCH2443D9R4" in done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["check"], "give a serial number"),
        (["check", "--mac", "0002FD123456"], "no serial number"),
        (["check", "FCH2443D9R4", "--csv", "list.csv"], "stands alone"),
        (["check", "FCH2443D9R4", "--mac", "xyz"], "is not a MAC"),
        (["check", "FCH2443D9R4", "--date", "soon"], "is not a date"),
        (["check", "--csv", "missing.csv"], "missing.csv cannot be read"),
        (["check", "FCH2443D9R4", "--console", "missing.txt"], "missing.txt cannot be read"),
        (["live", "no-such-device"], "no device no-such-device"),
        (["live", "fax-machine-1"], 'is of kind "fax machine"'),
        (["serve", "--certificate", "missing.pem", "--port", "1"], "cannot be used as a certificate"),
        (["serve", "--host", "192.0.2.1", "--port", "1"], "cannot be listened on"),
    ],
)
def test_wrong_use_is_told(words, says):
    done = rig(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert says in done.stderr


def test_control_characters_stay_harmless():
    done = rig("check", "\x1b[31mFCH", "--model", "\x1b]0;x\x07")
    assert "\x1b" not in done.stdout


LIST = "Serial;MAC;Site\nFCH2443D9R4;0002FD123456;A\nFCH2443D9R5;C074AD123456;B\nX;nonsense;C\nFCH2443D9R4;;D\n"


def test_a_list():
    Path("list.csv").write_text(LIST)
    done = rig("check", "--csv", "list.csv")
    assert done.exit_code == 1
    assert "line 4: “nonsense” is not a MAC" in done.stderr
    assert "line 3: FCH2443D9R5: INCONSISTENT" in done.stdout
    assert "4 rows: 1 valid, 1 plausible, 1 inconsistent, 0 unknown, 1 with an error, 1 twice" in done.stdout
    assert done.stdout.splitlines()[-2:] == ["list-checked.csv", "list-checked.xlsx"]
    assert Path("list-checked.csv").read_text("utf-8-sig").splitlines()[0].startswith("Serial;MAC;Site;")
    assert openpyxl.load_workbook("list-checked.xlsx").active.max_row == 5


def test_a_list_as_json():
    Path("list.csv").write_text(LIST)
    done = rig("check", "--csv", "list.csv", "--json", "--out", "result.xlsx")
    said = json.loads(done.stdout)
    assert [(row["line"], row["verdict"]) for row in said["rows"]] == [
        (2, "valid"),
        (3, "inconsistent"),
        (5, "plausible"),
    ]
    assert [error["line"] for error in said["errors"]] == [4]
    assert said["files"] == ["result.csv", "result.xlsx"]


def test_a_list_in_which_nothing_can_be_checked():
    Path("list.csv").write_text("serial,mac\n,0002FD123456\n")
    assert rig("check", "--csv", "list.csv").exit_code == 3


def test_a_list_is_never_overwritten():
    Path("list.csv").write_text(LIST)
    done = rig("check", "--csv", "list.csv", "--out", "list")
    assert (done.exit_code, Path("list.csv").read_text()) == (2, LIST)


def test_photos():
    label = labels.draw(Random("a"))
    label.picture.save("label.png")
    Path("text.jpg").write_text("no photo")
    done = rig("scan", "label.png", "text.jpg", "--json")
    said = json.loads(done.stdout)
    (row,) = said["rows"]
    assert (done.exit_code, row["serial"], row["photo"]) == (0, label.adapter.serial, "label.png")
    assert {code["text"] for code in row["codes"]} == label.codes
    assert said["errors"][0]["photo"] == "text.jpg"
    assert "text.jpg: not a photo" in done.stderr
    assert rig("scan", "text.jpg").exit_code == 3
    assert label.adapter.serial in rig("scan", "label.png").stdout


def test_a_simulated_ata_answers_with_its_user_agent():
    done = rig("live", "ata-1", "--serial", "FCH2443D9R4", "--json")
    (row,) = json.loads(done.stdout)["rows"]
    assert (done.exit_code, row["device"], row["verdict"]) == (0, "ata-1", "plausible")
    assert row["user_agent"]


def test_a_simulated_ata_with_a_real_ones_user_agent(monkeypatch):
    from firmware_sim.device import build

    told = "Cisco/ATA191-MPP-11-2-4 (FCH2443D9R4)"
    usual = build.build
    monkeypatch.setattr(build, "build", lambda config, seed: usual(build.replace(config, user_agent=told), seed))
    assert "ata-1: FCH2443D9R4 (Cisco): PLAUSIBLE" in rig("live", "ata-1").stdout
    assert "FCH2443D9R4 (Cisco): VALID" in rig("live", "ata-1", "--serial", "FCH2443D9R4").stdout
    assert rig("live", "ata-1", "--serial", "FCH2443D9R5").exit_code == 1


def test_a_device_that_no_driver_can_ask_is_skipped(monkeypatch):
    from rig.inventory import Ata

    monkeypatch.setattr(Ata, "driver", "vendor-x", raising=False)
    usual = Ata.__getattribute__
    monkeypatch.setattr(
        Ata, "__getattribute__", lambda self, name: "vendor-x" if name == "driver" else usual(self, name)
    )
    done = rig("live", "ata-1")
    assert (done.exit_code, done.stdout) == (3, "")
    assert done.stderr.startswith("SKIP  ata-1 has the driver vendor-x")
