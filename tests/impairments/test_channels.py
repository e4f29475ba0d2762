"""Named channels: the filter that is built has the curve that was published."""

import numpy as np
import pytest

from rig.impairments import CHANNELS, curves, impairment
from rig.impairments.channels import CENTRE, channel
from rig.impairments.channels import response as of_taps
from rig.impairments.measure import response


def loss_tolerance_db(hz):
    """What V.56bis allows a line simulator, by frequency."""
    return np.select([hz <= 300, hz <= 400, hz <= 3000, hz <= 3300, hz <= 3600], [2.0, 1.0, 0.5, 1.0, 2.0], 3.0)


def delay_tolerance_ms(hz):
    return np.where((hz <= 400) | (hz >= 3200), 0.2, 0.1)


def test_there_are_the_channels_that_have_a_source():
    assert len(CHANNELS) == 27
    assert {name for name in CHANNELS if "-ll-" in name} == set(curves.LOOP_NAMES)
    assert all(curve.source.startswith("ITU-T V.56bis") and curve.title for curve in CHANNELS.values())


@pytest.mark.parametrize("name", CHANNELS)
def test_the_filter_keeps_to_the_published_curve(name):
    curve, (taps, late) = CHANNELS[name], channel(name)
    hz = curve.loss_db[:, 0]
    loss, _ = of_taps(taps, hz)
    inner = hz <= 3900
    assert (np.abs(loss - curve.loss_db[:, 1]) < loss_tolerance_db(hz))[inner].all()
    assert np.abs(loss - curve.loss_db[:, 1])[(hz >= 400) & (hz <= 3000)].max() < 0.1
    hz = curve.delay_ms[:, 0]
    _, delay = of_taps(taps, hz)
    error = np.abs(delay - late / 8.0 - curve.delay_ms[:, 1])
    assert (error < delay_tolerance_ms(hz))[hz <= 3800].all()


@pytest.mark.parametrize("name", ["eia-ll-5", "v56bis-ad-9-edd-3"])
def test_what_goes_through_block_by_block_has_that_curve_too(name):
    found = response([impairment(name)])
    curve = CHANNELS[name]
    hz = np.arange(400.0, 3100.0, 100.0)
    published = [np.interp(hz, *points.T) for points in (curve.loss_db, curve.delay_ms)]
    assert np.interp(hz, found.hz, found.loss_db) == pytest.approx(published[0], abs=0.1)
    assert np.interp(hz, found.hz, found.delay_ms) == pytest.approx(published[1], abs=0.05)
    assert found.latency_ms == CENTRE / 8


def test_loops_in_a_row_add_up():
    one, two = response([impairment("eia-ll-3")]), response([impairment("eia-ll-3"), impairment("eia-ll-3")])
    inner = (one.hz > 300) & (one.hz < 3400)
    assert two.loss_db[inner] == pytest.approx(2 * one.loss_db[inner], abs=0.01)
    assert two.delay_ms[inner] == pytest.approx(2 * one.delay_ms[inner], abs=0.01)


def test_a_loop_has_its_loss_at_1_khz():
    found = response([impairment("eia-ll-4")])
    assert float(np.interp(1000, found.hz, found.loss_db)) == pytest.approx(6.1, abs=0.02)


def test_what_no_response_describes_is_told():
    assert response([impairment(name) for name in ("eia-ll-1", "awgn", "g726", "loss")]).left_out == ("awgn", "g726")
