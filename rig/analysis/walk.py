"""A call walked through in the order of time: who says what, which modem reads which signal, which page it is."""

from dataclasses import dataclass, field

from firmware_sim.audio import wrong_share
from firmware_sim.dsp import hdlc
from firmware_sim.errors import DecodeError
from firmware_sim.t30.frames import Frame, PartialPage
from firmware_sim.t30.tables import Dcs, Rate
from rig.analysis.heard import MS, Side, Signal, Sort, Take
from rig.analysis.images import Images
from rig.analysis.listen import Ear, without_crosstalk
from rig.analysis.paper import Paper
from rig.analysis.recording import Recording

SHORTEST_IMAGE_MS = 150.0
SHORTEST_UNREAD_MS = 300.0
"""What lasts less and cannot be read is not worth a line."""
BEFORE = 40 * MS
"""Where a receiver begins, before the first energy: some trainings begin with silence."""
FROM_CALLED = (Frame.DIS, Frame.CSI, Frame.NSF)
FROM_CALLER = (Frame.DTC, Frame.CIG, Frame.NSC, Frame.PWD, Frame.SEP, Frame.PSA)
FROM_SENDER = (Frame.DCS, Frame.TSI, Frame.NSS, Frame.SUB, Frame.SID, Frame.CTC, Frame.PPS, Frame.EOR, Frame.RR,
               Frame.MPS, Frame.EOM, Frame.EOP, Frame.PRI_MPS, Frame.PRI_EOM, Frame.PRI_EOP, Frame.EOS)  # fmt: skip
FROM_RECEIVER = (Frame.CFR, Frame.FTT, Frame.CTR, Frame.MCF, Frame.RTP, Frame.RTN, Frame.PIP, Frame.PIN, Frame.PPR,
                 Frame.RNR, Frame.ERR)  # fmt: skip
POST_MESSAGE = (Frame.MPS, Frame.EOM, Frame.EOP)
VERDICTS = (Frame.MCF, Frame.RTP, Frame.RTN, Frame.PIP, Frame.PIN, Frame.PPR, Frame.RNR, Frame.ERR)


@dataclass(slots=True)
class Walk:
    """The call as it came apart: *signals* in order, *paper* with its pages."""

    recording: Recording
    signals: list[Signal] = field(default_factory=list)
    paper: Paper = field(default_factory=Paper)
    terms: Dcs | None = None
    """The DCS in force."""
    rate: Rate | None = None
    sender: Side = Side.CALLER
    _channel: int | None = None
    """Of the sender."""
    _train_at_length: bool = True
    _tcf_due: bool = False
    _image_due: bool = False
    """The sender's next signal is an image signal."""
    _then: Frame | None = None
    """What the last post-message command said comes next."""
    _ears: list[Ear] = field(default_factory=list)
    _images: list[Images] = field(default_factory=list)
    _busy: dict[int, int] = field(default_factory=dict)
    """Up to which sample each channel has been read for image signals."""
    _callers: dict[int, bool] = field(default_factory=dict)


def walk(recording: Recording) -> Walk:
    it = Walk(recording)
    it._ears = [Ear(n, channel.samples) for n, channel in enumerate(recording.channels)]
    it._images = [Images(ear.samples) for ear in it._ears]
    spoken = without_crosstalk(it._ears)
    it._callers = _callers(recording, spoken)
    bursts = [signal for signal in spoken if signal.sort is Sort.V21]
    tones = [signal for signal in spoken if signal.sort is not Sort.V21]
    it.signals = tones
    for tone in tones:
        tone.side = _side_of_tone(it, tone)
    before = 0
    for burst in [*bursts, None]:
        _images_between(it, bursts, before, burst.start if burst else recording.samples)
        if burst is None:
            break
        _place(it, burst)
        _mind(it, burst)
        it.signals.append(burst)
        before = max(before, burst.end)
    it.paper.close()
    it.signals.sort(key=lambda signal: signal.start)
    return it


# -- who is who --------------------------------------------------------------------------------------------------------


def _callers(recording: Recording, spoken: list[Signal]) -> dict[int, bool]:
    """Of each of two channels, whether the caller speaks on it."""
    if recording.mixed:
        return {}
    for n, channel in enumerate(recording.channels):
        if channel.caller is not None:
            return {n: channel.caller, 1 - n: not channel.caller}
    votes = [0, 0]
    for signal in spoken:
        votes[signal.channel] += _vote(signal)
    caller = 0 if votes[0] >= votes[1] else 1
    return {caller: True, 1 - caller: False}


def _vote(signal: Signal) -> int:
    """For the caller when positive."""
    if signal.sort is not Sort.V21:
        return 5 if signal.sort is Sort.CNG else -5
    total = 0
    for control in signal.controls:
        if control.frame in FROM_CALLED:
            total -= 10
        elif control.frame in FROM_CALLER:
            total += 10
        elif control.frame in FROM_SENDER:
            total += 1
        elif control.frame in FROM_RECEIVER:
            total -= 1
    return total


def _side_of_tone(it: Walk, tone: Signal) -> Side:
    if it._callers:
        return Side.CALLER if it._callers[tone.channel] else Side.CALLED
    return Side.CALLER if tone.sort is Sort.CNG else Side.CALLED


def _place(it: Walk, burst: Signal) -> None:
    """Which side a burst is of. On a mixed channel its frames tell, else whose turn it is."""
    if it._callers:
        burst.side = Side.CALLER if it._callers[burst.channel] else Side.CALLED
        return
    frames = [control.frame for control in burst.controls]
    if any(frame in FROM_CALLED for frame in frames):
        burst.side = Side.CALLED
    elif any(frame in FROM_CALLER for frame in frames):
        burst.side = Side.CALLER
    elif any(frame in FROM_SENDER for frame in frames):
        burst.side = it.sender
    elif any(frame in FROM_RECEIVER for frame in frames):
        burst.side = it.sender.other
    elif (x := _x(burst)) is not None:
        burst.side = Side.CALLER if x else Side.CALLED
    else:
        last = next((s for s in reversed(it.signals) if s.sort is Sort.V21 or s.is_image), None)
        burst.side = Side.CALLED if last is None else last.side if last.is_image else last.side.other


def _x(burst: Signal) -> bool | None:
    """The X bit of the last frame, which the station sets that has heard a DIS."""
    good = [octets for _, octets in burst.frames if octets is not None and len(octets) >= 3]
    if not good or not burst.controls:
        return None
    return bool(good[-1][2] & 1)


# -- what a burst changes ----------------------------------------------------------------------------------------------


def _mind(it: Walk, burst: Signal) -> None:
    code, message = burst.code, burst.message
    if code is None or message is None:
        return
    it._image_due = False
    if code is Frame.DTC:
        it.sender = Side.CALLED
    elif code is Frame.DCS:
        it.terms = Dcs.decode(message.fif)
        it.rate = it.terms.rate
        it.sender, it._channel = burst.side, burst.channel
        it._train_at_length = it._tcf_due = it._image_due = True
    elif code is Frame.CTC:
        commanded = Dcs.decode(message.fif).rate
        it.rate = commanded or it.rate
        it._train_at_length = True
    elif code is Frame.CTR:
        it._train_at_length = it._image_due = True
    elif code is Frame.CFR:
        it._tcf_due, it._image_due = False, True
    elif code is Frame.PPS:
        try:
            label = PartialPage.decode(message.fif)
            it._then = label.then
            it.paper.name(label)
        except DecodeError as error:
            burst.details.append(str(error))
    elif code.plain in POST_MESSAGE:
        it.paper.command(code)
        it._then = code.plain
    elif code in VERDICTS:
        it.paper.answer(code)
        it._image_due = code is Frame.PPR or (code is not Frame.RNR and it._then in (Frame.NULL, Frame.MPS))


# -- image signals -----------------------------------------------------------------------------------------------------


def _images_between(it: Walk, bursts: list[Signal], start: int, stop: int) -> None:
    """Read all image signals that begin between two bursts; one may last into a burst of the other side."""
    channels = range(len(it._ears)) if it._channel is None else (it._channel,)
    for channel in channels:
        first = max(start, it._busy.get(channel, 0))
        limit = min((b.start for b in bursts if b.channel == channel and b.start >= max(stop, first)),
                    default=it.recording.samples)  # fmt: skip
        for low, high in _unexplained(it, channel, first, stop, limit):
            if low >= stop or low < it._busy.get(channel, 0):
                continue
            signal = _image(it, channel, max(first, low - BEFORE), low, high, limit)
            if signal is not None:
                it.signals.append(signal)
                it._busy[channel] = signal.end


def _unexplained(it: Walk, channel: int, start: int, stop: int, limit: int) -> list[tuple[int, int]]:
    """Energy that is neither a tone nor V.21."""
    if start >= stop:
        return []
    ear = it._ears[channel]
    if not ear.loud(start, stop, SHORTEST_IMAGE_MS):
        return []
    spans = ear.loud(start, limit, SHORTEST_IMAGE_MS)
    tones = [s for s in ear.signals if s.sort is not Sort.V21]
    return [(a, b) for a, b in spans if not any(_covers(tone, a, b) for tone in tones)]


def _covers(tone: Signal, start: int, end: int) -> bool:
    return min(tone.end, end) - max(tone.start, start) > 0.6 * (end - start)


def _image(it: Walk, channel: int, start: int, low: int, high: int, limit: int) -> Signal | None:
    """One image signal; None for energy of which nothing can be made before there was a DCS."""
    tcf = it._tcf_due
    take = it._images[channel].read(start, limit, it.rate, short=not it._train_at_length, tcf=tcf)
    if take is not None and take.start >= high:
        take = None  # it belongs to what comes later
    if take is None:
        if it._channel is None or (high - low) / MS < SHORTEST_UNREAD_MS:
            return None
        sort = Sort.OTHER if not it._image_due else Sort.TCF if tcf else Sort.IMAGE
        signal = Signal(channel, sort, low, high, it.sender)
        if sort is Sort.OTHER:
            return _levelled(it, signal)
    else:
        signal = Signal(channel, Sort.IMAGE, take.start, take.end, it.sender, take=take)
        _interpret(it, signal, take, tcf)
        it._train_at_length = False
    it._tcf_due = it._image_due = False
    return _levelled(it, signal)


def _levelled(it: Walk, signal: Signal) -> Signal:
    signal.level_dbm0 = it._ears[signal.channel].level(signal.start, signal.end)
    if it._callers:
        signal.side = Side.CALLER if it._callers[signal.channel] else Side.CALLED
    return signal


def _interpret(it: Walk, signal: Signal, take: Take, tcf: bool) -> None:
    if tcf:
        signal.sort, signal.wrong_share = Sort.TCF, wrong_share(take.bits, take.rate.bps)
        return
    if it.terms is None:
        return
    if it.terms.ecm:
        signal.sort = Sort.BLOCK
        frames = [octets for _, octets in hdlc.Deframer().execute(take.bits)]
        sheet, signal.good_frames, signal.bad_frames = it.paper.frames(frames, it.terms, str(take.rate))
    else:
        signal.sort = Sort.PAGE
        sheet = it.paper.plain(take.bits, it.terms, str(take.rate))
    signal.page = sheet.number
