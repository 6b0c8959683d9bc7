"""Waiting for an object to become ready or to go, with a deadline, progress for the user and an end when the engine cancels."""

import threading
import time
from collections.abc import Callable
from typing import Final

from sandbox.providers.kubernetes import objects
from sandbox.providers.kubernetes.client import Cluster, Ref
from sandbox.providers.kubernetes.diagnosis import explain
from sandbox.providers.kubernetes.readiness import FailedError, missing
from sandbox.providers.values import Obj, dig, text

DEFAULT_TIMEOUT: Final = 600.0
"""Seconds, the official provider's default for workloads and deletions."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # seconds

Report = Callable[[str], None]


class NotReadyError(Exception):
    """The wait ended without success. `reasons` begins with the short one."""

    def __init__(self, reasons: list[str]) -> None:
        """`reasons` are for the user."""
        super().__init__("\n".join(reasons))
        self.reasons = reasons


def timeout_of(obj: Obj, asked: float) -> float:
    """Seconds to wait: the resource option customTimeouts, else the annotation pulumi.com/timeoutSeconds, else ten minutes."""
    seconds = objects.annotation(obj, objects.TIMEOUT_SECONDS)
    return asked or (float(seconds) if seconds.isdigit() else DEFAULT_TIMEOUT)


class Waiter:
    """Waits on one cluster. `stop` ends all waits at once."""

    def __init__(self, cluster: Cluster, stop: threading.Event) -> None:
        """`stop` is set when the engine cancels."""
        self._cluster = cluster
        self._stop = stop

    def until_ready(self, target: Ref, timeout: float, report: Report) -> Obj:
        """The live object once it is ready. Raises NotReadyError with what `explain` finds, ApiError when the server is lost."""
        live: Obj = {}
        told = ""
        for expired in self._moments(timeout):
            live = self._cluster.get(target) or {}
            try:
                lack = missing(live, self._cluster) if live else "it is gone: someone deleted it meanwhile"
            except FailedError as failure:
                raise NotReadyError([f"{target}: {failure}", *explain(live, self._cluster)]) from None
            if not lack:
                return live
            if lack != told:
                report(lack)
                told = lack
            if expired:
                raise NotReadyError([f"{target} is not ready after {timeout:.0f} s: {lack}", *explain(live, self._cluster)])
        raise NotReadyError([f"the wait for {target} was cancelled", *explain(live, self._cluster)])

    def until_gone(self, target: Ref, timeout: float, report: Report) -> None:
        """Returns once the object, or the one of that time, is gone. Raises NotReadyError with what holds it."""
        first: str | None = None
        for expired in self._moments(timeout):
            live = self._cluster.get(target)
            if live is None or (first and text(live, "metadata", "uid") != first):
                return
            if first is None:
                first = text(live, "metadata", "uid")
                report("waiting until it is gone")
            if expired:
                raise NotReadyError(
                    [
                        f"{target} still exists {timeout:.0f} s after its deletion was asked for",
                        *_holders(live),
                        *explain(live, self._cluster),
                    ]
                )
        raise NotReadyError([f"the wait for the deletion of {target} was cancelled; the deletion goes on in the cluster"])

    def _moments(self, timeout: float) -> "Moments":
        return Moments(timeout, self._stop)


class Moments:
    """When to look: at growing pauses until the deadline. Yields whether this look is the last; ends early when stopped."""

    def __init__(self, timeout: float, stop: threading.Event) -> None:
        """`timeout` in seconds."""
        self._deadline = time.monotonic() + timeout
        self._stop = stop
        self._pause = 0.0

    def __iter__(self) -> "Moments":
        return self

    def __next__(self) -> bool:
        left = self._deadline - time.monotonic()
        if self._stop.wait(max(0.0, min(self._pause, left))):
            raise StopIteration
        self._pause = min(max(_FIRST_PAUSE, self._pause * 1.5), _LONGEST_PAUSE)
        return time.monotonic() >= self._deadline


def _holders(live: Obj) -> list[str]:
    finalizers = dig(live, "metadata", "finalizers")
    spec = dig(live, "spec", "finalizers")
    names = [str(name) for found in (finalizers, spec) if isinstance(found, list) for name in found]
    return [f"held by the finalizers {', '.join(names)}"] if names else []
