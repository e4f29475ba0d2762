"""How a device is controlled from another process: one JSON object a line, pages as packed rows (zlib, base64).

{"id": 7, "device": "fax-interface-1", "method": "dial", "params": {...}}
{"id": 7, "result": ...}   or   {"id": 7, "error": {"code": "stale_fence", "text": "..."}}
"""

import json
import zlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import Any

from firmware_sim.errors import DecodeError
from firmware_sim.events import Stamped
from firmware_sim.t4.page import Page, Resolution

LONGEST_LINE = 64 << 20
LARGEST_PAGE = 8 << 20
"""Octets of unpacked rows of one page: 2432 px at 400 dpi, over a metre long."""


def line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def parse(data: bytes) -> dict[str, Any]:
    """Raises DecodeError for what is no JSON object."""
    try:
        message = json.loads(data)
    except ValueError as error:
        raise DecodeError(f"not a line of JSON: {error}") from error
    if not isinstance(message, dict):
        raise DecodeError("not a JSON object")
    return message


def event_line(event: Stamped) -> bytes:
    return line({"at": event.at, "source": event.source, "event": event.name, "detail": dict(event.detail)})


def parse_event(data: bytes) -> Stamped:
    """Raises DecodeError for what is no event."""
    message = parse(data)
    try:
        return Stamped(int(message["at"]), str(message["source"]), str(message["event"]), dict(message["detail"]))
    except (KeyError, TypeError, ValueError) as error:
        raise DecodeError(f"not an event: {data[:80]!r}") from error


def pack_pages(pages: Sequence[Page]) -> list[dict[str, Any]]:
    return [
        {
            "width_px": page.width_px,
            "resolution": page.resolution.name,
            "rows": b64encode(zlib.compress(page.rows, 1)).decode("ascii"),
            "bad_rows": list(page.bad_rows),
        }
        for page in pages
    ]


def unpack_pages(packed: Sequence[dict[str, Any]]) -> tuple[Page, ...]:
    """Raises DecodeError for what are no pages."""
    try:
        return tuple(
            Page(int(page["width_px"]), _unpack(page["rows"]), Resolution[page["resolution"]], tuple(page["bad_rows"]))
            for page in packed
        )
    except (KeyError, TypeError, ValueError, Base64Error, zlib.error) as error:
        raise DecodeError(f"not a page: {error}") from error


def _unpack(rows: str) -> bytes:
    unpacked = zlib.decompressobj().decompress(b64decode(rows, validate=True), LARGEST_PAGE + 1)
    if len(unpacked) > LARGEST_PAGE:
        raise ValueError("the page is too large")
    return unpacked
