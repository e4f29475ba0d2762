"""Why a fax call ended, as data: a stable code, plain words with the remedy, whether another attempt makes sense.

T.30's own causes come with their words from `t30.outcome`; these are those around it: the call, the line, the device.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallCause:
    code: str
    text: str
    retry: bool


BUSY = CallCause("busy", "the called number is busy: try again later", True)
NO_ANSWER = CallCause("no_answer", "nobody answered: see that the far fax machine is switched on", True)
NO_SUCH_NUMBER = CallCause("no_such_number", "the PBX knows no such number: check the number", False)
UNREACHABLE = CallCause("unreachable", "the called device is not registered at the PBX: see that it is running", True)
REJECTED = CallCause("rejected", "the called party refused the call", False)
REFUSED_BY_PBX = CallCause("refused_by_pbx", "the PBX refused us: check user and password of the fax interface", False)
NO_COMMON_CODEC = CallCause(
    "no_common_codec", "the called device takes neither PCMA nor PCMU: allow one of them", False
)
PBX_UNAVAILABLE = CallCause("pbx_unavailable", "the PBX did not answer: see that it is running and reachable", True)
NOT_REGISTERED = CallCause(
    "not_registered", "the fax interface is not registered at the PBX: check its user and password", True
)
INTERFACE_BUSY = CallCause("interface_busy", "the fax interface is in another call: the job waits", True)
CALL_FAILED = CallCause("call_failed", "the call could not be set up", True)
ABORTED = CallCause("aborted", "the call was stopped on our side", False)
LINE_DROPPED = CallCause("line_dropped", "the far end hung up in the middle of the fax", True)
SUPERSEDED = CallCause("superseded", "a newer attempt took the place of this one", True)

BY_STATUS: dict[int, CallCause] = {
    401: REFUSED_BY_PBX,
    403: REFUSED_BY_PBX,
    404: NO_SUCH_NUMBER,
    407: REFUSED_BY_PBX,
    408: NO_ANSWER,
    410: NO_SUCH_NUMBER,
    480: UNREACHABLE,
    484: NO_SUCH_NUMBER,
    486: BUSY,
    487: ABORTED,
    488: NO_COMMON_CODEC,
    503: PBX_UNAVAILABLE,
    600: BUSY,
    603: REJECTED,
    604: NO_SUCH_NUMBER,
    606: NO_COMMON_CODEC,
}
"""What a final answer to our INVITE means for a fax (RFC 3261 21)."""


def of_status(status: int, reason: str) -> CallCause:
    cause = BY_STATUS.get(status, CALL_FAILED)
    return CallCause(cause.code, f"{cause.text} ({status} {reason})", cause.retry)
