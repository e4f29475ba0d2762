"""Complaints from the field, and what the road between two fax machines does to audio."""

import numpy as np

from firmware_sim.t4 import patterns
from rig.conformance import acts, wire
from rig.conformance.acts import SMALL
from rig.conformance.cases.transmit import CALLS, ONE, TWO_DOCUMENTS, TWO_PAGES, finish, go_on, page_sent
from rig.conformance.model import Case, Role, Samples, Script, Setup, add, case
from rig.conformance.signals import MS
from rig.conformance.tester import T4_MS, Tester


@case("field-collision", "Phase-D-collision", role=CALLS, setup=TWO_PAGES)
def collision(t: Tester) -> Script:
    """A late MCF collides with the repeated MPS: no page is lost or doubled."""
    yield from page_sent(t, "MPS")
    ended = t.last_end
    yield from t.until(lambda: t.began(ended))
    yield from t.pause(300)
    t.play(wire.v21(wire.hdlc(t.frames_of("MCF"), 37), t.level_dbm0), "MCF, too late", "V.21", -1e9)
    yield from t.expect("MPS", T4_MS[1])
    yield from t.sent()
    yield from t.send("MCF", after_ms=1000)
    yield from go_on(t, "MPS")


@case("field-eop-echo", "Tx-EOP-echo", role=CALLS, setup=ONE)
def eop_echo(t: Tester) -> Script:
    """The device hears its own EOP come back, and takes it for no answer."""
    yield from page_sent(t, "EOP")
    t.play(t.signals[-1].samples // 4, "echo of EOP", "V.21", 100)
    yield from t.sent()
    yield from t.send("MCF", after_ms=300)
    yield from go_on(t, "EOP")


@case("field-silence-after-eom", "T1-after-EOMx", role=CALLS, setup=TWO_DOCUMENTS)
def silence_after_eom(t: Tester) -> Script:
    """The answerer falls silent after EOM and MCF: the device gives up by itself."""
    yield from page_sent(t, "EOM")
    yield from t.send("MCF")
    yield from t.gives_up(5, 65, t.last_end)
    t.wanted_success = False


# -- tones -------------------------------------------------------------------------------------------------------------


def _answer_tone(id: str, title: str, tone: Samples | None, after_ms: float = 300.0) -> None:
    """An answer as it comes in the field; the fax goes through."""

    def script(t: Tester) -> Script:
        if tone is not None:
            t.play(tone, title, "tone", after_ms)
            yield from t.sent()
        else:
            yield from t.pause(2000)
        t.drop_tones()
        yield from acts.say_dis(t)
        terms = yield from acts.heard_dcs(t)
        yield from t.send("CFR")
        yield from finish(t, terms)

    add(Case(id, title, script, CALLS, setup=ONE))


def ansam(ms: float, dbm0: float = -13.0) -> Samples:
    """2100 Hz, its phase reversed every 450 ms, 20 % of amplitude modulation at 15 Hz (V.8)."""
    n = np.arange(round(ms * MS))
    turn = np.where(n // (450 * MS) % 2, -1.0, 1.0)
    swing = 1 + 0.2 * np.sin(2 * np.pi * 15 / 8000 * n)
    wave: Samples = np.rint(wire.peak(dbm0) * turn * swing * np.sin(2 * np.pi * 2100 / 8000 * n)).astype(np.int16)
    return wave


_answer_tone("audio-no-ced", "No answer tone at all, only DIS", None)
_answer_tone("audio-short-ced", "An answer tone of half a second", wire.tone(2100, -13, 500))
_answer_tone("audio-low-ced", "An answer tone at -40 dBm0", wire.tone(2100, -40, 3000))
_answer_tone("audio-ced-off-frequency", "An answer tone of 2150 Hz", wire.tone(2150, -13, 3000))
_answer_tone("audio-ansam", "ANSam: the answer tone of a Super G3 machine", ansam(3300))


@case("audio-cng-ignored")
def cng_heard(t: Tester) -> Script:
    """A caller whose CNG goes on into CED and after it; the fax goes through."""
    t.play(wire.tone(1100, -13, 500), "CNG", "tone", 300)
    yield from t.sent()
    t.play(wire.tone(1100, -13, 500), "CNG", "tone", 3000)
    yield from t.sent()
    t.busy_until = 0
    ced = yield from t.next_signal(10_000)
    if ced is None or ced.kind != "tone":
        raise t.wrong("wait for CED", "CED", "nothing" if ced is None else ced.text)
    dis = yield from t.expect("DIS", 3000)
    terms = yield from acts.trained(t, dis)
    yield from acts.page_and(t, SMALL, terms)
    yield from acts.goodbye(t)
    t.wanted_pages = [SMALL]


# -- level, noise, drift -----------------------------------------------------------------------------------------------


def _received(id: str, title: str, *, level: float = -13.0, snr_db: float = 0.0, ppm: float = 0.0, rows: int = 300,
              delay_ms: float = 75.0, longest_s: float = 120.0) -> None:  # fmt: skip
    def script(t: Tester) -> Script:
        sheet = patterns.text(1728, rows, seed=5)
        t.level_dbm0 = level
        t.ppm = ppm
        t.noise_dbm0 = level - snr_db if snr_db else None
        dis = yield from acts.answered(t)
        terms = yield from acts.trained(t, dis, after_ms=delay_ms)
        yield from acts.page_and(t, sheet, terms, "MPS")
        yield from acts.page_and(t, SMALL, terms, "EOP")
        yield from acts.goodbye(t)
        t.wanted_pages = [sheet, SMALL]

    add(Case(id, title, script, Role.ANSWERS, longest_s=longest_s))


_received("audio-loud", "A sender at -3 dBm0", level=-3.0)
_received("audio-low", "A sender at -38 dBm0", level=-38.0)
_received("audio-noise", "Noise 32 dB below the signal", snr_db=32.0)
_received("audio-drift-fast", "A sender whose clock is 100 ppm fast, a long page", ppm=100.0, rows=2000, longest_s=300)
_received("audio-drift-slow", "A sender whose clock is 100 ppm slow, a long page", ppm=-100.0, rows=2000, longest_s=300)
_received("audio-satellite", "Answers come 600 ms late each", delay_ms=600.0)

__all__ = ["Setup"]
