"""A fax terminal without a line: signals in, signals out, and one deadline. It never reads a clock."""

from collections.abc import Callable, Generator
from typing import Any

from firmware_sim.clock import Instant
from firmware_sim.errors import DecodeError
from firmware_sim.t30 import timers
from firmware_sim.t30.frames import Control, Frame, Message, decode, encode_block
from firmware_sim.t30.outcome import Outcome
from firmware_sim.t30.procedure import (
    Aborted,
    Alert,
    Answered,
    Block,
    Call,
    Disconnected,
    Heard,
    Image,
    LineDropped,
    Listen,
    Page,
    Request,
    Send,
    SendBlock,
    SendPage,
    SendTraining,
    Silence,
    Spoilt,
    Training,
)
from firmware_sim.t30.signals import (
    Abort,
    Carrier,
    CarrierDown,
    CarrierUp,
    DataHeard,
    Event,
    FrameHeard,
    LineLost,
    OperatorAnswers,
    Output,
    Release,
    RingOperator,
    Sent,
    TrainingHeard,
    Transmit,
    Tune,
)
from firmware_sim.t30.station import session

LONGEST_BURST, LONGEST_FRAME = 16, 256
"""Frames of a burst, and octets of a block's frame: what more comes is forgotten."""

Station = Callable[[Call], Generator[Request, Heard, bool]]


class Terminal:
    """Plays one station's procedure. After each `receive` or `expire`, take `outputs()` and look at `deadline`."""

    def __init__(self, call: Call, station: Station, now: Instant = 0) -> None:
        self.call = call
        self.outcome: Outcome | None = None
        self.deadline: Instant | None = None
        self.trace: list[tuple[Instant, str, str]] = []
        self._procedure = session(call, station)
        self._request: Request | None = None
        self._outputs: list[Output] = []
        self._carrier: Carrier | None = None
        self._due: Instant = now
        self._last_box = ""
        self._carrier_since: Instant = now
        self._sends_at_length = self._hears_at_length = False
        """The next image signal trains at length although it is no TCF: a CTC goes before it, ours or the peer's."""
        self._said: tuple[bytes, ...] = ()
        self._clear()
        self._step(now, self._procedure.send, None)

    # -- the surface ---------------------------------------------------------------------------------------------------

    def receive(self, event: Event, now: Instant) -> None:
        if self.outcome is None:
            self._handlers[type(event)](self, event, now)

    def outputs(self) -> list[Output]:
        taken, self._outputs = self._outputs, []
        return taken

    def expire(self, now: Instant) -> None:
        """The deadline has come: the timer ran out, or a carrier outstayed every frame and page."""
        if self.deadline is None or now < self.deadline:
            return
        if self._carrier is not None:
            self._carrier_down(CarrierDown(self._carrier), now)
        elif isinstance(self._request, (Listen, Alert)):
            self._note(now, "..", f"{self._request.timer.clause} (timer)")
            self._step(now, self._procedure.send, Silence())

    @property
    def where(self) -> str:
        """The open boxes of the flow chart, outermost first: "calling > send_document > train > ask"."""
        boxes: list[str] = []
        box: Any = self._procedure
        while (box := box.gi_yieldfrom) is not None:
            boxes.append(box.gi_code.co_name)
        return " > ".join(boxes)

    # -- the procedure -------------------------------------------------------------------------------------------------

    def _step(self, now: Instant, move: Callable[..., Request], value: object) -> None:
        """Resume the procedure, or throw into it, and begin what it asks for next."""
        self.call.now = now
        self._last_box = self.where or self._last_box
        try:
            self._request = move(value)
        except StopIteration as end:
            cause, phase = end.value
            self.outcome = Outcome(cause, phase, self._last_box)
            self._request = self.deadline = None
            self._outputs.append(Release())
            self._note(now, "==", str(self.outcome))
        else:
            self._begin(self._request, now)

    def _begin(self, request: Request, now: Instant) -> None:
        self.deadline = None
        match request:
            case Listen(timer, image, rate, operator):
                if operator:
                    self._outputs.append(RingOperator())
                self._outputs.append(Tune(image, rate, self._hears_at_length or image is Image.TRAINING))
                self._due = self.deadline = now + timer.nominal
                if self._carrier is not None:
                    self._hold(now)
            case Send(message):
                self._said = message.encode(self.call.x)
                self._sends_at_length |= message.code is Frame.CTC
                self._hears_at_length = message.code is Frame.CTR
                self._transmit(Transmit(frames=self._said), str(message), now)
            case SendTraining(rate):
                self._transmit(Transmit(Image.TRAINING, rate, long_training=True), f"TCF {rate}", now)
            case SendPage(rate, octets):
                self._transmit(
                    Transmit(Image.PAGE, rate, octets=octets, long_training=self._sends_at_length),
                    f"page of {len(octets)} octets {rate}",
                    now,
                )
            case SendBlock(rate, frames):
                self._transmit(
                    Transmit(Image.BLOCK, rate, tuple(encode_block(frames)), long_training=self._sends_at_length),
                    f"{len(frames)} frames {rate}",
                    now,
                )
            case Alert(timer):
                self._outputs.append(RingOperator())
                self._due = self.deadline = now + timer.nominal

    def _transmit(self, output: Transmit, text: str, now: Instant) -> None:
        if output.image is not None:
            self._sends_at_length = False
        self._outputs.append(output)
        self._note(now, "->", text)

    def _note(self, now: Instant, direction: str, text: str) -> None:
        self.trace.append((now, direction, text))

    # -- carriers and what they bring ----------------------------------------------------------------------------------

    def _clear(self) -> None:
        self._burst: list[tuple[bytes, Control]] = []
        self._frames: dict[int, bytes] = {}
        self._octets: list[bytes] = []
        self._octet_count = 0
        self._wrong = 1.0

    def _hold(self, now: Instant) -> None:
        """No timer runs out while a carrier is up, but a carrier does not last for ever."""
        if self._carrier is Carrier.V21:
            self.deadline = min(now + timers.FRAME.nominal, max(now, self._carrier_since + timers.BURST.nominal))
        elif isinstance(self._request, Listen) and self._request.image is Image.TRAINING:
            self.deadline = now + timers.TCF_SIGNAL.nominal
        else:
            self.deadline = now + timers.PAGE.nominal

    def _carrier_up(self, event: CarrierUp, now: Instant) -> None:
        """A new carrier ends the one before it, whether or not we were told."""
        if self._carrier is not None:
            self._carrier_down(CarrierDown(self._carrier), now)
        self._carrier, self._carrier_since = event.carrier, now
        self._clear()
        if isinstance(self._request, Listen):
            self._hold(now)

    def _carrier_down(self, event: CarrierDown, now: Instant) -> None:
        if event.carrier is self._carrier:
            self._carrier = None
            self._burst_ended(now) if event.carrier is Carrier.V21 else self._image_ended(now)

    def _frame_heard(self, event: FrameHeard, now: Instant) -> None:
        if self._carrier is Carrier.IMAGE:
            self._block_frame(event.octets)
            return
        if self._carrier is None:
            self._carrier_up(CarrierUp(Carrier.V21), now)
        try:
            control = decode(event.octets or b"")
        except DecodeError:
            self._note(now, "<-", "a spoilt frame")
        else:
            self._burst = [*self._burst[-LONGEST_BURST:], (event.octets or b"", control)]
        if isinstance(self._request, Listen):
            self._hold(now)

    def _block_frame(self, octets: bytes | None) -> None:
        if octets and len(octets) > 4 and octets[2] == Frame.FCD.octet(False):
            self._frames[octets[3]] = octets[4 : 4 + LONGEST_FRAME]

    def _burst_ended(self, now: Instant) -> None:
        """Hear the burst as one message, unless it is our own come back, or its last frame is missing."""
        burst = [control for octets, control in self._burst if octets not in self._said]
        if burst and burst[-1].final:
            message = Message.gather(burst)
            if message.code is Frame.DCN:
                self._note(now, "<-", "DCN")
                self._step(now, self._procedure.throw, Disconnected())
            elif isinstance(self._request, Listen):
                self._note(now, "<-", str(message))
                self._step(now, self._procedure.send, message)
            else:
                self._note(now, "<-", f"{message} (missed: we were sending)")
        elif isinstance(self._request, Listen):
            self._wait_on(now, spoilt=bool(burst) or not self._burst)

    def _image_ended(self, now: Instant) -> None:
        if not isinstance(self._request, Listen):
            return
        self._hears_at_length = False
        heard: Heard
        rate = self._request.rate
        match self._request.image:
            case Image.TRAINING:
                heard = Training(self._wrong)
                self._note(now, "<-", f"TCF {rate}, {self._wrong:.1%} wrong")
            case Image.PAGE:
                heard = Page(b"".join(self._octets))
                self._note(now, "<-", f"page of {len(heard.octets)} octets {rate}")
            case Image.BLOCK:
                heard = Block(self._frames)
                self._note(now, "<-", f"{len(self._frames)} frames {rate}")
            case None:
                self._wait_on(now, spoilt=True)
                return
        self._step(now, self._procedure.send, heard)

    def _wait_on(self, now: Instant, spoilt: bool = False) -> None:
        """The carrier brought nothing. A timer that flags begin anew is the procedure's to begin."""
        assert isinstance(self._request, Listen)
        if spoilt and self._request.timer.restarts:
            self._step(now, self._procedure.send, Spoilt())
        else:
            self.deadline = max(now, self._due)

    # -- the rest of what may happen -----------------------------------------------------------------------------------

    def _training_heard(self, event: TrainingHeard, now: Instant) -> None:
        self._wrong = event.wrong

    def _data_heard(self, event: DataHeard, now: Instant) -> None:
        if self._octet_count <= self.call.settings.longest_page:
            self._octets.append(event.octets)
            self._octet_count += len(event.octets)

    def _sent(self, event: Sent, now: Instant) -> None:
        if not isinstance(self._request, (Listen, Alert)):
            self._step(now, self._procedure.send, None)

    def _line_lost(self, event: LineLost, now: Instant) -> None:
        self._step(now, self._procedure.throw, LineDropped())

    def _abort(self, event: Abort, now: Instant) -> None:
        self._step(now, self._procedure.throw, Aborted())

    def _operator_answers(self, event: OperatorAnswers, now: Instant) -> None:
        if isinstance(self._request, Alert) or (isinstance(self._request, Listen) and self._request.operator):
            self._step(now, self._procedure.send, Answered())

    _handlers: dict[type, Callable[..., None]] = {
        CarrierUp: _carrier_up,
        CarrierDown: _carrier_down,
        FrameHeard: _frame_heard,
        TrainingHeard: _training_heard,
        DataHeard: _data_heard,
        Sent: _sent,
        LineLost: _line_lost,
        Abort: _abort,
        OperatorAnswers: _operator_answers,
    }
