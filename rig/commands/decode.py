"""`rig decode`: a recording of a fax call to its ladder, its pages and the likely cause of its end."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rig.analysis.decode import Decoding

USAGE = 2
MOST_OCTETS = 1 << 30


def decode(
    file: Annotated[Path, typer.Argument(help="A WAV (mono or stereo, any rate) or a pcap or pcapng file.")],
    json: Annotated[bool, typer.Option("--json", help="JSON alone on stdout.")] = False,
    pages: Annotated[Path | None, typer.Option("--pages", help="Put the pages here, as TIFF and PNG.")] = None,
    call: Annotated[int | None, typer.Option("--call", min=1, help="Which one. Default: the first with a fax.")] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the whole as one HTML file.")] = None,
) -> None:
    """Decode a recorded fax call: ladder, times, capabilities, pages, and the likely cause where it failed.

    Exit code: 0 the call succeeded, 1 it failed, 2 the file cannot be read or the use is wrong, 3 no fax in it.
    """
    from rig.analysis import present
    from rig.analysis.decode import decode as read
    from rig.analysis.recording import UnreadableError

    try:
        decoding = read(_octets(file), file.name, call)
    except UnreadableError as error:
        raise _refuse(f"{file}: {error}") from None
    try:
        if pages is not None:
            _save_pages(decoding, pages)
        if html is not None:
            from rig.analysis.page import html as page

            html.write_text(page(decoding), encoding="utf-8")
    except OSError as error:
        raise _refuse(f"{error.filename or pages or html} cannot be written: {error.strerror}") from None
    sys.stdout.write(present.plain(decoding) if json else present.text(decoding))
    raise typer.Exit(decoding.exit_code)


def _refuse(text: str) -> typer.Exit:
    sys.stderr.write(f"rig decode: {text}\n")
    return typer.Exit(USAGE)


def _octets(file: Path) -> bytes:
    try:
        if file.stat().st_size > MOST_OCTETS:
            raise _refuse(f"{file} is larger than {MOST_OCTETS >> 30} GiB: cut out the call")
        return file.read_bytes()
    except OSError as error:
        raise _refuse(f"{file} cannot be read: {error.strerror}") from None


def _save_pages(decoding: "Decoding", folder: Path) -> None:
    from firmware_sim.t4 import tiff
    from rig.report.picture import png

    folder.mkdir(parents=True, exist_ok=True)
    found = [(sheet.number, sheet.page) for sheet in decoding.sheets if sheet.page is not None]
    for number, page in found:
        (folder / f"page-{number:03}.png").write_bytes(
            png(page, [row for row in page.bad_rows if row < page.height_px])
        )
        (folder / f"page-{number:03}.tif").write_bytes(tiff.write([page], tiff.Coding.MMR))
    if found:
        (folder / "pages.tif").write_bytes(tiff.write([page for _, page in found], tiff.Coding.MMR))
