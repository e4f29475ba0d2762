"""The worked example of a case in CONTRIBUTING.md works."""

import re
from pathlib import Path

from rig.conformance.cases import receive
from rig.conformance.devices import Simulated
from rig.conformance.model import CASES
from rig.conformance.plan import all_cases
from rig.conformance.runner import play

TOP = Path(__file__).parents[2]


def test_the_example_is_a_case_that_our_firmware_passes():
    all_cases()
    blocks = re.findall(r"```python\n(.*?)```", (TOP / "CONTRIBUTING.md").read_text(), re.DOTALL)
    (example,) = (block for block in blocks if "@case(" in block)
    exec(example, dict(vars(receive)))
    try:
        result = play(CASES["receive-eop-late"], Simulated())
    finally:
        del CASES["receive-eop-late"]
    assert result.status == "pass", result.reason
