"""The catalog of codecs, and which one the terms of a call name."""

import pytest

from firmware_sim.t4 import codecs, patterns
from firmware_sim.t30.capabilities import Dcs


@pytest.mark.parametrize("name", codecs.CODECS)
def test_all_have_one_signature(name):
    page, codec = patterns.text(height_px=40), codecs.CODECS[name]
    decoded = codec.decode(codec.encode(page, 48), page.width_px, page.resolution, 1000)
    assert decoded.page == page
    assert decoded.complete
    assert codec.name == name


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ({}, "MH"),
        ({"two_dimensional": True}, "MR"),
        ({"ecm": True, "t6": True, "two_dimensional": True}, "MMR"),
        ({"ecm": True, "t85": True, "t6": True, "two_dimensional": True}, "JBIG"),
    ],
)
def test_the_terms_of_a_call_name_the_codec(terms, name):
    assert codecs.agreed(Dcs.of(**terms)).name == name
