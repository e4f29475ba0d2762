"""Error correction as the tester plays it: blocks cut, sent with holes, read and asked for again (T.30 Annex A)."""

from collections.abc import Collection, Generator
from dataclasses import dataclass

from firmware_sim.t4.codecs import CODECS
from firmware_sim.t4.page import Page
from firmware_sim.t4.scale import at_resolution
from rig.conformance import acts, wire
from rig.conformance import frames as f
from rig.conformance.acts import Terms
from rig.conformance.model import Script
from rig.conformance.signals import coding_of, decode_octets
from rig.conformance.tester import Tester, Wait

BLOCK_FRAMES = 256
SYNC_FLAGS_MS = 200


@dataclass(frozen=True, slots=True)
class Partial:
    """A partial page on its way: what its PPS says."""

    then: str
    page: int
    block: int
    frames: list[bytes]


def cut(page: Page, terms: Terms, then: str, number: int = 0) -> list[Partial]:
    """A page in blocks; all but the last end with NULL."""
    size = 64 if f.is_set(terms.dcs, f.FRAMES_64) else 256
    octets = CODECS[coding_of(terms.dcs)].encode(page, 0)
    frames = [octets[at : at + size].ljust(size, b"\0") for at in range(0, len(octets), size)]
    blocks = [frames[at : at + BLOCK_FRAMES] for at in range(0, len(frames), BLOCK_FRAMES)]
    last = len(blocks) - 1
    return [Partial(then if k == last else "NULL", number, k, block) for k, block in enumerate(blocks)]


def fcd(number: int, data: bytes) -> bytes:
    return bytes((f.ADDRESS, f.MORE, f.FCD)) + f.turned(bytes((number,))) + data


RCP = bytes((f.ADDRESS, f.MORE, f.RCP))


def send_block(t: Tester, part: Partial, terms: Terms, *, only: Collection[int] | None = None,
               bad: Collection[int] = ()) -> Script:  # fmt: skip
    """The frames of a block, those in *bad* with a wrong FCS, and three RCP."""
    numbers = [number for number in range(len(part.frames)) if only is None or number in only]
    frames = [fcd(number, part.frames[number]) for number in numbers]
    spoil = wire.Spoil(frozenset(index for index, number in enumerate(numbers) if number in bad))
    line = wire.hdlc([*frames, RCP, RCP, RCP], terms.bps * SYNC_FLAGS_MS // 8000, spoil=spoil)
    text = f"{len(numbers)} frames" + (f", {len(bad)} of them bad" if bad else "")
    yield from t.image(terms.rate, line, text)


def pps(t: Tester, part: Partial) -> Script:
    yield from t.send(("PPS", f.pps(part.then, part.page, part.block, len(part.frames), x=t.x)))


def ask(t: Tester, part: Partial, answer: str = "MCF") -> Wait:
    yield from pps(t, part)
    return (yield from t.expect(answer))


def confirmed(t: Tester, part: Partial, terms: Terms) -> Wait:
    """The whole block, and MCF."""
    yield from send_block(t, part, terms)
    return (yield from ask(t, part))


def send_page(t: Tester, page: Page, terms: Terms, then: str = "EOP", number: int = 0) -> Script:
    for part in cut(page, terms, then, number):
        yield from confirmed(t, part, terms)


def holes(t: Tester, part: Partial, terms: Terms, bad: Collection[int]) -> Script:
    """A block with bad frames; the PPR must name exactly those."""
    yield from send_block(t, part, terms, bad=bad)
    signal = yield from ask(t, part, "PPR")
    wanted = {number for number in f.ppr_frames(signal.last.fif) if number < len(part.frames)}
    t.check("PPR asks for the bad frames, and only for those", wanted == set(bad), f"{sorted(wanted)}")


def four_requests(t: Tester, part: Partial, terms: Terms, bad: Collection[int]) -> Script:
    """The same frames stay bad until the fourth PPR."""
    yield from holes(t, part, terms, bad)
    for _ in range(3):
        yield from send_block(t, part, terms, only=bad, bad=bad)
        yield from ask(t, part, "PPR")


# -- the device sends --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Collected:
    """The frames of a block as they were heard, and the PPS after it."""

    frames: dict[int, bytes]
    label: bytes
    text: str

    @property
    def count(self) -> int:
        return f.turned(self.label[3:4])[0] + 1


def heard_block(t: Tester, terms: Terms, within_ms: float = 200.0) -> Generator[None, None, dict[int, bytes]]:
    """The frames of one image signal; its sync flags, frame sizes and RCP are judged."""
    image = yield from t.expect_image("a partial page", terms.rate, within_ms)
    read = t.demodulate(image, terms.rate)
    if read is None:
        raise t.wrong("read the partial page", f"training of {terms.rate}", "a signal that does not train")
    found = wire.deframe("".join("1" if bit else "0" for bit in read[0].tolist()))
    data = [frame for frame in found.frames if frame.good and len(frame.octets) > 4 and frame.octets[2] == f.FCD]
    if not data:
        raise t.wrong("read the partial page", "frames", "none that could be read")
    sync_ms = (data[0].start - 8 * data[0].flags_before) * 1000 / terms.bps, data[0].start * 1000 / terms.bps
    t.within("flags before the first frame", sync_ms[1], *acts.SYNC_FLAGS_MS, slack=10)
    size = 64 if f.is_set(terms.dcs, f.FRAMES_64) else 256
    sizes = {len(frame.octets) - 4 for frame in data}
    t.check("frames of one size", sizes <= {size}, f"{sorted(sizes)} octets, agreed {size}")
    after = [frame.octets[2] for frame in found.frames if frame.good and frame.octets[2:3] == bytes((f.RCP,))]
    t.check("three RCP end the block", len(after) == 3, f"{len(after)}")
    good = all(frame.good for frame in found.frames[: len(data)])
    t.check("every frame has a good FCS", good, "damaged frames on a clean line")
    t.relabel(f"{len(data)} frames {terms.rate}")
    return {f.turned(frame.octets[3:4])[0]: frame.octets[4:] for frame in data}


def heard_pps(t: Tester, then: str, page: int, block: int, frames: int, again: int = 0) -> Generator[None, None, bytes]:
    """The PPS after a block of so many frames; after a PPR it may count those sent *again* instead."""
    signal = yield from t.expect(f"PPS-{then}", 95, step=f"PPS-{then} after the block")
    label = signal.last.fif
    said = f.turned(label[1:4])
    t.check("PPS names the page", said[0] == page, f"{said[0]}, due {page}")
    t.check("PPS names the block", said[1] == block, f"{said[1]}, due {block}")
    t.check("PPS counts the frames", said[2] + 1 in (frames, again), f"{said[2] + 1}, sent {frames}")
    return label


def took_page(t: Tester, terms: Terms, sheet: Page, then: str = "EOP", number: int = 0) -> Generator[None, None, int]:
    """All blocks of a page, each confirmed; the page is compared. Returns how many blocks there were."""
    octets, block = b"", 0
    while True:
        frames = yield from heard_block(t, terms)
        full = len(frames) == BLOCK_FRAMES
        label = yield from heard_pps(t, f"{then}|PPS-NULL" if full else then, number, block, len(frames))
        t.check("frames are numbered from 0 on", sorted(frames) == list(range(len(frames))), str(sorted(frames)[:5]))
        octets += joined(frames)
        block += 1
        if label[0] != f.NULL:
            compare(t, terms, octets, sheet)
            yield from t.send("MCF")
            return block
        yield from t.send("MCF")


def compare(t: Tester, terms: Terms, octets: bytes, sheet: Page) -> None:
    decoded = decode_octets(octets, terms.dcs)
    t.heard_pages.append(decoded.page)
    wanted = at_resolution(sheet, decoded.page.resolution)
    t.compare(f"page {len(t.heard_pages)} as it was given to the device", wanted, decoded.page)


def joined(frames: dict[int, bytes]) -> bytes:
    return b"".join(frames[number] for number in sorted(frames))
