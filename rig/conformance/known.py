"""What a device is known to do otherwise than a case wants, and why: it counts as an expected failure."""

from collections.abc import Iterator

T4 = "waits T4 for 3.52 to 3.57 s, more than 3 s and 15 %"
T2 = "waits T2 for 7.07 s, more than 7 s"
V17_GAP = "111 ms between a page by V.17 and what follows, more than 95 ms"
LATE = "after a frame that it could not read it repeats its command later than T4"
STAYS = "its terminal does not end the call by itself"
CLIPPED = "without a DCN it repeats its last answer and calls the complete document a failure"
NO_TCF = "waits in silence for a TCF that does not come"
UNCHECKED = "confirms a page of which it read no row, or not its end"

SPANDSP: dict[str, tuple[str, ...]] = {
    T4: (
        "ecm-transmit-pps-unanswered", "ecm-transmit-pps-dead", "transmit-training-unanswered",
        "transmit-mps-unanswered", "transmit-eop-unanswered", "transmit-all-answers", "receive-silence-after-dis",
        "receive-nobody", "transmit-mps-dead", "transmit-eop-dead", "transmit-training-dead",
    ),
    LATE: ("receive-dcs-bad-fcs", "transmit-foreign-for-mcf"),
    T2: ("ecm-receive-eom", "receive-eom"),
    V17_GAP: (
        "transmit-fine", "transmit-offer-fine", "transmit-offer-superfine", "transmit-offer-r16",
        "transmit-offer-400", "transmit-offer-300", "ecm-transmit-ppr", "ecm-transmit-give-up",
    ),
    STAYS: ("receive-mps-then-nothing", "transmit-dis-too-late", "ecm-receive-dcn-clipped"),
    CLIPPED: ("receive-dcn-clipped", "receive-eop-then-silence"),
    NO_TCF: ("receive-no-tcf", "receive-no-tcf-after-cfr", "receive-reserved-rate"),
    UNCHECKED: ("receive-page-lost", "receive-page-cut", "receive-too-long-row"),
    "ends the call after the block that follows an EOR": ("ecm-receive-eor-null", "ecm-receive-eor-mps"),
    "does not repeat its answer to an RR": ("ecm-receive-rr",),
    "takes a repeated PPS-EOP for an error and ends the call": ("ecm-receive-pps-again",),
    "takes its own echo for an answer": ("ecm-transmit-echo", "field-eop-echo"),
    "sends no fine page at standard resolution": ("transmit-fine-to-standard",),
    "calls a document sent that was refused with RTN": ("transmit-eop-rtn",),
    "goes on after a collision as if MPS were unanswered": ("field-collision",),
    "its X bit is 1 though it has answered": ("polled-dis-as-dtc", "polled-dis-nothing-waits"),
    "obeys a DCS with a resolution that it never offered": ("receive-not-offered",),
    "says DCN to a frame it does not know": ("transmit-unknown-for-dis",),
    "calls a call a failure in which an unknown frame came": ("transmit-unknown-before-dis",),
}  # fmt: skip
"""libspandsp 0.0.6: what was seen, and the cases in which it shows."""


def _by_case(reasons: dict[str, tuple[str, ...]]) -> Iterator[tuple[str, str]]:
    return ((id, reason) for reason, ids in reasons.items() for id in ids)


KNOWN: dict[str, dict[str, str]] = {"spandsp": dict(_by_case(SPANDSP))}
