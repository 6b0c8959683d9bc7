"""How long what is still to be built takes on this machine, said at the start, and how far it is, said at each program."""

import time
from collections.abc import Iterable

from sandbox import machine, pace
from sandbox.progress import say

CPU_SECONDS = {
    "etcd": 55,
    "kube-apiserver": 200,
    "kube-controller-manager": 55,
    "kube-scheduler": 5,
    "kubelet": 20,
    "kube-proxy": 10,
    "coredns": 80,
    "kubectl": 28,
    "pulumi": 220,
    "prometheus": 178,
    "promtool": 12,
    "alertmanager": 38,
    "amtool": 2,
    "alertmanager-delivery": 2,
    "node_exporter": 9,
    "kube-state-metrics": 10,
    "postgres_exporter": 12,
    "promtail": 370,
    "loki": 172,
    "loki-canary": 8,
    "lokitool": 8,
    "jaeger": 190,
    "otelcol-contrib": 26,
    "actionlint": 10,
    "kwok": 25,
}
"""What building each program takes after those before it, with which it shares packages: CPU s of a reference core (sandbox/pace.py)."""

_EVENLY = 0.9
"""Share of the cores that builds keep busy: each ends with a linker that uses one."""
_ENOUGH = 60
"""Wall seconds after which the pace so far says more than the loop."""


class Work:
    """What has to be built, in CPU seconds by program, and what of it is done."""

    def __init__(self, names: Iterable[str], wall_per_cpu: float) -> None:
        """`wall_per_cpu` is how many seconds one CPU second takes at first."""
        self._left = {name: CPU_SECONDS[name] for name in names}
        self._count, self._total, self._wall_per_cpu = len(self._left), sum(self._left.values()), wall_per_cpu
        self._begin = time.monotonic()

    def __contains__(self, name: str) -> bool:
        return name in self._left

    @property
    def share(self) -> float:
        """How much of building everything this is, from 0 to 1."""
        return self._total / sum(CPU_SECONDS.values())

    def seconds(self) -> float:
        """How long the rest takes: by the pace so far once that says something."""
        spent, done = time.monotonic() - self._begin, self._total - sum(self._left.values())
        pace = spent / done if done and spent > _ENOUGH else self._wall_per_cpu
        return pace * sum(self._left.values())

    def done(self, name: str) -> None:
        """Count a program as built."""
        self._left.pop(name, None)

    def position(self, name: str) -> str:
        """Where a program that is to be built now is among all, in words."""
        return f"{name} is program {self._count - len(self._left) + 1} of {self._count}; about {duration(self.seconds())} left for all"


_announced = Work([], 1)


def announce(names: Iterable[str]) -> None:
    """Say how long building the programs `names` takes, and what makes this machine slow. Raises MachineError when it cannot be done.

    Says nothing of what was announced before, nor when there is nothing to be built.
    """
    global _announced  # noqa: PLW0603 - what a process has to do is one thing
    new = [name for name in names if name not in _announced]
    if not new:
        return
    cores = machine.here().cores
    _announced = Work(new, pace.slowness() / (cores * _EVENLY))
    machine.check(_announced.share)
    what = "1 program has" if len(new) == 1 else f"{len(new)} programs have"
    by = "1 core" if cores == 1 else f"{cores} cores"
    say(f"{what} to be built, once: about {duration(_announced.seconds())} on this machine ({by}), if nothing else keeps it busy")


def begin(name: str) -> None:
    """Say where the program that is to be built now is among those that were announced."""
    if name in _announced:
        say(_announced.position(name))


def done(name: str) -> None:
    """Count a program as built."""
    _announced.done(name)


def duration(seconds: float) -> str:
    """In minutes, for people."""
    minutes = round(seconds / 60)
    return "a minute" if minutes <= 1 else f"{minutes} minutes"
