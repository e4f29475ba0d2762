"""The one place where numba is met: the `kernel` decorator and the folder of compiled kernels.

numba keys its cache on a kernel's own file, so that a callee changed in another file leaves a stale result in place.
The cache therefore lies in a folder named by a hash over all files that hold kernels or kernel tables: those whose
text names this module, or calls itself "kernel tables".
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

FASTMATH = frozenset({"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"})
_MARKS = (b"dsp.kernels", b"kernel tables")


def kernel_sources() -> list[str]:
    """Paths of all files in the package that take part in a kernel, sorted."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found = [os.path.abspath(__file__)]
    for folder, _, names in os.walk(package):
        for name in names:
            path = os.path.join(folder, name)
            if name.endswith(".py") and path not in found:
                with open(path, "rb") as file:
                    text = file.read()
                if any(mark in text for mark in _MARKS):
                    found.append(path)
    return sorted(found)


def source_hash() -> str:
    """Sixteen hex digits over the text of all kernel sources."""
    digest = hashlib.sha256()
    for path in kernel_sources():
        with open(path, "rb") as file:
            digest.update(os.path.basename(path).encode() + b"\0" + file.read())
    return digest.hexdigest()[:16]


def cache_folder() -> str | None:
    """Where compiled kernels are kept, made if need be; None when no folder can be written."""
    base = os.environ.get("RIG_KERNEL_CACHE")
    if not base:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        base = os.path.join(home, "faxrig")
    folder = os.path.join(base, f"kernels-{source_hash()}")
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return None
    return folder


CACHE_FOLDER = cache_folder()
if CACHE_FOLDER is not None:
    cast(Any, numba.config).CACHE_DIR = CACHE_FOLDER


def kernel(function: F) -> F:
    """Compile at first use: no GIL, cached, fast maths (never test for NaN), no bounds checks."""
    decorate = numba.njit(nogil=True, cache=CACHE_FOLDER is not None, fastmath=set(FASTMATH), error_model="numpy")
    return cast(F, decorate(function))
