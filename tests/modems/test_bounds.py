"""Kernels check no bounds by themselves; here the catalog's tests run with bounds checked, in a cache of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.soak
def test_no_kernel_reads_out_of_bounds(tmp_path):
    """`tests/dsp/test_kernels.py` plants a fault and sees that this way of looking finds it."""
    environment = {**os.environ, "RIG_KERNEL_CACHE": str(tmp_path), "NUMBA_BOUNDSCHECK": "1"}
    environment.pop("RIG_SOAK", None)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--timeout",
        "0",
        "tests/modems",
        "tests/dsp",
        "-p",
        "no:cacheprovider",
    ]
    ran = subprocess.run(command, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout[-4000:]
