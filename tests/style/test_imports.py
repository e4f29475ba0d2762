"""Each import rule is broken once on purpose: a rule that cannot fail proves nothing.

The tree is a skeleton with every room of the house, also those that are not built yet.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
ROOMS = """
firmware_sim: clock errors events dsp modems t4 t30 t38 sip rtp fxs models audio device world media daemon
rig: errors bench inventory drivers/protocols drivers/virtual pbx/core pbx/shell service/core service/shell
     service/portal/shell service/portal/pages conformance/cases scenarios/fax report impairments/noise
     identity/judge identity/shell
"""

BREAKS = {
    "1 a device that knows the bench": ("firmware_sim/device", "rig.errors", "1 A device never imports the bench"),
    "2 a modem that knows T.30": ("firmware_sim/modems", "firmware_sim.t30", "2 Inside a device"),
    "2 a clock that knows an event": ("firmware_sim/clock", "firmware_sim.events", "2 Inside a device"),
    "2 SIP that knows a device": ("firmware_sim/sip", "firmware_sim.device", "2 Inside a device"),
    "2 a world that knows the daemon": ("firmware_sim/world", "firmware_sim.daemon", "2 Inside a device"),
    "2 a codec that knows live media": ("firmware_sim/t4", "firmware_sim.media", "2 Inside a device"),
    "3 T.30 that takes a modem itself": ("firmware_sim/t30", "firmware_sim.modems", "3 T.30 is handed"),
    "3 T.30 that takes a codec itself": ("firmware_sim/t30", "firmware_sim.t4", "3 T.30 is handed"),
    "3 T.30 that counts with arrays": ("firmware_sim/t30", "numpy", "3 T.30 is handed"),
    "4 a device with a socket": ("firmware_sim/sip", "socket", "4 Cores own no"),
    "4 a device with a clock": ("firmware_sim/t38", "time", "4 Cores own no"),
    "4 a PBX core with a loop": ("rig/pbx/core", "asyncio", "4 Cores own no"),
    "4 a service core with files": ("rig/service/portal/pages", "pathlib", "4 Cores own no"),
    "4 a noise with a clock": ("rig/impairments/noise", "time", "4 Cores own no"),
    "4 an identity core with a clock": ("rig/identity/judge", "time", "4 Cores own no"),
    "4 a core that uses its shell": ("rig/pbx/core", "rig.pbx.shell", "4 Cores never import a shell"),
    "5 a case that takes a driver": ("rig/conformance/cases", "rig.drivers.virtual", "5 Cases see"),
    "5 a scenario that takes a driver": ("rig/scenarios/fax", "rig.drivers.virtual", "5 Cases see"),
    "6 a service that knows T.30": ("rig/service/core", "firmware_sim.t30", "6 The fax service"),
    "6 a service that knows the bench": ("rig/service/shell", "rig.inventory", "6 The fax service"),
}
FINE = [
    ("firmware_sim/daemon", "asyncio"),
    ("firmware_sim/daemon", "firmware_sim.world"),
    ("firmware_sim/media", "threading"),
    ("firmware_sim/sip", "firmware_sim.t30"),
    ("rig/pbx/shell", "asyncio"),
    ("rig/service/portal/shell", "pathlib"),
    ("rig/identity/shell", "pathlib"),
    ("rig/scenarios/fax", "rig.bench"),
    ("rig/scenarios/fax", "rig.drivers.protocols"),
    ("rig/bench", "rig.drivers.virtual"),
    ("rig/service/core", "firmware_sim.t4"),
]


def rooms() -> list[str]:
    found, package = [], ""
    for word in ROOMS.split():
        if word.endswith(":"):
            package = word[:-1]
        else:
            found.append(f"{package}/{word}")
    return found


@pytest.fixture
def house(tmp_path):
    for room in rooms():
        (tmp_path / room).parent.mkdir(parents=True, exist_ok=True)
        for folder in (tmp_path / room).relative_to(tmp_path).parents:
            (tmp_path / folder / "__init__.py").touch()
        (tmp_path / f"{room}.py").touch()
    (tmp_path / "__init__.py").unlink()
    (tmp_path / "tests/style").mkdir(parents=True)
    shutil.copy(TOP / "tests/style/contracts.py", tmp_path / "tests/style")
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    return tmp_path


def plant(house: Path, room: str, imported: str) -> None:
    with (house / f"{room}.py").open("a") as file:
        file.write(f"import {imported}\n")


def lint(house: Path) -> str:
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(house), "COLUMNS": "200"}
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, timeout=60)
    return f"{done.stdout}{done.stderr}\nexit {done.returncode}"


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_rule_is_noticed(house, name):
    room, imported, rule = BREAKS[name]
    plant(house, room, imported)
    said = lint(house)
    assert "exit 1" in said
    assert any(line.startswith(rule) and line.endswith("BROKEN") for line in said.splitlines()), said


def test_what_is_allowed_stays_allowed(house):
    for room, imported in FINE:
        plant(house, room, imported)
    said = lint(house)
    assert "exit 0" in said, said
    assert " 0 broken" in said
