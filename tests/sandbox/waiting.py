"""Waiting for something to become true."""

import time
from collections.abc import Callable

from sandbox.kube import KubeError


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Return when `condition` holds; what the API server does not know yet counts as not so. Fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not _holds(condition):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain"
        time.sleep(0.1)


def _holds(condition: Callable[[], object]) -> bool:
    try:
        return bool(condition())
    except KubeError:
        return False
