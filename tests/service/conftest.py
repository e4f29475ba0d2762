from collections.abc import Callable, Iterator

import pytest

from rig.service.retry import Policy
from tests.service.bench import Plan, World


@pytest.fixture
def world() -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(*plans: Plan, policy: Policy | None = None) -> World:
        made.append(World(*plans, policy=policy))
        return made[-1]

    yield make
    for one in made:
        one.close()
