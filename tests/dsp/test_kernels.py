"""The cache of compiled kernels: where it lies, what moves it, and that it can be missing."""

import os
import subprocess
import sys

from firmware_sim.dsp import kernels

QAM = os.path.join(kernels.PACKAGE, "modems", "qam_rx.py")


def test_a_kernel_file_depends_on_what_it_imports_and_no_more():
    names = {os.path.relpath(p, kernels.PACKAGE).replace(os.sep, "/") for p in kernels.sources(QAM)}
    assert {"modems/qam_rx.py", "modems/qam_tables.py", "dsp/vector.py", "dsp/presence.py", "clock.py"} <= names
    assert "modems/catalog.py" not in names
    assert len(kernels.source_hash(QAM)) == 16


def test_an_imported_file_changes_the_hash(tmp_path):
    a, b = tmp_path / "a.py", tmp_path / "b.py"
    for file in (a, b):
        file.write_text("from firmware_sim.dsp.kernels import (\n    kernel,\n)\n" + f"x = {file is a}\n")
    assert kernels.source_hash(str(a)) != kernels.source_hash(str(b))
    assert kernels.sources(str(a)) == sorted([str(a), os.path.join(kernels.PACKAGE, "dsp", "kernels.py")])


def test_the_folder_can_be_chosen_and_can_be_missing(tmp_path, monkeypatch):
    kernels.cache_folder.cache_clear()
    monkeypatch.setenv("RIG_KERNEL_CACHE", str(tmp_path))
    assert kernels.cache_folder(QAM) == str(tmp_path / f"kernels-{kernels.source_hash(QAM)}")
    kernels.cache_folder.cache_clear()
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RIG_KERNEL_CACHE", str(tmp_path / "file"))
    assert kernels.cache_folder(QAM) is None
    kernels.cache_folder.cache_clear()


SMALL = """from firmware_sim.dsp.kernels import kernel


@kernel
def add(a, b):
    return a + b


print(add(1, 2))
"""


def test_kernels_run_without_a_cache(tmp_path):
    (tmp_path / "file").write_text("")
    (tmp_path / "small.py").write_text(SMALL)
    environment = {**os.environ, "RIG_KERNEL_CACHE": str(tmp_path / "file")}
    environment["PYTHONPATH"] = os.path.dirname(kernels.PACKAGE)
    ran = subprocess.run([sys.executable, str(tmp_path / "small.py")], env=environment, capture_output=True, text=True)
    assert (ran.stdout.strip(), ran.stderr) == ("3", "")


PLANTED = """import numpy as np

from firmware_sim.dsp.kernels import kernel


@kernel
def beyond(x):
    return x[x.shape[0] + 2]


print(beyond(np.zeros(3)))
"""


def test_bounds_checks_see_a_planted_fault(tmp_path):
    """NUMBA_BOUNDSCHECK=1 with a cache of its own is how the whole suite is searched for reads out of bounds."""
    (tmp_path / "planted.py").write_text(PLANTED)
    environment = {**os.environ, "RIG_KERNEL_CACHE": str(tmp_path / "cache"), "NUMBA_BOUNDSCHECK": "1"}
    environment["PYTHONPATH"] = os.path.dirname(kernels.PACKAGE)
    command = [sys.executable, str(tmp_path / "planted.py")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert ran.returncode != 0
    assert "IndexError" in ran.stderr
