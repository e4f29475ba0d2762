"""The bench's log: every event of every device, stamped, in the order in which the bench learned of it."""

from collections.abc import Callable, Mapping
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

    def search(self, name: str, source: str = "", since: int = 0, **detail: Detail) -> "Search":
        return Search(self, name, source, since, detail)

    def find(self, name: str, source: str = "", since: int = 0, **detail: Detail) -> Stamped | None:
        """The first event of that name, from that source and with that detail, where they are given."""
        return self.search(name, source, since, **detail).result()


class Search:
    """Looks for the first event of its kind; each look goes on where the last one ended."""

    def __init__(self, log: EventLog, name: str, source: str, since: int, detail: Mapping[str, Detail]) -> None:
        self._log, self._name, self._source = log, name, source
        self._next, self._detail = since, detail
        self._found: Stamped | None = None

    def result(self) -> Stamped | None:
        if self._found is None:
            new = self._log.since(self._next)
            self._next += len(new)
            self._found = next(filter(self._matches, new), None)
        return self._found

    def _matches(self, event: Stamped) -> bool:
        return (
            event.name == self._name
            and self._source in ("", event.source)
            and all(event.detail.get(key) == value for key, value in self._detail.items())
        )
