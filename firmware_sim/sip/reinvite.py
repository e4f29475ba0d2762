"""Re-INVITE: another session within a call, from either side (RFC 3261 section 14)."""

from firmware_sim.clock import Instant, ms
from firmware_sim.sip.call import Call, CallState, CallTrigger
from firmware_sim.sip.call_events import ReofferAnswered, Reoffered, ReofferRefused
from firmware_sim.sip.legs import SDP_TYPE, Legs, ack_key, readable
from firmware_sim.sip.message import Response
from firmware_sim.sip.timers import T1
from firmware_sim.sip.transaction import Transaction

REOFFER_LIMIT = 64 * T1
"""How long a re-INVITE may stay without a final answer."""


class Reinvites:
    def __init__(self, legs: Legs) -> None:
        self._legs = legs

    def offer(self, handle: str, body: bytes, now: Instant) -> bool:
        """Send a re-INVITE; the answer comes as an event, a 491 is retried by itself (14.1).

        False when the call is not up, or another re-INVITE of it is still open.
        """
        call = self._legs.book.find(handle)
        if call is None or call.state is not CallState.CONFIRMED or call.success is not None:
            return False
        if call.reoffer is not None or call.reinvite is not None:
            return False
        call.reoffer = body
        self._send(call, now)
        return True

    def answer(self, handle: str, body: bytes, now: Instant) -> None:
        call = self._legs.book.find(handle)
        transaction = call.open_reinvite() if call is not None else None
        if call is not None and transaction is not None:
            self._legs.succeed(call, transaction, body, now)

    def refuse(self, handle: str, status: int, now: Instant, *, reason: str = "") -> None:
        call = self._legs.book.find(handle)
        transaction = call.open_reinvite() if call is not None else None
        if call is not None and transaction is not None:
            self._legs.answer(call, transaction, status, now, reason=reason)

    def received(self, call: Call, transaction: Transaction, now: Instant) -> None:
        if call.state in (CallState.ENDING, CallState.LEAVING):
            self._legs.answer(call, transaction, 481, now)
        elif not readable(transaction.request):
            self._legs.answer(call, transaction, 415, now, headers=[("Accept", SDP_TYPE)])
        elif call.reoffer_sent:
            self._legs.answer(call, transaction, 491, now)
        elif call.state is not CallState.CONFIRMED or call.reinvite is not None or call.success is not None:
            wait = ("Retry-After", str(self._legs.rng.randint(0, 10)))
            self._legs.answer(call, transaction, 500, now, headers=[wait])
        else:
            assert call.dialog is not None
            call.dialog.refresh_target(transaction.request)
            call.reinvite = transaction
            self._legs.answer(call, transaction, 100, now)
            self._legs.events.append(Reoffered(call.handle, transaction.request.body))

    def _send(self, call: Call, now: Instant) -> None:
        assert call.reoffer is not None
        call.tries = 0
        call.reoffer_sent = True
        self._legs.alarms.set(("reoffer", call.handle), now + REOFFER_LIMIT)
        self._legs.within_dialog(call, "INVITE", call.reoffer, now)

    def again(self, call: Call, now: Instant) -> None:
        if call.state is not CallState.CONFIRMED or call.reoffer is None:
            return
        if call.reoffer_sent:
            self.failed(call, 408, "no answer", now)
        elif call.reinvite is not None or call.success is not None:
            self._legs.alarms.set(("reoffer", call.handle), now + T1)
        else:
            self._send(call, now)

    def answered(self, call: Call, transaction: Transaction, response: Response, now: Instant) -> None:
        if response.status >= 300:
            self.failed(call, response.status, response.reason, now)
            return
        known = call.acks.get(ack_key(response))
        if known is not None:
            self._legs.layer.resend(*known)
            return
        if call.dialog is None:
            return
        call.reoffer_sent = False
        self._legs.alarms.cancel(("reoffer", call.handle))
        call.dialog.refresh_target(response)
        self._legs.send_ack(call, call.dialog, transaction.request, response)
        if call.reoffer is not None and call.state is CallState.CONFIRMED:
            call.reoffer = None
            self._legs.events.append(ReofferAnswered(call.handle, response.body))

    def failed(self, call: Call, status: int, reason: str, now: Instant) -> None:
        call.reoffer_sent = False
        if call.reoffer is None or call.state is not CallState.CONFIRMED:
            return
        if status == 491:
            steps = self._legs.rng.randint(210, 400) if call.outgoing else self._legs.rng.randint(0, 200)
            self._legs.alarms.set(("reoffer", call.handle), now + steps * ms(10))
            return
        call.reoffer = None
        self._legs.alarms.cancel(("reoffer", call.handle))
        self._legs.events.append(ReofferRefused(call.handle, status, reason))
        if status in (408, 481) and call.step(CallTrigger.END):
            self._legs.bye(call, now)
            self._legs.tell_end(call, f"re-INVITE got {status} {reason}", by_peer=True)
