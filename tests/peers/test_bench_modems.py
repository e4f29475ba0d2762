"""The benches of the modems on a small share of their work; and the answer tone as the peer hears it."""

import ctypes as C  # noqa: N812
import json

import numpy as np
import pytest

from firmware_sim.dsp import tones
from rig.benchmarks import ber, modems

from . import spandsp_modems as peer

pytestmark = pytest.mark.peer
ANS_PR, ANSAM_PR = 3, 5


def test_the_race_is_printed_as_rows(capsys, monkeypatch):
    peer.library()
    monkeypatch.setattr(modems, "RUNS", 1)
    monkeypatch.setattr(modems, "SECONDS", 0.3)
    modems.show(modems.race("V.29", 9600), True)
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [(r["modem"], r["rate"], r["direction"]) for r in rows] == [("v29", 9600, "rx"), ("v29", 9600, "tx")]
    assert all(r["ratio"] > 0 and r["ours_x"] > 100 and r["peer_x"] > 100 for r in rows)


@pytest.mark.parametrize(("modem", "bps", "snr_db"), [("V.17", 14400, 23), ("V.29", 7200, 17), ("V.27ter", 2400, 9)])
def test_we_err_no_more_than_they(modem, bps, snr_db):
    peer.library()
    row = ber.point(modem, bps, "awgn", snr_db, 100_000)
    assert row.bits >= 48_000
    assert row.ours_errors <= row.peer_errors + 2.33 * (row.ours_errors + row.peer_errors) ** 0.5
    trained = ber.trainings(modem, bps, snr_db, 2)
    assert trained.ours == trained.of == 2


def test_the_error_rates_are_printed_and_drawn(capsys, tmp_path):
    rows = [ber.Row("V.29", 9600, "awgn", s, 1, 9, 1000) for s in (20, 21)]
    ber.show(iter([*rows, ber.Training("V.29", 9600, 20, 4, 3, 4)]), True, str(tmp_path / "ber.png"))
    found = json.loads(capsys.readouterr().out)
    assert [len(found[key]) for key in ("rows", "training")] == [2, 1]
    assert found["rows"][0]["peer_errors"] == 9
    assert (tmp_path / "ber.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("samples", "tone"),
    [(tones.Ansam().execute(32000), ANSAM_PR), (tones.Ansam(reversals=False).execute(32000), ANSAM_PR - 1)],
    ids=["with reversals", "without"],
)
def test_they_hear_our_ansam(samples, tone):
    lib = peer.library()
    lib.modem_connect_tones_rx_init.restype = C.c_void_p
    state = C.c_void_p(lib.modem_connect_tones_rx_init(None, C.c_int(ANS_PR), None, None))
    heard = set()
    for k in range(0, len(samples), 160):
        block = np.ascontiguousarray(samples[k : k + 160])
        lib.modem_connect_tones_rx(state, block.ctypes.data_as(C.POINTER(C.c_int16)), C.c_int(160))
        heard.add(lib.modem_connect_tones_rx_get(state))
    assert tone in heard
