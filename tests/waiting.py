"""Waiting on conditions, never on the clock."""

import time
from collections.abc import Callable
from typing import TypeVar

from sandbox.kube import KubeError

T = TypeVar("T")


def until(probe: Callable[[], T | None], *, seconds: float = 60, what: str = "the condition holds") -> T:
    """The first true answer of the probe; what the API server does not know yet counts as none. Fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while not (answer := _answer(probe)):
        assert time.monotonic() < end, f"{what}: not within {seconds:g} s"
        time.sleep(0.1)
    return answer


def _answer(probe: Callable[[], T | None]) -> T | None:
    try:
        return probe()
    except KubeError:
        return None
