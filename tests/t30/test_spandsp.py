"""Our stations against libspandsp's T.30, frame by frame: its procedure and its T.4, without its modems."""

import ctypes
from collections import deque

import pytest
from PIL import Image

from firmware_sim.clock import ms, seconds
from firmware_sim.device import pages as paper
from firmware_sim.t4 import patterns
from firmware_sim.t4.page import Resolution, difference
from firmware_sim.t30.capabilities import AUDIO_V29
from firmware_sim.t30.frames import encode_number
from firmware_sim.t30.outcome import Cause
from firmware_sim.t30.procedure import Call, Settings, remote_identification
from firmware_sim.t30.procedure import Image as Kind
from firmware_sim.t30.signals import (
    Carrier,
    CarrierDown,
    CarrierUp,
    DataHeard,
    FrameHeard,
    Sent,
    TrainingHeard,
    Transmit,
)
from firmware_sim.t30.station import called, calling
from firmware_sim.t30.terminal import Terminal

try:
    LIBRARY = ctypes.CDLL("libspandsp.so.2")
except OSError:
    LIBRARY = None

pytestmark = [pytest.mark.peer, pytest.mark.skipif(LIBRARY is None, reason="libspandsp2 is not installed")]

SET_TYPE = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_int)
SEND_HDLC = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(ctypes.c_uint8), ctypes.c_int)
PHASE_E = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int)
NONE, PAUSE, CED, CNG, V21, V27TER, V29, V17, DONE = range(9)
STEP_COMPLETE = 0
CARRIER_DOWN, CARRIER_UP, TRAINED, FRAMING_OK = -1, -2, -4, -6
TICK = ms(20)
ALL = ctypes.c_int(0xFFFF)
TURNED = bytes(int(f"{octet:08b}"[::-1], 2) for octet in range(256))
"""Its chunks stand least significant bit first."""


class Spandsp:
    """libspandsp's T.30 with a front end that only counts time. *heard* collects what it puts on the line."""

    def __init__(self, is_caller, send=None, receive=None, modems=7):
        self.heard, self.queue, self.busy_until, self.type, self.code = [], deque(), 0, NONE, None
        self.burst = False
        self.keep = (SET_TYPE(lambda *_: None), SET_TYPE(self._set_tx), SEND_HDLC(self._send), PHASE_E(self._end))
        LIBRARY.t30_init.restype = ctypes.c_void_p
        none = None
        rx, tx, hdlc, end = self.keep
        self.t30 = ctypes.c_void_p(LIBRARY.t30_init(none, ctypes.c_int(is_caller), rx, none, tx, none, hdlc, none))
        LIBRARY.t30_set_tx_ident(self.t30, b"+4930222")
        LIBRARY.t30_set_ecm_capability(self.t30, 0)
        LIBRARY.t30_set_supported_modems(self.t30, modems)
        LIBRARY.t30_set_supported_compressions(self.t30, 7)
        LIBRARY.t30_set_supported_resolutions(self.t30, ALL)
        LIBRARY.t30_set_phase_e_handler(self.t30, end, none)
        if send:
            LIBRARY.t30_set_tx_file(self.t30, str(send).encode(), -1, -1)
        if receive:
            LIBRARY.t30_set_rx_file(self.t30, str(receive).encode(), -1)

    def _set_tx(self, user, kind, bps, short, hdlc):
        self.queue.append(("type", kind, bps, short))

    def _send(self, user, octets, length):
        self.queue.append(("hdlc", bytes(octets[:length]) if length > 0 else length))

    def _end(self, t30, user, code):
        self.code = code

    # -- what it sends -------------------------------------------------------------------------------------------------

    def tick(self, now):
        LIBRARY.t30_timer_update(self.t30, 160)
        if now < self.busy_until:
            return
        if self.queue:
            what, *values = self.queue.popleft()
            self._begin(now, *values) if what == "type" else self._frame(now, *values)
        elif self.type in (PAUSE, CED, V21, V29):
            if self.type == V29:
                self.heard.append(CarrierDown(Carrier.IMAGE))
            self.type = V21 if self.type == V21 else NONE
            LIBRARY.t30_front_end_status(self.t30, STEP_COMPLETE)

    def _begin(self, now, kind, bps, short):
        if self.burst and kind != V21:
            self.heard.append(CarrierDown(Carrier.V21))
            self.burst = False
        self.type = kind
        if kind == PAUSE:
            self.busy_until = now + ms(short)
        elif kind == CED:
            self.busy_until = now + seconds(3)
        elif kind == V29:
            self._image(now, bps)

    def _frame(self, now, frame):
        if not isinstance(frame, bytes):
            self.busy_until = now + ms(-frame * 8 * 1000 // 300)
            return
        if not self.burst:
            self.heard.append(CarrierUp(Carrier.V21))
            self.burst = True
        self.heard.append(FrameHeard(frame))
        self.busy_until = now + ms((len(frame) + 3) * 8 * 1000 // 300)

    def _image(self, now, bps):
        chunk, octets = (ctypes.c_uint8 * 4096)(), b""
        while (count := LIBRARY.t30_non_ecm_get_chunk(self.t30, chunk, 4096)) > 0:
            octets += bytes(chunk[:count])
            if count < 4096:
                break
        wrong = sum(octet.bit_count() for octet in octets) / max(1, len(octets) * 8)
        self.heard += [CarrierUp(Carrier.IMAGE), TrainingHeard(wrong), DataHeard(octets.translate(TURNED))]
        self.busy_until = now + len(octets) * 8 * 1_000_000 // bps

    # -- what it hears -------------------------------------------------------------------------------------------------

    def hear_begin(self, signal):
        """Its timers stop under a carrier."""
        if signal.image is None:
            for status in (CARRIER_UP, FRAMING_OK):
                LIBRARY.t30_hdlc_accept(self.t30, None, status, 1)
        else:
            for status in (CARRIER_UP, TRAINED):
                LIBRARY.t30_non_ecm_put_bit(self.t30, status)

    def hear_end(self, signal):
        if signal.image is None:
            for frame in signal.frames:
                LIBRARY.t30_hdlc_accept(self.t30, (ctypes.c_uint8 * len(frame))(*frame), len(frame), 1)
            LIBRARY.t30_hdlc_accept(self.t30, None, CARRIER_DOWN, 1)
            return
        octets = bytes(signal.rate.bps * 3 // 16) if signal.image is Kind.TRAINING else signal.octets.translate(TURNED)
        LIBRARY.t30_non_ecm_put_chunk(self.t30, (ctypes.c_uint8 * len(octets))(*octets), len(octets))
        LIBRARY.t30_non_ecm_put_bit(self.t30, CARRIER_DOWN)


def on_air(signal):
    if signal.image is None:
        return seconds(1) + ms(sum(len(frame) + 3 for frame in signal.frames) * 8 * 1000 // 300)
    octets = signal.rate.bps * 3 // 16 if signal.image is Kind.TRAINING else len(signal.octets)
    return ms(253) + octets * 8 * 1_000_000 // signal.rate.bps


def play(terminal, peer, limit=600_000_000):
    """Until both ends are through."""
    now, sending, starts_at, ends_at = 0, None, 0, 0
    while terminal.outcome is None or peer.code is None:
        now += TICK
        for output in terminal.outputs():
            if isinstance(output, Transmit):
                sending, starts_at, ends_at = output, now + output.after, now + output.after + on_air(output)
        if sending is not None and starts_at <= now < starts_at + TICK:
            peer.hear_begin(sending)
        if sending is not None and now >= ends_at:
            signal, sending = sending, None
            peer.hear_end(signal)
            terminal.receive(Sent(), now)
        peer.tick(now)
        while peer.heard and sending is None:
            terminal.receive(peer.heard.pop(0), now)
        terminal.expire(now)
        assert now < limit, f"no end: {terminal.where}, {terminal.trace}"


SETTINGS = Settings(
    AUDIO_V29,
    encode_number("+4930111"),
    ecm=False,
    encode=paper.encode,
    inspect=paper.inspect,
    form=paper.form,
)
FINE = patterns.text(resolution=Resolution.FINE, height_px=700)


def rows_of(path):
    with Image.open(path) as image:
        for number in range(image.n_frames):
            image.seek(number)
            yield image.size, bytes(octet ^ 0xFF for octet in image.convert("1").tobytes()), image.info["dpi"]


@pytest.mark.parametrize("document", [[patterns.text()], [FINE, FINE], [patterns.staircase(), patterns.white()]])
def test_libspandsp_receives_from_us(tmp_path, document):
    call = Call(SETTINGS, [list(document)])
    terminal, peer = Terminal(call, calling), Spandsp(is_caller=False, receive=tmp_path / "in.tif")
    play(terminal, peer)
    assert (terminal.outcome.cause, peer.code) == (Cause.OK, 0), terminal.trace
    assert [sheet.good for sheet in call.sent] == [True] * len(document)
    assert remote_identification(call) == "+4930222"
    arrived = list(rows_of(tmp_path / "in.tif"))
    assert [rows for _, rows, _ in arrived] == [page.rows for page in document]


def test_libspandsp_sends_to_us(tmp_path):
    page = patterns.text()
    image = Image.frombytes("1", (page.width_px, page.height_px), bytes(octet ^ 0xFF for octet in page.rows))
    image.save(tmp_path / "out.tif", "TIFF", compression="group3", dpi=(204, 98), strip_size=1 << 30)
    call = Call(SETTINGS)
    terminal, peer = Terminal(call, called), Spandsp(is_caller=True, send=tmp_path / "out.tif")
    play(terminal, peer)
    assert (terminal.outcome.cause, peer.code) == (Cause.OK, 0), terminal.trace
    (sheet,) = call.received
    assert difference(page, paper.decode(sheet.octets, sheet.terms).page) == ""
    assert remote_identification(call) == "+4930222"


def test_libspandsp_without_our_modem(tmp_path):
    """It offers V.27ter alone, we have V.29 alone: we say so and leave."""
    terminal = Terminal(Call(SETTINGS, [[patterns.white()]]), calling)
    play(terminal, Spandsp(is_caller=False, receive=tmp_path / "in.tif", modems=1))
    assert terminal.outcome.cause is Cause.INCOMPATIBLE
