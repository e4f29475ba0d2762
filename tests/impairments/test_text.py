"""Lines written as text."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.impairments import CHANNELS, REGISTRY, impairment, impairments, one_way, two_way
from rig.impairments.filters import Channel
from rig.impairments.noise import Awgn
from rig.impairments.phase import FrequencyOffset


def test_a_line_as_text():
    text = "eia-ll-4 + awgn:snr_db=25, signal_dbm0=-20 +frequency-offset:offset_hz=-7"
    channel, noise, offset = impairments(text)
    assert channel == Channel("eia-ll-4")
    assert noise == Awgn(snr_db=25.0, signal_dbm0=-20.0)
    assert offset == FrequencyOffset(-7.0)


def test_a_plus_in_a_number_is_no_joint():
    assert [part.name for part in impairments("loss:loss_db=1e+1+awgn")] == ["loss", "awgn"]
    assert impairment("loss:loss_db=1e+1").loss_db == 10.0


def test_nothing_is_a_perfect_line():
    assert impairments("  ") == []


@pytest.mark.parametrize("name", [*REGISTRY, *CHANNELS])
def test_every_name_can_be_used(name):
    two_way(name)


def test_a_channel_by_parameter():
    assert impairment("channel:channel=etsi-ll-1") == impairment("ETSI-LL-1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "agwn",
            r"no channel is named 'agwn'; did you mean awgn\? there are a-law, awgn, .*etsi-ll-2",
        ),
        ("eia-ll-8", r"did you mean eia-ll-\d\?"),
        ("awgn + + loss", "named ''"),
        ("awgn:snr=3", "awgn: 'snr=3' is no parameter of it; it has snr_db=30.0, signal_dbm0=-13.0"),
        ("a-law:x=1", "a-law: 'x=1' is no parameter of it; it has none"),
        ("awgn:snr_db", "'snr_db' is no parameter"),
        ("awgn:snr_db=loud", "awgn: snr_db is 'loud', which is not a number"),
        ("awgn:snr_db=1,snr_db=2", "awgn: snr_db is given twice"),
        ("awgn:snr_db=1000", "awgn: snr_db is 1000; it must lie between -10 and 90"),
        ("g726:rate_kbps=48", "g726: rate_kbps is 48; it can be 40, 32, 24, 16"),
        ("channel:channel=nowhere", "channel: channel is nowhere; it can be v56bis-ad-1-edd-1"),
    ],
)
def test_mistakes_are_told(text, words):
    with pytest.raises(ValueError, match=words):
        impairments(text)


def test_parts_of_a_line_with_two_directions_stand_once():
    with pytest.raises(ValueError, match="near-echo is given twice"):
        two_way("near-echo + near-echo:loss_db=10")
    with pytest.raises(ValueError, match="near-echo needs a line with two directions"):
        one_way("near-echo")


def test_the_way_back_can_differ():
    line = two_way("awgn", toward_port="loss + far-echo")
    assert [part.name for part in line.to_machine.impairments] == ["awgn"]
    assert [part.name for part in line.to_port.impairments] == ["loss"]
    assert line.far is not None


@given(st.text(alphabet="awgn:=,+-.0123 e", max_size=40))
def test_any_text_is_a_line_or_a_value_error(text):
    with suppress(ValueError):
        impairments(text)
