"""The transition tables in docs/sip.md are those of the code. `python -m tests.sip.test_docs` writes them anew."""

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

from firmware_sim.sip.call import CALL
from firmware_sim.sip.registration import REGISTRATION
from firmware_sim.sip.timers import Timer
from firmware_sim.sip.transaction import TABLES, Step

PAGE = Path(__file__).parents[2] / "docs" / "sip.md"
MARK = "<!-- tables -->\n"


def rows(table: Mapping[tuple[Any, Any], Any]) -> Iterator[str]:
    yield "| in | on | do | then |"
    yield "|---|---|---|---|"
    for (state, trigger), target in table.items():
        on = f"timer {trigger.value}" if isinstance(trigger, Timer) else trigger.value
        done = ", ".join(action.value for action in target.actions) if isinstance(target, Step) else ""
        then = target.state if isinstance(target, Step) else target
        assert isinstance(then, Enum)
        yield f"| {state.value} | {on} | {done} | {then.value} |"


def tables() -> str:
    named: dict[str, Mapping[tuple[Any, Any], Any]] = {
        f"{kind.value[0]} transaction": table for kind, table in TABLES.items()
    }
    named |= {"Call": CALL, "Registration": REGISTRATION}
    return "\n".join(f"\n### {name}\n" + "\n".join(rows(table)) for name, table in named.items()) + "\n"


def test_the_page_shows_the_tables_of_the_code() -> None:
    assert PAGE.read_text().partition(MARK)[2] == tables()


if __name__ == "__main__":
    PAGE.write_text(PAGE.read_text().partition(MARK)[0] + MARK + tables())
