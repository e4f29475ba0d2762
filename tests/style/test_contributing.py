"""The worked examples of CONTRIBUTING.md work."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from firmware_sim.clock import seconds
from rig.identity import mac, vendor, vendors
from rig.identity.judge import judge
from rig.identity.model import Reading
from rig.impairments import REGISTRY, base, one_way
from rig.inventory import FaxMachine, load
from rig.service import retry

TOP = Path(__file__).parents[2]


def example(language: str, holding: str = "") -> str:
    """The one block in this language that holds these words."""
    blocks = re.findall(rf"```{language}\n(.*?)```", (TOP / "CONTRIBUTING.md").read_text(), re.DOTALL)
    (block,) = (block for block in blocks if holding in block)
    return block


def test_the_bench_with_two_machines(tmp_path):
    (tmp_path / "hardware.yaml").write_text(example("yaml"))
    bench = load(tmp_path / "hardware.yaml")
    assert [machine.name for machine in bench.devices_of(FaxMachine)] == ["fax-machine-1", "fax-machine-2"]


def test_the_retry_rule():
    row = eval(f"{{{example('python', 'CauseRule')}}}", vars(retry))  # the row as it would stand in the table
    policy = retry.Policy(causes={**retry.CAUSES, **row})
    rule = policy.rule("out_of_paper", "", retry=True)
    assert policy.next_attempt(rule, attempts=1, created_at=0, now=0) == seconds(60)


def test_the_impairment():
    names = {**vars(base), "dataclass": dataclass, "ClassVar": ClassVar, "np": np}
    try:
        exec(example("python", "Impairment"), names)
        assert list(one_way("polarity").execute(np.array([1, -5], np.int16))) == [-1, 5]
        with pytest.raises(ValueError, match="polarity: share is 2; it must lie between 0 and 1"):
            one_way("polarity:share=2")
    finally:
        REGISTRY.pop("polarity", None)


def test_the_vendor_rule(monkeypatch):
    rule = eval(f"({example('python', 'VendorRule')})", vars(vendors))
    for module in (vendor, mac):
        monkeypatch.setattr(module, "VENDORS", (*vendors.VENDORS, rule))
    monkeypatch.setitem(vendors.BY_KEY, rule.key, rule)
    caches = (vendor.named, vendor.models_of, mac.vendor_of)
    try:
        for cached in caches:
            cached.cache_clear()
        found = [judge([Reading(serial=serial, model="AT2-B")], date(2026, 1, 1)) for serial in (*rule.good, *rule.bad)]
    finally:
        for cached in caches:
            cached.cache_clear()
    assert [(one.vendor, one.verdict.value) for one in found] == [
        ("Acme", "plausible" if number < len(rule.good) else "inconsistent") for number in range(len(found))
    ]


def test_every_place_that_is_named_exists():
    text = "".join((TOP / name).read_text() for name in ("CONTRIBUTING.md", "README.md", "docs/architecture.md"))
    # docs/ and fixtures/ folders may be named before a first file is in them; modules and files may not.
    named = set(re.findall(r"`((?:rig|firmware_sim|tests|fixtures|docs)/[\w/.-]+\.(?:py|md|yaml|png))`", text))
    assert {name for name in named if not (TOP / name).exists()} == set()


def test_every_suite_has_its_share():
    text = (TOP / "CONTRIBUTING.md").read_text()
    suites = {f"tests/{folder.parent.name}" for folder in (TOP / "tests").glob("*/__init__.py")}
    assert {suite for suite in suites if f"`{suite}`" not in text} == set()
    assert sum(map(int, re.findall(r"\| (\d+) min \|", text))) <= 25
