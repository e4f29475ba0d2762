"""Dialogs: what both ends of a call remember of each other (RFC 3261 section 12)."""

from dataclasses import dataclass, field

from firmware_sim.errors import DecodeError
from firmware_sim.events import Address
from firmware_sim.sip.headers import CSeq, NameAddr, Uri
from firmware_sim.sip.message import Headers, Request, Response


@dataclass
class Dialog:
    call_id: str
    local: NameAddr
    """Our From (or To) with our tag."""
    remote: NameAddr
    target: Uri
    """The peer's Contact."""
    destination: Address
    """Where the peer's first message came from, or ours went: for when neither route nor target is an IP address."""
    routes: list[str] = field(default_factory=list)
    local_sequence: int = 0
    remote_sequence: int = -1
    symmetric: bool = False
    """Send to *destination* whatever the peer's Contact says: it may be behind NAT."""

    @classmethod
    def of_response(cls, request: Request, response: Response, destination: Address) -> "Dialog":
        """As the client sees it (12.1.2). With a broken Contact or route the peer is where the request went."""
        sequence = request.cseq.sequence
        dialog = cls(request.call_id, request.from_, response.to, request.uri, destination, local_sequence=sequence)
        dialog.refresh_target(response)
        dialog.routes = response.headers.values("Record-Route")[::-1]
        try:
            dialog.next_hop()
        except DecodeError:
            dialog.routes = []
        return dialog

    @classmethod
    def of_request(cls, request: Request, tag: str, source: Address) -> "Dialog":
        """As the server sees it (12.1.1). Raises DecodeError for a broken Contact or route."""
        contacts = request.contacts
        target = contacts[0].uri if contacts else request.from_.uri
        routes = request.headers.values("Record-Route")
        local = request.to.with_tag(tag)
        sequence = request.cseq.sequence
        dialog = cls(request.call_id, local, request.from_, target, source, routes, remote_sequence=sequence)
        dialog.next_hop()
        return dialog

    @property
    def key(self) -> tuple[str, str, str]:
        return (self.call_id, self.local.tag, self.remote.tag)

    def refresh_target(self, message: Request | Response) -> None:
        """Follow the peer's new Contact, if it can be read (12.2.1.2, 12.2.2)."""
        try:
            contacts = message.contacts
        except DecodeError:
            return
        if contacts:
            self.target = contacts[0].uri

    def request(self, method: str, headers: Headers, body: bytes = b"", sequence: int | None = None) -> Request:
        """The next request within the dialog (12.2.1.1). An ACK gives the *sequence* of its INVITE."""
        if sequence is None:
            self.local_sequence += 1
            sequence = self.local_sequence
        uri, routes = self._route()
        lines = [("Max-Forwards", "70"), *(("Route", route) for route in routes)]
        lines += [("From", str(self.local)), ("To", str(self.remote)), ("Call-ID", self.call_id)]
        lines.append(("CSeq", str(CSeq(sequence, method))))
        return Request(Headers([*lines, *headers]), body, method=method, uri=uri)

    def accepts(self, request: Request) -> bool:
        """Whether *request* comes in order (12.2.2). Remembers its number."""
        if request.cseq.sequence <= self.remote_sequence:
            return False
        self.remote_sequence = request.cseq.sequence
        return True

    def next_hop(self) -> Address:
        if self.symmetric and not self.routes:
            return self.destination
        first = NameAddr.parse(self.routes[0]).uri if self.routes else self.target
        return first.address() or self.destination

    def _route(self) -> tuple[Uri, list[str]]:
        """Request-URI and Route: a first hop without `lr` is a strict router of RFC 2543."""
        if not self.routes:
            return self.target, []
        first = NameAddr.parse(self.routes[0]).uri
        if "lr" in first.params:
            return self.target, self.routes
        return first, [*self.routes[1:], f"<{self.target}>"]
