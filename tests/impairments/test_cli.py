"""`rig line` as a user meets it."""

import json
import subprocess
import sys

import pytest
from PIL import Image
from typer.testing import CliRunner

from rig.cli import app
from rig.impairments import CHANNELS, REGISTRY


def rig(*words):
    return CliRunner().invoke(app, ["line", *words])


def test_list_shows_everything():
    done = rig("list")
    assert done.exit_code == 0
    assert all(f"\n  {name}" in done.stdout for name in (*REGISTRY, *CHANNELS))
    assert "snr_db=30  (-10 to 90)" in done.stdout
    assert "V.56bis (08/1995)" in done.stdout


def test_list_as_json():
    done = rig("list", "--json")
    found = json.loads(done.stdout)
    assert {entry["name"] for entry in found["impairments"]} == set(REGISTRY)
    assert {entry["name"] for entry in found["channels"]} == set(CHANNELS)
    assert all(entry["what"] for entry in found["impairments"])
    assert all(entry["source"] for entry in found["channels"])


@pytest.mark.parametrize("text", ["eia-ll-7", "eia-ll-2 + listener-echo + awgn", "awgn", "delay:delay_ms=500"])
def test_plot_writes_a_picture(tmp_path, text):
    target = tmp_path / "line.png"
    done = rig("plot", text, "--out", str(target))
    assert (done.exit_code, done.stdout.strip()) == (0, str(target))
    with Image.open(target) as picture:
        assert picture.format == "PNG"
        assert min(picture.size) > 500
        assert len(picture.convert("L").getcolors(256)) > 20


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["plot", "nowhere"], "no channel is named 'nowhere'"),
        (["plot", " "], "nothing to draw"),
        (["plot", "loss:loss_db=99"], "loss: loss_db is 99; it must lie between -20 and 60"),
        (["plot", "loss", "--out", "line.pdf"], "line.pdf does not end in .png"),
        (["plot", "loss", "--out", "no-such-folder/line.png"], "cannot be written: No such file or directory"),
        (["plot", "near-echo"], "near-echo needs a line with two directions"),
    ],
)
def test_wrong_use_ends_with_2_and_one_sentence(words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = rig(*words)
    assert done.exit_code == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_help_imports_nothing_heavy():
    code = "import sys, rig.cli; print(sorted({'numpy', 'numba', 'matplotlib', 'rig.impairments'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
