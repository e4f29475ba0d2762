"""Puts the files of a run into a folder of their own."""

from contextlib import suppress
from datetime import UTC
from pathlib import Path

from rig.report.html import html
from rig.report.junit import junit
from rig.report.plain import plain
from rig.report.record import Run


def write(run: Run, folder: Path | str) -> Path:
    """Make *folder*/<UTC time>/ with index.html, junit.xml and report.json, and return the path of index.html.

    *folder*/latest leads to the newest run. Two runs of one second get folders of their own.
    """
    place = _new_folder(Path(folder), run.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ"))
    (place / "junit.xml").write_bytes(junit(run))
    (place / "report.json").write_text(plain(run), encoding="utf-8")
    index = place / "index.html"
    index.write_text(html(run), encoding="utf-8")
    _lead_to(place)
    return index


def _new_folder(parent: Path, name: str) -> Path:
    number = 1
    while True:
        place = parent / (name if number == 1 else f"{name}-{number}")
        try:
            place.mkdir(parents=True)
        except FileExistsError:
            number += 1
        else:
            return place


def _lead_to(place: Path) -> None:
    latest, new = place.parent / "latest", place.parent / f".latest-{place.name}"
    # A convenience: on file systems without symbolic links there is none.
    with suppress(OSError, NotImplementedError):
        new.unlink(missing_ok=True)
        new.symlink_to(place.name, target_is_directory=True)
        new.replace(latest)
