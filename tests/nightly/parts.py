"""The parts of the nightly run, as data. Nothing else knows which parts there are."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARKER = "nightly"
"""The pytest marker of a test, or of one of its cases, that ``make test`` has no time for."""

OUT, SCRATCH = "{out}", "{scratch}"
"""Stand for directories in a part's commands and variables: that of the results, and an empty one that is deleted after the part."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Something that runs alone. It is ended when it takes twice as long as expected."""

    name: str
    proves: str
    """In a few words, for the summary."""

    minutes: int
    """Expected wall time on two idle cores."""

    tests: tuple[str, ...] = ()
    """Files or directories; it runs those of their tests that have the marker."""

    programs: tuple[tuple[str, ...], ...] = ()
    """Commands beside the tests; ``python`` is the interpreter that runs this."""

    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """Environment variables of its own."""

    @property
    def limit_seconds(self) -> float:
        """When it is ended."""
        return self.minutes * 120

    def commands(self, out: Path, scratch: Path) -> list[list[str]]:
        """What it runs, one after another."""
        tests = [("python", "-m", "pytest", "-m", MARKER, "-rf", *self.tests)] if self.tests else []
        return [[_filled(word, out, scratch) for word in command] for command in (*tests, *self.programs)]

    def environment(self, out: Path, scratch: Path) -> dict[str, str]:
        """Its own variables, filled in."""
        return {name: _filled(value, out, scratch) for name, value in self.variables.items()}


def _filled(word: str, out: Path, scratch: Path) -> str:
    return sys.executable if word == "python" else word.replace(OUT, str(out)).replace(SCRATCH, str(scratch))


PARTS = (
    Part(
        name="environments",
        proves="staging and prod are deployed, deployed again and deleted on simulated nodes, dev in two goes; what is protected stays",
        minutes=20,
        tests=("tests/lifecycle/empty/test_environments.py", "tests/lifecycle/empty/test_in_parts.py"),
    ),
    Part(
        name="incidents",
        proves="twelve faults on the real cluster: each alert reaches its team, and so does its end",
        minutes=20,
        tests=("tests/e2e/test_incidents.py",),
    ),
    Part(
        name="kills",
        proves="the engine is killed at ten points and the next deployment finishes; Ctrl-C late in the start of a cluster leaves nothing",
        minutes=10,
        tests=("tests/lifecycle/empty/test_recovery.py", "tests/sandbox/test_cluster_lifecycle.py"),
    ),
    Part(
        name="logs",
        proves="no line is lost when the log agent and Loki are killed three times each, and when S3 is away for a minute",
        minutes=4,
        tests=("tests/components/test_log_ledger.py",),
    ),
    Part(
        name="traces",
        proves="every service samples the share that its catalogue says; acknowledged spans survive every kill during an outage",
        minutes=10,
        tests=("tests/e2e/test_traces.py", "tests/e2e/test_trace_outage.py"),
    ),
    Part(
        name="config",
        proves="an edit reaches its process in the promised time with the kubelet's default too",
        minutes=8,
        tests=("tests/e2e/test_kubelet_default.py",),
    ),
    Part(
        name="guard",
        proves="no single change of a setting loses data unannounced, and the engine plans what was reckoned; another choice every day",
        minutes=9,
        tests=("tests/guard", "tests/lifecycle/deployed/test_change_guard.py"),
    ),
    Part(
        name="bench",
        proves="every bench gives figures; they are in its log",
        minutes=6,
        programs=(("python", "-m", "bench"),),
    ),
    Part(
        name="build",
        proves="all packages and programs can be had and built with empty caches",
        minutes=15,
        programs=(("make", "programs"),),
        variables={
            "XDG_CACHE_HOME": f"{SCRATCH}/cache",
            "GOMODCACHE": f"{SCRATCH}/go-modules",
            "PIP_NO_CACHE_DIR": "1",
        },
    ),
    Part(
        name="mutation",
        proves="the tests of the rules notice 95 % of all changes of a rule (the page is beside this summary)",
        minutes=8,
        programs=(("python", "-m", "tests.rules.mutate", "--out", f"{OUT}/mutation.md"),),
    ),
    Part(
        name="faults",
        proves="each of the deliberate faults of tests/faults is caught by the test that is named for it",
        minutes=10,
        programs=(("python", "-m", "tests.faults"),),
    ),
)
