"""Random calls, one for each seed, and what must hold of every one of them."""

from random import Random

from firmware_sim.clock import ms, seconds
from firmware_sim.t30.capabilities import ALL_MODEMS, Modems
from firmware_sim.t30.frames import Frame, encode_number
from firmware_sim.t30.outcome import Cause
from firmware_sim.t30.procedure import Call, Settings, Sheet
from tests.t30 import pages
from tests.t30.world import Faults, World, abort, hang_up

SOMETIMES = (0.0, 0.0, 0.0, 0.03, 0.1, 0.3)
PASSWORD, NUMBER = "77", "5"


def build(seed: int) -> World:
    """The call of a seed: documents, habits of both ends, faults of the line, and now and then a cut."""
    rng = Random(seed)
    chance = lambda: rng.choice(SOMETIMES)  # noqa: E731
    ecm = rng.random() < 0.6
    habits = [_settings(rng, ecm, seed) for _ in range(2)]
    polls = rng.random() < 0.2
    habits[0] = Settings(**{**vars(habits[0]), "polls": polls})
    caller = Call(habits[0], [] if polls and rng.random() < 0.5 else _documents(rng, ecm))
    answerer = Call(habits[1], _documents(rng, ecm) if polls else [])
    if polls and rng.random() < 0.3:
        answerer.shelf = {NUMBER: _documents(rng, ecm)[0], "other": [b"never asked for"]}
    for call in (caller, answerer):
        call.busy_until = seconds(rng.choice((0, 0, 0, 40, 90)))
        call.operator_wanted = rng.random() < 0.1
    faults = Faults(
        burst_lost=chance(),
        frame_spoilt=chance(),
        training_spoilt=chance(),
        image_lost=chance() / 3 if ecm else 0.0,
        image_unreadable=chance(),
        block_frame_spoilt=chance(),
        row_spoilt=chance() / 3,
        page_cut=chance() / 3,
        echo=chance(),
        echo_delay=ms(rng.choice((100, 300, 900))),
        jitter=ms(rng.choice((0, 0, 50, 300))),
        latency=ms(rng.choice((1, 20, 20, 150, 600, 1400))),
        operator_comes=chance(),
        fastest_bps=rng.choice((1 << 30, 1 << 30, 1 << 30, 9600, 4800)),
    )
    world = World(seed, caller, answerer, faults)
    if rng.random() < 0.1:
        hang_up(world, seconds(rng.uniform(0, 90)))
    if rng.random() < 0.1:
        abort(rng.choice(world.ports), seconds(rng.uniform(0, 90)))
    return world


def _settings(rng: Random, ecm: bool, seed: int) -> Settings:
    able = ALL_MODEMS.replace(
        modems=rng.choice([*list(Modems)[1:], *[Modems.V27TER_V29_V17] * 4]),
        fine=rng.random() < 0.8,
        superfine=rng.random() < 0.5,
        two_dimensional=rng.random() < 0.5,
        t85=rng.random() < 0.3,
        widths_mm=(215, 255) if rng.random() < 0.5 else (215,),
        length=rng.choice(("A4", "unlimited")),
        subaddress=rng.random() < 0.5,
        password=rng.random() < 0.8,
        prefers_64=rng.random() < 0.2,
    )
    said = {
        Frame.NSF: rng.randbytes(rng.randrange(1, 90)),
        Frame.SUB: encode_number("42"),
        Frame.SID: encode_number(PASSWORD),
        Frame.PWD: encode_number(PASSWORD),
        Frame.SEP: encode_number(NUMBER),
    }
    return Settings(
        capabilities=able,
        identification=encode_number(f"+49{seed}") if rng.random() < 0.7 else b"",
        ecm=ecm,
        frames_of_64=rng.random() < 0.3,
        options={frame: fif for frame, fif in said.items() if rng.random() < 0.5},
        poll_password=encode_number(PASSWORD) if rng.random() < 0.2 else b"",
        sender_password=encode_number(PASSWORD) if rng.random() < 0.1 else b"",
        fastest_bps=rng.choice((14400, 14400, 9600, 4800)),
        longest_page=20_000 if rng.random() < 0.05 else 8_000_000,
        corrects_on=rng.random() < 0.7,
        asks_repeat=rng.random() < 0.3,
        inspect=pages.inspect,
        form=pages.form,
        divide=pages.divide,
    )


def _documents(rng: Random, ecm: bool) -> list[list[bytes]]:
    most = 5000 if ecm and rng.random() < 0.15 else 300
    return [
        [pages.draw(rng.randrange(1, most), rng) for _ in range(rng.choice((1, 1, 2, 3)))]
        for _ in range(rng.choice((1, 1, 2)))
    ]


def check(world: World) -> None:
    """What the receiver calls good is what was sent, and neither end believes more than the other can vouch for."""
    caller, answerer = (port.terminal for port in world.ports)
    for sender, receiver in ((caller, answerer), (answerer, caller)):
        _check_direction(sender.call.sent, receiver.call.received)
    outcomes = [port.terminal.outcome for port in world.ports]
    if all(outcome.cause in (Cause.OK, Cause.INCOMPLETE) for outcome in outcomes):
        assert len(caller.call.sent) == len(answerer.call.received)
        assert len(answerer.call.sent) == len(caller.call.received)
    for terminal, other in ((caller, answerer), (answerer, caller)):
        if terminal.outcome.ok and terminal.trace[-2][2] == "DCN" and terminal.trace[-2][1] == "->":
            assert other.outcome.cause in (Cause.OK, Cause.VOICE), f"sender content, receiver not: {outcomes}"
            assert not terminal.call.outbox or not terminal.call.settings.polls


def _check_direction(sent: list[Sheet], received: list[Sheet]) -> None:
    remaining = iter(received)
    for sheet in sent:
        if sheet.good:
            assert any(copy.good and same(sheet.octets, copy.octets) for copy in remaining), (
                "a confirmed page is missing"
            )
    remaining = iter(sent)
    for copy in received:
        if copy.good:
            assert any(same(sheet.octets, copy.octets) for sheet in remaining), (
                "a good copy of no page, or twice of one"
            )


def same(sent: bytes, copy: bytes) -> bool:
    """Equal but for padding after the end; without error correction, but for rows that are known to be bad."""
    if copy.startswith(sent):
        return not copy[len(sent) :].strip(b"\0")
    rows, copied = pages.rows_of(sent), pages.rows_of(copy)
    bad = sum(1 for row in copied[:-1] if not pages.is_good(row))
    return (
        len(rows) == len(copied)
        and bad <= 0.05 * len(rows)
        and all(mine == theirs or not pages.is_good(theirs) for mine, theirs in zip(rows, copied, strict=True))
    )
