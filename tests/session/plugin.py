"""The pytest plugin behind `make test`: streams, the cost of each test, budgets."""

import gc
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Generator
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import pytest
from xdist.remote import Producer
from xdist.workermanage import WorkerController

from sandbox import pace
from tests.session import costs, streams
from tests.session.machine import ClusterMeter, machine_seconds

_SENT = "costs"
_WORKER = "session-worker"
_YOUNG_OBJECTS = 50_000


def add_options(parser: pytest.Parser) -> None:
    """The options of the session."""
    group = parser.getgroup("session", "what tests cost")
    group.addoption("--budgets", type=Path, metavar="FILE", help="fail when a phase takes more CPU seconds than this file allows")
    group.addoption("--costs", type=Path, metavar="FILE", help="write CPU and wall seconds of each test, the dearest first")
    group.addoption("--record-durations", action="store_true", help="write what each unit of work took to tests/session/durations.json")


def register(config: pytest.Config, sandbox: str) -> None:
    """Measures tests in each process that runs them, and adds it up in the one that a person has started.

    `sandbox` is the name of the tests' sandbox, with which the names of their clusters begin.
    """
    is_worker, distributes = hasattr(config, "workerinput"), config.getoption("numprocesses", None)
    if is_worker or not distributes:
        config.pluginmanager.register(Worker(config), _WORKER)
    if not is_worker:
        config.pluginmanager.register(Controller(config, sandbox), "session-controller")


class Worker:
    """In a process that runs tests: what each of them costs."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.costs: list[costs.Cost] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuses tests on clusters that no stream has."""
        if wrong := streams.misplaced(items):
            raise pytest.UsageError("\n".join(wrong))

    def pytest_collection_finish(self) -> None:
        """Counts the imports; all that they made stays, so the garbage collector need not look at it again after each test."""
        self.costs.append(costs.Cost(nodeid="collection", phase="collection", wall=0.0, cpu=costs.cpu_seconds()))
        gc.collect()
        gc.freeze()
        gc.set_threshold(_YOUNG_OBJECTS, 20, 20)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Measures a test with its setup and teardown."""
        wall, cpu = time.monotonic(), costs.cpu_seconds()
        result = yield
        phase = costs.phase_of(item.nodeid, (mark.name for mark in item.iter_markers()))
        self.costs.append(costs.spent(item.nodeid, phase, time.monotonic() - wall, costs.cpu_seconds() - cpu))
        return result

    def pytest_sessionfinish(self) -> None:
        """Sends the costs to the process that has started this one."""
        if output := getattr(self._config, "workeroutput", None):
            cast("dict[str, Any]", output)[_SENT] = [asdict(cost) for cost in self.costs]


class Controller:
    """In the process that a person has started: the scheduler, and the account of the run."""

    def __init__(self, config: pytest.Config, sandbox: str) -> None:
        self._config = config
        self._clusters = {sandbox + suffix: phase for suffix, phase in streams.CLUSTERS.items()}
        self._costs: list[costs.Cost] = []
        self._meter, self._pace = ClusterMeter(self._clusters), pace.Meter()
        self._wall, self._machine = time.monotonic(), machine_seconds()
        self._built = costs.built_programs()

    def pytest_sessionstart(self) -> None:
        """Starts the meters."""
        self._meter.start()
        self._pace.start()

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_make_scheduler(self, config: pytest.Config, log: Producer) -> streams.Streams:
        """The scheduler by streams."""
        return streams.Streams(config, log, streams.known_durations())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: WorkerController) -> None:
        """Takes the costs from a worker that has ended."""
        output = cast("dict[str, Any]", getattr(node, "workeroutput", {}))
        self._costs += [costs.Cost(**cost) for cost in output.get(_SENT, [])]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Prints a failure when it happens: the whole run takes a while, and pytest tells of failures at its end."""
        if report.failed and (terminal := self._config.pluginmanager.get_plugin("terminalreporter")):
            terminal.ensure_newline()
            last = report.longreprtext.strip().rpartition("\n")[2]
            terminal.write_line(f"{report.nodeid} failed ({report.when}): {last}", red=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Adds up, holds the budgets, and writes down what was asked for."""
        worker = self._config.pluginmanager.get_plugin(_WORKER)
        self._costs += worker.costs if isinstance(worker, Worker) else []
        clusters: dict[str, float] = {}
        for name, seconds in self._meter.end().items():
            clusters[self._clusters[name]] = clusters.get(self._clusters[name], 0.0) + seconds
        self.slowness = self._pace.end()
        self.phases = costs.by_phase(self._costs, clusters)
        self.findings = self._findings()
        if self.findings and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if sys.pycache_prefix:
            # What tests compiled in directories of their own: nobody imports it again.
            shutil.rmtree(f"{sys.pycache_prefix}{tempfile.gettempdir()}", ignore_errors=True)
        self._write()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Prints a line a phase, and what exceeded its budget."""
        allowed = costs.budgets(self._config.getoption("budgets") or costs.BUDGETS)
        terminalreporter.section("cost by phase")
        terminalreporter.write_line(f"{'phase':22}{'tests':>7}{'test s':>9}{'CPU s':>9}{'of clusters':>13}{'budget':>9}")
        for phase in self.phases:
            budget = f"{allowed[phase.name]:g}" if phase.name in allowed else "-"
            row = f"{phase.name:22}{len(phase.costs):>7}{phase.wall:>9.0f}{phase.cpu:>9.0f}{phase.clusters:>13.0f}{budget:>9}"
            terminalreporter.write_line(row)
        used, wall = sum(phase.cpu for phase in self.phases), time.monotonic() - self._wall
        whole = machine_seconds() - self._machine
        terminalreporter.write_line(
            f"all: {used:.0f} CPU s in {wall:.0f} s; the whole machine: {whole:.0f} CPU s, load {costs.load()}, {os.cpu_count()} cores"
        )
        terminalreporter.write_line(f"this machine took {self.slowness:.2f} CPU s for one of the reference core; budgets are in those")
        for line in self.findings:
            terminalreporter.write_line(line, red=True)

    def _findings(self) -> list[str]:
        file: Path | None = self._config.getoption("budgets")
        if file is None:
            return []
        if new := costs.built_programs() - self._built:
            self._config.issue_config_time_warning(pytest.PytestWarning(f"budgets are not held: {len(new)} programs were built"), 2)
            return []
        return costs.exceeded(self.phases, costs.budgets(file), self.slowness)

    def _write(self) -> None:
        if file := self._config.getoption("costs"):
            ordered = sorted(self._costs, key=lambda cost: -cost.cpu)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("".join(f"{cost.cpu:8.2f} {cost.wall:8.2f} {cost.phase:18} {cost.nodeid}\n" for cost in ordered))
        if self._config.getoption("record_durations"):
            streams.DURATIONS.write_text(json.dumps(costs.by_unit(self._costs), indent=1) + "\n")
