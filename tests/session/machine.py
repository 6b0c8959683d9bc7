"""CPU seconds that are no test's own: those of the machine, and those of the clusters that tests start."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from sandbox.cluster.instance import Instance
from sandbox.cluster.ownership import find_strays

_TICKS = os.sysconf("SC_CLK_TCK")
_SECONDS_BETWEEN_READINGS = 2.0


def machine_seconds() -> float:
    """CPU seconds that the whole machine has used since it started (user, nice and system time)."""
    user, nice, system = Path("/proc/stat").read_text().split(maxsplit=4)[1:4]
    return (int(user) + int(nice) + int(system)) / _TICKS


class ClusterMeter(Thread):
    """Adds up the CPU seconds of sandboxes by name while they live; what a sandbox uses in its last two seconds is missed.

    A sandbox with a node is in a control group of its own. The programs of a simulated one are found by their environment.
    """

    def __init__(self, names: Iterable[str]) -> None:
        super().__init__(daemon=True)
        self._names = tuple(names)
        self._ended = Event()
        self._last: dict[tuple[str, str], float] = {}

    def run(self) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_READINGS):
            self.read()

    def read(self) -> None:
        """Take a reading of each sandbox."""
        for name in self._names:
            for life, seconds in (_of_group(name) or _of_processes(name)).items():
                self._last[name, life] = seconds

    def end(self) -> dict[str, float]:
        """Stop; CPU seconds by the sandbox's name, of those that used any."""
        self._ended.set()
        self.read()
        used: dict[str, float] = {}
        for (name, _), seconds in self._last.items():
            used[name] = used.get(name, 0.0) + seconds
        return used


def _of_group(name: str) -> dict[str, float]:
    group = Instance(name=name, number=0).cgroup
    for path, per_second in ((f"cpuacct/{group}/cpuacct.usage", 1e9), (f"{group}/cpu.stat", 1e6)):
        file = Path("/sys/fs/cgroup") / path
        with suppress(OSError):
            text = file.read_text().split()
            # A new life of the same name is another directory.
            return {f"group {file.parent.stat().st_ino}": int(text[-1] if len(text) == 1 else text[1]) / per_second}
    return {}


def _of_processes(name: str) -> dict[str, float]:
    used: dict[str, float] = {}
    for pid in find_strays(name):
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            # Time in user and in system mode; the last field read says when the process started.
            used[f"process {pid} {fields[19]}"] = (int(fields[11]) + int(fields[12])) / _TICKS
    return used
