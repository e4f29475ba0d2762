"""What no linter checks: sizes, and that the tree fits every machine."""

import ast
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
FOLDERS = ("rig", "firmware_sim", "tests")
MOST_LINES_IN_A_FILE = 450
MOST_LINES_IN_A_FUNCTION = 70

# Put together from pieces, so that this file passes its own check.
MACHINE_PATHS = [f"/{a}{b}/" for a, b in (("ho", "me"), ("ro", "ot"), ("wo", "rk"), ("Us", "ers"))]
INDEX_HOSTS = [
    a + b
    for a, b in (
        ("pypi", ".org"),
        ("python", "hosted"),
        ("npm", "js.org"),
        ("npm", "js.com"),
        ("crates", ".io"),
        ("docker", ".io"),
        ("ghcr", ".io"),
        ("deb.deb", "ian.org"),
        ("proxy.go", "lang.org"),
        ("artifact", "ory"),
    )
]
FORBIDDEN = re.compile("|".join(map(re.escape, MACHINE_PATHS + INDEX_HOSTS)) + "|(?<!no-emit-)index" + "-url")


def sources() -> list[Path]:
    return sorted(file for folder in FOLDERS for file in (TOP / folder).rglob("*.py"))


def tracked() -> list[Path]:
    """Every file of the tree: what git knows or would add, or all files where there is no git."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        done = subprocess.run(command, cwd=TOP, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return sources()
    return [TOP / name.decode() for name in done.stdout.split(b"\0") if name and (TOP / name.decode()).is_file()]


def long_functions(text: str) -> list[tuple[str, int]]:
    functions = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    sizes = [(node.name, (node.end_lineno or node.lineno) - node.lineno + 1) for node in functions]
    return [(name, size) for name, size in sizes if size > MOST_LINES_IN_A_FUNCTION]


def test_no_file_is_too_long():
    sizes = {str(file.relative_to(TOP)): len(file.read_text().splitlines()) for file in sources()}
    assert {name: size for name, size in sizes.items() if size > MOST_LINES_IN_A_FILE} == {}


def test_no_function_is_too_long():
    found = {str(file.relative_to(TOP)): long_functions(file.read_text()) for file in sources()}
    assert {name: functions for name, functions in found.items() if functions} == {}


def test_a_long_function_is_noticed():
    body = "    pass\n" * MOST_LINES_IN_A_FUNCTION
    assert long_functions(f"class A:\n  async def f():\n{body}") == [("f", MOST_LINES_IN_A_FUNCTION + 1)]


def test_no_path_of_a_machine_and_no_index_host_is_in_the_tree():
    found = []
    for file in tracked():
        text = file.read_bytes()
        if b"\0" in text[:4096]:
            continue
        for number, line in enumerate(text.decode("utf-8", "replace").splitlines(), 1):
            found += [f"{file.relative_to(TOP)}:{number}: {hit[0]}" for hit in FORBIDDEN.finditer(line)]
    assert found == []


@pytest.mark.parametrize(
    "text", [MACHINE_PATHS[0] + "me/x", f"https://{INDEX_HOSTS[0]}/simple", "--extra-index" + "-url"]
)
def test_a_path_or_host_is_noticed(text):
    assert FORBIDDEN.search(text)


def test_the_lock_names_no_address():
    assert "://" not in (TOP / "requirements.lock").read_text()


def test_robot_folders_shadow_nothing():
    assert list((TOP / "robot").rglob("*.py")) == []
