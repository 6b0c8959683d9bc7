"""Waiting on conditions, never on the clock."""

import time
from collections.abc import Callable
from typing import TypeVar

from sandbox.kube import KubeError

T = TypeVar("T")

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.1, 1.0
"""Seconds between two questions."""
_SHARE = 0.05
"""Of the time waited so far, how much may pass until the next question: a long wait is not spent on asking."""


def until(probe: Callable[[], T | None], *, seconds: float = 60, what: str = "the condition holds") -> T:
    """The first true answer of the probe; what the API server does not know yet counts as none. Fails with `what` after `seconds`."""
    begin = time.monotonic()
    while not (answer := _answer(probe)):
        waited = time.monotonic() - begin
        assert waited < seconds, f"{what}: not within {seconds:g} s"
        time.sleep(min(max(_SHORTEST_PAUSE, waited * _SHARE), _LONGEST_PAUSE))
    return answer


def _answer(probe: Callable[[], T | None]) -> T | None:
    try:
        return probe()
    except KubeError:
        return None
