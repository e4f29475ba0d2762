"""The one place where numba is met: the `kernel` decorator and the folders of compiled kernels.

numba keys its cache on a kernel's own file, so that a callee or table changed in another file leaves a stale result
in place. Each file's kernels are therefore cached in a folder named by a hash over that file and all files of the
package that it imports, directly or not.
"""

import functools
import hashlib
import os
import re
import tempfile
from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])

FASTMATH = frozenset({"reassoc", "contract", "nsz", "arcp", "nnan", "ninf"})
PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_IMPORT = re.compile(r"^\s*from (firmware_sim[\w.]*) import (\([^)]*\)|[^\n]*)|^\s*import (firmware_sim[\w.]+)", re.M)


def _module_file(name: str) -> str | None:
    """The file of a dotted module of the package, None when there is no such module."""
    path = os.path.join(os.path.dirname(PACKAGE), *name.split("."))
    for file in (path + ".py", os.path.join(path, "__init__.py")):
        if os.path.isfile(file):
            return file
    return None


@functools.cache
def _imports(path: str) -> tuple[bytes, tuple[str, ...]]:
    """-> (text of a file, files of the package that it imports)"""
    with open(path, "rb") as file:
        text = file.read()
    found: set[str | None] = set()
    for module, members, plain in _IMPORT.findall(text.decode()):
        names = [f"{module}.{name}" for name in re.findall(r"\w+", re.sub(r" as \w+", "", members))]
        found |= {_module_file(name) or _module_file(module) for name in names} if module else {_module_file(plain)}
    return text, tuple(sorted(file for file in found if file))


def sources(path: str) -> list[str]:
    """*path* and every file of the package that it reaches by imports, sorted."""
    reached, ahead = {path}, [path]
    while ahead:
        for file in _imports(ahead.pop())[1]:
            if file not in reached:
                reached.add(file)
                ahead.append(file)
    return sorted(reached)


def source_hash(path: str) -> str:
    """Sixteen hex digits over the text of all sources of *path*."""
    digest = hashlib.sha256()
    for file in sources(path):
        digest.update(os.path.basename(file).encode() + b"\0" + _imports(file)[0])
    return digest.hexdigest()[:16]


@functools.cache
def cache_folder(path: str) -> str | None:
    """Where the compiled kernels of file *path* are kept, made if need be; None when no folder can be written."""
    base = os.environ.get("RIG_KERNEL_CACHE")
    if not base:
        home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
        base = os.path.join(home, "faxrig")
    folder = os.path.join(base, f"kernels-{source_hash(path)}")
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError:
        return None
    return folder


def kernel(function: F) -> F:
    """Compile at first use: no GIL, cached, fast maths (never test for NaN), no bounds checks."""
    folder = cache_folder(function.__code__.co_filename)
    options: Any = {"nogil": True, "fastmath": set(FASTMATH), "error_model": "numpy"}
    if folder is None:
        return cast(F, numba.njit(**options)(function))
    config = cast(Any, numba.config)
    before, config.CACHE_DIR = config.CACHE_DIR, folder
    try:
        return cast(F, numba.njit(cache=True, **options)(function))
    finally:
        config.CACHE_DIR = before
