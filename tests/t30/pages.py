"""Pages whose damage can be seen without a T.4 decoder: rows that carry their own check, and a mark at the end."""

from random import Random
from zlib import crc32

from firmware_sim.t30.capabilities import Dcs, Form, Grid
from firmware_sim.t30.procedure import Copy

ROW = 16
END = b"return to control"[:ROW]


def draw(rows: int, rng: Random) -> bytes:
    return b"".join(_row(rng.randbytes(ROW - 4)) for _ in range(rows)) + END


def rows_of(page: bytes) -> list[bytes]:
    return [page[start : start + ROW] for start in range(0, len(page), ROW)]


def is_good(row: bytes) -> bool:
    return row == _row(row[: ROW - 4])


def inspect(page: bytes, terms: Dcs) -> Copy:
    rows = rows_of(page)
    complete = END in rows
    body = rows[: rows.index(END)] if complete else rows
    return Copy(len(body), sum(not is_good(row) for row in body), complete and bool(body))


LONG_ROWS = 150


def form(page: bytes) -> Form:
    """Any octet will do to make pages of several resolutions and widths."""
    grid = list(Grid)[page[0] % 3]
    return Form(grid, 255 if page[1] % 4 == 0 else 215, 1000 if len(page) > LONG_ROWS * ROW else 297)


def divide(page: bytes, terms: Dcs) -> list[bytes]:
    """A long page in parts for a receiver without endless paper."""
    rows = rows_of(page)[:-1]
    if terms.length == "unlimited" or len(rows) < LONG_ROWS:
        return [page]
    return [b"".join(rows[start : start + LONG_ROWS]) + END for start in range(0, len(rows), LONG_ROWS)]


def _row(data: bytes) -> bytes:
    return data + crc32(data).to_bytes(4, "little")
