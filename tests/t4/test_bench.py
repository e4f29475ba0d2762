"""`rig bench pages`: what it says, not how fast it is."""

import json

import pytest
from typer.testing import CliRunner

from rig.benchmarks import pages
from rig.cli import app


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(pages, "ROUNDS", 1)
    monkeypatch.setattr(pages, "AT_LEAST_S", 0)
    monkeypatch.setattr(pages, "PAGES", {"text": pages.text, "drawing": pages.drawing})


@pytest.mark.usefixtures("hasty")
def test_json_alone_on_stdout():
    result = CliRunner().invoke(app, ["bench", "pages", "--json"])
    assert result.exit_code == 0
    rows = json.loads(result.stdout)["rows"]
    assert len(rows) == 12
    assert {"mh-encode-text", "mr-decode-drawing", "mmr-encode-text"} <= {row["work"] for row in rows}
    assert all(set(row) == {"work", "ours_per_s", "peer", "peer_per_s", "ratio"} for row in rows)


@pytest.mark.usefixtures("hasty")
def test_a_table_names_works_and_peer():
    result = CliRunner().invoke(app, ["bench", "pages"])
    assert "mmr-encode-drawing" in result.stdout


@pytest.mark.usefixtures("hasty")
def test_without_libtiff_ours_are_still_told(monkeypatch):
    monkeypatch.setattr(pages, "find_libtiff", lambda: None)
    assert all(row.peer_per_s is None and row.ratio is None and row.ours_per_s > 0 for row in pages.run())
