"""Finds the files that come with the project: hardware.yaml, fixtures/, robot/.

In a checkout they lie at its top; in a wheel they travel inside this package.
"""

from pathlib import Path

_PACKED = Path(__file__).parent
_CHECKOUT = _PACKED.parent.parent


def path(name: str) -> Path:
    """Where *name* ("hardware.yaml", "fixtures/pages") is. Raises FileNotFoundError when it did not come along."""
    for folder in (_CHECKOUT, _PACKED):
        if folder is _CHECKOUT and not (folder / "pyproject.toml").is_file():
            continue
        if (folder / name).exists():
            return folder / name
    raise FileNotFoundError(f"{name} did not come with this installation of faxrig")
