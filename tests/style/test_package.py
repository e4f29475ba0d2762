"""The lock covers what the project asks for, and the wheel carries what it needs."""

import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from rig import data

TOP = Path(__file__).parents[2]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]


def test_the_lock_fits_the_project():
    text = (TOP / "requirements.lock").read_text()
    locked = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, re.MULTILINE))
    wanted = [Requirement(line) for line in PROJECT["dependencies"] + PROJECT["optional-dependencies"]["dev"]]
    missing = [
        str(requirement)
        for requirement in wanted
        if not requirement.specifier.contains(locked.get(canonicalize_name(requirement.name), "0"), prereleases=True)
        or canonicalize_name(requirement.name) not in locked
    ]
    assert missing == [], "run: make lock"
    assert text.count("==") <= text.count("--hash=sha256:")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel", "--quiet", "--no-deps"]
    command += ["--no-index", "--no-build-isolation", "--wheel-dir", str(folder), str(TOP)]
    subprocess.run(command, check=True, capture_output=True, timeout=100)
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_has_code_data_and_licence(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for name in ("rig/data/hardware.yaml", "rig/report/templates/report.html", "firmware_sim/clock.py"):
        assert name in names
    for folder in ("fixtures", "robot"):
        expected = {
            f"rig/data/{file.relative_to(TOP).as_posix()}" for file in (TOP / folder).rglob("*") if file.is_file()
        }
        assert {name for name in expected if "__pycache__" not in name} <= set(names)
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "docs/")) for name in names)


def test_an_installed_wheel_finds_its_data_and_its_inventory(wheel, tmp_path):
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "from rig import data, inventory, report; from rig.report.html import html;"
        "path = data.path('hardware.yaml'); inventory.load(path); print(path)"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout.strip() == str(tmp_path / "site/rig/data/hardware.yaml"), done.stderr


def test_a_checkout_uses_its_own_files():
    assert data.path("hardware.yaml") == TOP / "hardware.yaml"
    with pytest.raises(FileNotFoundError, match=r"no-such\.yaml did not come"):
        data.path("no-such.yaml")
