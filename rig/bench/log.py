"""The bench's log: every event of every device, stamped, in the order in which the bench learned of it."""

from collections.abc import Callable
from threading import Condition

from firmware_sim.events import Detail, Stamped


class EventLog:
    """Appended to by whoever hears of an event, read by cases. Safe between threads."""

    def __init__(self, listener: Callable[[Stamped], None] | None = None) -> None:
        self.changed = Condition()
        self._events: list[Stamped] = []
        self._listener = listener

    def append(self, event: Stamped) -> None:
        with self.changed:
            self._events.append(event)
            self.changed.notify_all()
        if self._listener is not None:
            self._listener(event)

    @property
    def mark(self) -> int:
        """Where the log ends now: give it to `find` to look only at what comes later."""
        with self.changed:
            return len(self._events)

    def since(self, mark: int = 0) -> list[Stamped]:
        with self.changed:
            return self._events[mark:]

    def find(self, name: str, source: str = "", since: int = 0, **detail: Detail) -> Stamped | None:
        """The first event of that name, from that source and with that detail, where they are given."""
        return next(
            (
                event
                for event in self.since(since)
                if event.name == name
                and source in ("", event.source)
                and all(event.detail.get(key) == value for key, value in detail.items())
            ),
            None,
        )
