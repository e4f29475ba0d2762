"""How a call ended. A fax that fails is a value with its cause, never an exception."""

from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    A = "call establishment"
    B = "identification and training"
    C = "message"
    D = "post-message"
    E = "release"


class Cause(Enum):
    """A stable code, what happened in plain words, and whether another attempt makes sense."""

    OK = "ok", "the whole document was confirmed", False
    INCOMPLETE = "incomplete", "the call was carried through, but a page has holes", True
    NO_IDENTIFICATION = "no_identification", "the stations did not get to know each other in time", True
    INCOMPATIBLE = "incompatible", "the stations have no way of sending in common", False
    NOTHING_TO_POLL = "nothing_to_poll", "the peer has nothing that could be polled", True
    NO_DOCUMENT = "no_document", "the peer polled a document that is not here", False
    WRONG_PASSWORD = "wrong_password", "the peer did not give the password that is asked for", False
    POLL_REFUSED = "poll_refused", "the peer refused the poll: check password and document number", False
    CANNOT_TRAIN = "cannot_train", "every rate failed its training check", True
    NO_RESPONSE = "no_response", "no attempt at a command was answered", True
    NO_COMMAND = "no_command", "the next command did not come in time", True
    COPY_REJECTED = "copy_rejected", "the receiver would not take the page", True
    PAGE_TOO_LONG = "page_too_long", "a page was longer than is taken here", False
    NOT_READY = "not_ready", "the receiver did not become ready in time", True
    UNEXPECTED = "unexpected", "the peer said what has no place here", True
    PEER_DISCONNECTED = "peer_disconnected", "the peer ended the call before its end", True
    LINE_DROPPED = "line_dropped", "the line went away", True
    ABORTED = "aborted", "our own side stopped the call", False
    VOICE = "voice", "an operator took the call", False

    def __init__(self, code: str, words: str, retry: bool) -> None:
        self.code, self.words, self.retry = code, words, retry


@dataclass(frozen=True, slots=True)
class Outcome:
    cause: Cause
    phase: Phase
    where: str
    """The boxes of the flow chart that were open when it ended, outermost first."""

    @property
    def ok(self) -> bool:
        return self.cause is Cause.OK

    @property
    def code(self) -> str:
        return self.cause.code

    @property
    def words(self) -> str:
        return self.cause.words

    @property
    def retry(self) -> bool:
        return self.cause.retry

    def __str__(self) -> str:
        return f"{self.words} (phase {self.phase.name}, {self.phase.value})"
