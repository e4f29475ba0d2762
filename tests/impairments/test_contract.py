"""What holds for every impairment, whatever it does."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rig.impairments import REGISTRY, Impairment, OneWayLine, impairment, one_way, parameter
from rig.impairments.lines import TwoWayPart

from .signals import cut, noise, sine

ONE_WAY = sorted(name for name, kind in REGISTRY.items() if not issubclass(kind, TwoWayPart))
# Ones that would do nothing in half a second with their usual rarity.
OFTEN = {
    "phase-hit": "phase-hit:interval_s=0.05,duration_ms=10",
    "gain-hit": "gain-hit:interval_s=0.05,duration_ms=10",
    "dropout": "dropout:interval_s=0.05,duration_ms=10",
    "impulse-noise": "impulse-noise:rate_per_s=30",
    "clock-drift": "clock-drift:drift_ppm=1000,buffer_ms=1",
    "vad": "vad:threshold_dbm0=-30,hangover_ms=20",
}
SIGNAL = np.concatenate((noise(0.1), sine(1700, 0.2), noise(0.1, -50.0), sine(440, 0.12, 0.0)))


def made(name):
    return impairment(OFTEN.get(name, name))


@pytest.fixture(scope="module")
def whole():
    """Every impairment's output for SIGNAL in one block."""
    return {name: made(name).execute(SIGNAL) for name in ONE_WAY}


def test_every_kind_that_is_asked_for_is_there():
    wanted = (
        "loss level dc awgn impulse-noise tone mains delay satellite-delay frequency-offset phase-jitter phase-hit "
    )
    wanted += "gain-hit dropout fading clock-drift band group-delay channel a-law mu-law g726 robbed-bits vad "
    wanted += "near-echo far-echo listener-echo echo-canceller clipping"
    assert set(wanted.split()) == set(REGISTRY)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=6))
@pytest.mark.parametrize("name", ONE_WAY)
def test_the_cut_into_blocks_changes_no_sample(whole, name, sizes):
    part = made(name)
    assert np.array_equal(np.concatenate([part.execute(block) for block in cut(SIGNAL, sizes)]), whole[name])


@pytest.mark.parametrize("name", ONE_WAY)
def test_as_many_float32_samples_come_out_and_they_are_changed(whole, name):
    assert whole[name].shape == SIGNAL.shape
    assert whole[name].dtype == np.float32
    assert np.isfinite(whole[name]).all()
    assert not np.array_equal(whole[name], SIGNAL)


@pytest.mark.parametrize("name", ONE_WAY)
def test_reset_makes_it_new(whole, name):
    part = made(name)
    part.execute(SIGNAL[:1234])
    part.reset()
    assert np.array_equal(part.execute(SIGNAL), whole[name])


@pytest.mark.parametrize("name", ONE_WAY)
def test_the_input_is_left_alone(name):
    before = SIGNAL.copy()
    made(name).execute(SIGNAL)
    assert np.array_equal(SIGNAL, before)


@pytest.mark.parametrize("name", ["awgn", "impulse-noise", "phase-hit", "gain-hit", "dropout"])
def test_the_seed_decides(name):
    def through(seed):
        return OneWayLine([made(name)], seed).carry(SIGNAL)

    assert np.array_equal(through(5), through(5))
    assert not np.array_equal(through(5), through(6))


def test_two_of_a_kind_have_streams_of_their_own():
    twice = one_way("awgn + awgn").carry(np.zeros(8000, np.float32))
    once = one_way("awgn").carry(np.zeros(8000, np.float32))
    assert np.std(twice) == pytest.approx(np.sqrt(2) * np.std(once), rel=0.03)


def test_another_component_does_not_shift_a_stream():
    zeros = np.zeros(800, np.float32)
    alone, beside = one_way("awgn"), one_way("loss:loss_db=0 + awgn")
    assert np.array_equal(alone.carry(zeros), beside.carry(zeros))


LIMITED = [
    (name, entry.name, limit)
    for name, kind in sorted(REGISTRY.items())
    for entry in fields(kind)
    if entry.metadata and entry.metadata["low"] is not None
    for limit in ("low", "high")
]


@pytest.mark.parametrize(("name", "key", "limit"), LIMITED)
def test_limits_are_kept_and_named(name, key, limit):
    entry = next(entry for entry in fields(REGISTRY[name]) if entry.name == key)
    low, high = entry.metadata["low"], entry.metadata["high"]
    assert low <= entry.default <= high
    beyond = low - 1 if limit == "low" else high + 1
    with pytest.raises(ValueError, match=f"{name}: {key} is .*; it must lie between {low:g} and {high:g}"):
        REGISTRY[name](**{key: beyond})


def test_what_is_no_number_is_refused():
    with pytest.raises(ValueError, match="must lie between"):
        REGISTRY["loss"](loss_db=float("nan"))


def test_a_class_with_a_name_can_be_used_by_it():
    from dataclasses import dataclass
    from typing import ClassVar

    try:

        @dataclass
        class Inversion(Impairment):
            """Swaps the wires."""

            name: ClassVar[str] = "test-inversion"
            share: float = parameter(1.0, 0.0, 1.0)

            def execute(self, block):
                return block * np.float32(1 - 2 * self.share)

        assert (one_way("test-inversion").carry(SIGNAL) == -SIGNAL).all()
        with pytest.raises(TypeError, match="two impairments are named 'test-inversion'"):

            class Other(Impairment):
                name: ClassVar[str] = "test-inversion"
    finally:
        REGISTRY.pop("test-inversion", None)
