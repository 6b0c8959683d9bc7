"""How much longer this machine takes for the same work than the reference core, in whose CPU seconds costs are written down.

A core that shares its processor with a busy neighbour, in this machine or in another one on the same host, does less in each of its
CPU seconds. So the same work takes more of them.
"""

import time
from threading import Event, Thread

_REFERENCE = 0.048
"""CPU seconds that `_work` takes on the reference core while nothing else runs: a core of the machine on which costs were measured."""
_SECONDS_BETWEEN_READINGS = 20.0


def slowness() -> float:
    """CPU seconds that this machine takes now for one of the reference core: the best of five tries."""
    return min(_work() for _ in range(5)) / _REFERENCE


class Meter(Thread):
    """Measures the slowness again and again while other work runs, and takes 0.3 % of a core for it."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._ended = Event()
        self._readings: list[float] = []

    def run(self) -> None:
        self._readings.append(_work() / _REFERENCE)
        while not self._ended.wait(_SECONDS_BETWEEN_READINGS):
            self._readings.append(_work() / _REFERENCE)

    def end(self) -> float:
        """Stop; the mean of all readings, as CPU seconds add up."""
        self._ended.set()
        self.join()
        return sum(self._readings) / len(self._readings)


def _work() -> float:
    """CPU seconds of this thread for a fixed piece of work, as compilers and Go programs do it, with tables and numbers."""
    begin = time.thread_time()
    counts: dict[int, int] = {}
    for number in range(200_000):
        key = number * 2_654_435_761 % 65_537
        counts[key] = counts.get(key, 0) + len(str(key))
    sorted(counts.values())
    return time.thread_time() - begin
