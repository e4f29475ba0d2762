"""The page's own judge says word for word what the Python one says."""

import json
import shutil
import subprocess
from datetime import date
from pathlib import Path

import pytest

from rig.identity.export import rules
from rig.identity.judge import judge
from rig.identity.mac import all_owners, owner_of
from rig.identity.model import ReadingError
from rig.identity.table import readings
from tests.identity.cases import cases

NODE = shutil.which("node")
PAGE = Path(__file__).parents[2] / "rig/identity/page"
TODAY = date(2026, 11, 25)
RUN = """
import { readFileSync } from "node:fs";
import { Judge, ReadingError } from "./judge.mjs";
const judge = new Judge(JSON.parse(readFileSync("rules.json")));
const said = JSON.parse(readFileSync("cases.json")).map((value) => {
  try {
    return judge.judge(judge.readings(value), [2026, 11, 25]);
  } catch (error) {
    if (!(error instanceof ReadingError)) throw error;
    return { error: error.message, field: error.field };
  }
});
console.log(JSON.stringify(said));
"""


def expected(value):
    try:
        return judge(readings({name: text.strip() for name, text in value.items()}), TODAY).as_json()
    except ReadingError as error:
        return {"error": str(error), "field": error.field}


@pytest.mark.skipif(NODE is None, reason="node is not installed")
def test_both_judges_say_the_same(tmp_path):
    asked = cases()
    shutil.copy(PAGE / "judge.js", tmp_path / "judge.mjs")
    (tmp_path / "rules.json").write_text(rules())
    (tmp_path / "cases.json").write_text(json.dumps(asked))
    (tmp_path / "run.mjs").write_text(RUN)
    done = subprocess.run([str(NODE), "run.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    wrong = [
        (value, mine, theirs) for value, theirs in zip(asked, said, strict=True) if (mine := expected(value)) != theirs
    ]
    assert wrong[:3] == []
    assert {row.get("verdict") for row in said} == {"valid", "plausible", "inconsistent", "unknown", None}


def test_the_exported_owners_are_netaddrs():
    exported = {oui: owner for owner, ouis in all_owners().items() for oui in ouis}
    assert len(exported) > 30_000
    for oui in list(exported)[::101]:
        assert owner_of(oui) == exported[oui]
