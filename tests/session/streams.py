"""Which tests share a worker: those of one cluster run one after another, the longest units of work start first."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

DURATIONS = Path(__file__).with_name("durations.json")
"""Wall seconds of each unit of work (a stream, or a test file), as `make durations` measured them."""

STREAMS = {
    "tests/e2e/": "platform",
    "tests/lifecycle/": "simulated",
    "tests/policy/test_pack.py": "simulated",
    "tests/sandbox/providers/": "simulated",
    "tests/sandbox/test_cluster_": "cluster lifecycle",
}
"""The stream of a test on a cluster, by the beginning of its name; the first that fits counts."""

CLUSTERS = {"": "platform", "-s": "simulated", "-l": "cluster lifecycle", "-m": "cluster lifecycle"}
"""The stream of each cluster, by what its name has behind that of the tests' sandbox."""


def stream(nodeid: str) -> str | None:
    """The stream that a test on a cluster belongs to, by its name; None when no stream has it."""
    return next((name for beginning, name in STREAMS.items() if nodeid.startswith(beginning)), None)


def known_durations() -> dict[str, float]:
    """Wall seconds by unit of work; empty when there is no file. What it does not name takes no time worth knowing."""
    return cast("dict[str, float]", json.loads(DURATIONS.read_text())) if DURATIONS.exists() else {}


class Streams(LoadScopeScheduling):
    """A scheduler whose units of work are streams and test files. Free workers get the longest unit that is left."""

    def __init__(self, config: pytest.Config, log: Producer | None, durations: Mapping[str, float]) -> None:
        super().__init__(config, log)
        self._durations = durations

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)

    def _assign_work_unit(self, node: WorkerController) -> None:
        longest = max(self.workqueue, key=lambda name: self._durations.get(name, 0.0))
        self.workqueue.move_to_end(longest, last=False)
        super()._assign_work_unit(node)


def unit(nodeid: str) -> str:
    """The unit of work of a test: its stream, else its file."""
    return stream(nodeid) or nodeid.partition("::")[0]


def misplaced(items: list[pytest.Item]) -> list[str]:
    """What is wrong with tests that use a cluster outside of every stream: two workers would start the same cluster."""
    outside = sorted({item.nodeid.partition("::")[0] for item in items if item.get_closest_marker("cluster") and not stream(item.nodeid)})
    return [f"{path} has tests marked `cluster` and no stream: add it to STREAMS in {Path(__file__).name}" for path in outside]
