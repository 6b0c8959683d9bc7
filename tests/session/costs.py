"""What tests cost: CPU and wall seconds of each, added up by phase and held against the phase's budget."""

import os
import resource
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from pydantic import PositiveFloat, TypeAdapter

from sandbox.cache import root
from tests.session.streams import stream, unit

BUDGETS = Path(__file__).with_name("budgets.yaml")
DEAREST = 5
"""How many tests are named when a budget is exceeded."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """One test, with its setup and teardown."""

    nodeid: str
    phase: str
    """Its stream, where it uses a cluster; else `binaries` or `plain`."""
    wall: float
    """Seconds."""
    cpu: float
    """Seconds of the worker and of the processes that it has started and that have ended; clusters are counted apart."""


@dataclass(kw_only=True)
class Phase:
    """Tests of one kind, and the clusters that they started."""

    name: str
    costs: list[Cost] = field(default_factory=list[Cost])
    clusters: float = 0.0
    """CPU seconds of its clusters."""

    @property
    def cpu(self) -> float:
        """CPU seconds in all."""
        return sum(cost.cpu for cost in self.costs) + self.clusters

    @property
    def wall(self) -> float:
        """Seconds of its tests one after another."""
        return sum(cost.wall for cost in self.costs)

    def dearest(self) -> list[Cost]:
        """The tests with the most CPU seconds, the dearest first."""
        return sorted(self.costs, key=lambda cost: -cost.cpu)[:DEAREST]


def phase_of(nodeid: str, markers: Iterable[str]) -> str:
    """The phase of a test, by its name and its markers."""
    present = set(markers)
    if "cluster" in present:
        return stream(nodeid) or "cluster"
    return "binaries" if "binaries" in present else "plain"


def cpu_seconds() -> float:
    """CPU seconds of this process and of its children that have ended."""
    return sum(usage.ru_utime + usage.ru_stime for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def spent(nodeid: str, phase: str, wall: float, cpu: float) -> Cost:
    """The cost of a test that took so many seconds, while the CPU seconds of the worker and its ended children grew by `cpu`.

    A child may end in one test after it has worked for others: the init of a cluster, whose programs are counted apart, is noticed as
    ended by whichever test starts the next child. So a test never counts for more than all processors can do in its time.
    """
    return Cost(nodeid=nodeid, phase=phase, wall=wall, cpu=min(cpu, wall * (os.cpu_count() or 1)))


def load() -> str:
    """The machine's load of the last 1, 5 and 15 minutes."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def by_phase(costs: Iterable[Cost], clusters: Mapping[str, float]) -> list[Phase]:
    """Phases, the dearest first. `clusters` has CPU seconds by phase."""
    phases: dict[str, Phase] = {}
    for cost in costs:
        phases.setdefault(cost.phase, Phase(name=cost.phase)).costs.append(cost)
    for name, seconds in clusters.items():
        phases.setdefault(name, Phase(name=name)).clusters = seconds
    return sorted(phases.values(), key=lambda phase: -phase.cpu)


def by_unit(costs: Iterable[Cost]) -> dict[str, float]:
    """Wall seconds of each unit of work, those of less than one second left out, sorted by name."""
    units: defaultdict[str, float] = defaultdict(float)
    for cost in costs:
        units[unit(cost.nodeid)] += cost.wall
    return {name: round(wall, 1) for name, wall in sorted(units.items()) if wall >= 1}


def budgets(file: Path = BUDGETS) -> dict[str, float]:
    """CPU seconds by phase. Raises pydantic's ValidationError when the file has anything else."""
    return TypeAdapter(dict[str, PositiveFloat]).validate_python(yaml.safe_load(file.read_text()))


def limit(allowed: float, slowness: float) -> str:
    """A budget in words: on a machine slower than the reference core, how often it holds."""
    return f"budget {allowed:g} CPU s" + (f" times {slowness:.2f}" if slowness > 1 else "")


def exceeded(phases: Sequence[Phase], allowed: Mapping[str, float], slowness: float = 1.0) -> list[str]:
    """What is wrong with phases that took more than they may, with their dearest tests; a phase without a budget is wrong too.

    `slowness` is how many CPU seconds this machine took for one of the reference core (sandbox/pace.py), in whose seconds budgets are.
    A fast machine does not lower them.
    """
    slowness = max(slowness, 1.0)
    whole = Phase(name="all", costs=[cost for phase in phases for cost in phase.costs], clusters=sum(phase.clusters for phase in phases))
    findings: list[str] = []
    for phase in (*phases, whole):
        if phase.name not in allowed:
            findings.append(f"the phase {phase.name!r} has no budget")
        elif phase.cpu > allowed[phase.name] * slowness:
            findings.append(f"{phase.name}: {phase.cpu:.1f} CPU s, {limit(allowed[phase.name], slowness)}; the dearest:")
            findings += [f"  {cost.cpu:7.1f} CPU s  {cost.nodeid}" for cost in phase.dearest()]
            findings += [f"  {phase.clusters:7.1f} CPU s  its clusters"] if phase.clusters else []
    return findings


def built_programs() -> frozenset[str]:
    """Programs that the cache holds: when a run adds to them, it was no warm one, and its CPU seconds are not the tests'."""
    return frozenset(f"{path.parent.name}/{path.name}" for path in (root() / "bin").glob("*/[!.]*"))
