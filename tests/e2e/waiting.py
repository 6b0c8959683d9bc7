"""Waiting on conditions."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(probe: Callable[[], T | None], *, timeout_seconds: float, what: str) -> T:
    """The first true answer of the probe; fails with `what` when there is none in time."""
    end = time.monotonic() + timeout_seconds
    while not (answer := probe()):
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout_seconds:g} s")
        time.sleep(0.5)
    return answer
