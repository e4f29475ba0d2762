"""SIP beside the audio: what was said, whose media address is whose, which payload type is which codec."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware_sim.clock import Instant
from firmware_sim.errors import DecodeError
from firmware_sim.events import Address
from firmware_sim.sip.message import Request, Response, parse
from firmware_sim.sip.sdp import Media, Sdp
from rig.analysis.capture import Packet

METHODS = (b"INVITE ", b"ACK ", b"BYE ", b"CANCEL ", b"OPTIONS ", b"REGISTER ", b"PRACK ", b"SUBSCRIBE ", b"NOTIFY ",
           b"PUBLISH ", b"INFO ", b"REFER ", b"MESSAGE ", b"UPDATE ", b"SIP/2.0 ")  # fmt: skip
OF_CALLS = ("INVITE", "ACK", "BYE", "CANCEL", "PRACK", "UPDATE", "REFER", "INFO")


@dataclass(frozen=True, slots=True)
class Said:
    """One SIP message. *call* is its Call-ID."""

    at: Instant
    source: Address
    target: Address
    call: str
    method: str
    text: str


@dataclass(frozen=True, slots=True)
class Party:
    """Where one side of a call wants its audio, and what its payload types mean."""

    caller: bool
    call: str
    codecs: dict[int, str]


@dataclass(slots=True)
class Signalling:
    said: list[Said] = field(default_factory=list)
    parties: dict[Address, Party] = field(default_factory=dict)
    names: dict[str, tuple[str, str]] = field(default_factory=dict)
    """From and To of each Call-ID."""
    notes: list[str] = field(default_factory=list)
    image_at: Instant | None = None
    """When a description first spoke of T.38."""
    unreadable: int = 0


def is_sip(data: bytes) -> bool:
    return data.startswith(METHODS)


def listen(packets: Sequence[Packet]) -> Signalling:
    """*packets* are SIP by their first word; what cannot be read is counted."""
    found = Signalling()
    for packet in packets:
        try:
            message = parse(packet.data)
            found.said.append(_said(packet, message))
            _mind(found, packet, message)
        except (DecodeError, ValueError, IndexError, KeyError):
            found.unreadable += 1
    if found.unreadable:
        found.notes.append(f"{found.unreadable} SIP messages could not be read")
    return found


def _said(packet: Packet, message: Request | Response) -> Said:
    method = message.cseq.method
    if isinstance(message, Request):
        text = f"{message.method} {message.uri}"
    else:
        text = f"{message.status} {message.reason} ({method})"
    return Said(packet.at, packet.source, packet.target, message.call_id, method, text)


def _mind(found: Signalling, packet: Packet, message: Request | Response) -> None:
    if message.cseq.method == "INVITE" and message.call_id not in found.names:
        found.names[message.call_id] = (str(message.from_.uri), str(message.to.uri))
    is_sdp = (message.headers.get("Content-Type") or "").lower().startswith("application/sdp")
    if not is_sdp or not message.body:
        return
    description = Sdp.parse(message.body)
    for media in description.media:
        if media.kind == "image" and media.port and found.image_at is None:
            found.image_at = packet.at
        host = media.connection or description.connection
        if media.kind == "audio" and media.port and host:
            _party(found, Address(host, media.port), media, message)


def _party(found: Signalling, address: Address, media: Media, message: Request | Response) -> None:
    """The first offer is the caller's; later ones (re-INVITE, a PBX's other leg) change codecs, not who is who."""
    known = found.parties.get(address)
    caller = known.caller if known else isinstance(message, Request)
    codecs = {int(kind): media.codec_of(int(kind)) for kind in media.formats if kind.isdigit()}
    found.parties[address] = Party(caller, known.call if known else message.call_id, codecs)
