"""A user agent on a real socket, driven by hand."""

import random
import socket
import time
from typing import Any

from firmware_sim.events import Address, Datagram
from firmware_sim.sip import agent as ua


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class LiveAgent:
    """A user agent on a real socket, driven by hand."""

    def __init__(self, registrar: Address, user: str, password: str, **more: Any) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.local = Address(*self.socket.getsockname())
        account = ua.Account(user, password, "fax.test", registrar, **more)
        self.agent = ua.UserAgent(self.local, random.Random(user), account=account)
        self.events: list[ua.AgentEvent] = []

    @staticmethod
    def now() -> int:
        return time.monotonic_ns() // 1000

    def pump(self, wait_s: float = 0.01) -> None:
        self._send()
        self.socket.settimeout(wait_s)
        try:
            data, source = self.socket.recvfrom(65536)
            self.agent.receive(Datagram(Address(*source), self.local, data), self.now())
        except TimeoutError:
            pass
        self.agent.expire(self.now())
        self._send()
        while (event := self.agent.next_event()) is not None:
            self.events.append(event)

    def _send(self) -> None:
        for datagram in self.agent.outputs(self.now()):
            self.socket.sendto(datagram.data, datagram.destination)


def expect(kind: type, who: LiveAgent, *others: LiveAgent, within_s: float = 5) -> Any:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        for one in (who, *others):
            one.pump()
        for event in who.events:
            if isinstance(event, kind):
                who.events.remove(event)
                return event
    raise AssertionError(f"no {kind.__name__} came, but {who.events}")
