"""The session of `make test`: budgets are held and the dearest tests named, streams stay together, long units come first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox.cluster.instance import Instance
from sandbox.cluster.ownership import MARK
from tests.session import costs, phase, streams
from tests.session.costs import Cost
from tests.session.machine import ClusterMeter, machine_seconds

ROOT = Path(__file__).resolve().parents[2]
CONFTEST = """
from tests.session.plugin import add_options as pytest_addoption, register

def pytest_configure(config):
    config.addinivalue_line("markers", "cluster: x")
    register(config, "none")
"""
TESTS = "import pytest\n" + "".join(f"def test_{number}(): assert sum(range({number} * 10**6))\n" for number in range(1, 8))


def session(directory: Path, *arguments: str, tests: str = TESTS, **allowed: float) -> subprocess.CompletedProcess[str]:
    """A small run of pytest with the session's plugin, under the given budgets."""
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_it.py").write_text(tests)
    (directory / "budgets.yaml").write_text("".join(f"{name}: {seconds}\n" for name, seconds in allowed.items()))
    command = [sys.executable, "-m", "pytest", "-c", "/dev/null", f"--rootdir={directory}", "--budgets=budgets.yaml", *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=directory, env={**os.environ, "PYTHONPATH": str(ROOT)})


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "with workers"])
def test_a_run_within_its_budgets_passes_and_prints_each_phase(tmp_path: Path, workers: tuple[str, ...]) -> None:
    done = session(tmp_path, *workers, plain=60, collection=120, all=200)
    assert done.returncode == 0, done.stdout
    rows = [line.split() for line in done.stdout.splitlines()]
    assert any(row[:2] == ["plain", "7"] and row[-1] == "60" for row in rows)


def test_a_lowered_budget_fails_the_run_and_names_the_dearest_tests(tmp_path: Path) -> None:
    done = session(tmp_path, "-n", "2", "--costs=costs.txt", plain=0.001, collection=120, all=200)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "plain              test_it.py::test_7\n" in (tmp_path / "costs.txt").read_text()
    findings = done.stdout.split("; the dearest:\n")[1].splitlines()[: costs.DEAREST]
    assert findings[0].split()[-1] == "test_it.py::test_7"
    assert all("test_it.py::test_" in line for line in findings)


def test_a_failure_is_printed_when_it_happens(tmp_path: Path) -> None:
    done = session(tmp_path, "-n", "2", tests="def test_bad(): assert 1 == 2\n", plain=60, collection=120, all=200)
    before, _, _ = done.stdout.partition("= FAILURES =")
    assert "test_it.py::test_bad failed (call): " in before


def test_a_phase_without_a_budget_fails_the_run(tmp_path: Path) -> None:
    done = session(tmp_path, collection=120, all=200)
    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "the phase 'plain' has no budget" in done.stdout


def test_a_test_on_a_cluster_outside_of_every_stream_is_refused(tmp_path: Path) -> None:
    done = session(tmp_path, tests="import pytest\n\n@pytest.mark.cluster\ndef test_x(): ...\n", plain=1)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert "test_it.py has tests marked `cluster` and no stream" in done.stderr


def test_the_sum_of_all_phases_has_a_budget_of_its_own() -> None:
    phases = costs.by_phase([Cost(nodeid="a", phase="plain", wall=1, cpu=6), Cost(nodeid="b", phase="binaries", wall=1, cpu=5)], {})
    findings = costs.exceeded(phases, {"plain": 10, "binaries": 10, "all": 10})
    assert [line.split()[-1] for line in findings] == ["dearest:", "a", "b"]
    assert costs.exceeded(phases, {"plain": 10, "binaries": 10, "all": 12}) == []


def test_budgets_grow_with_the_slowness_of_the_machine_and_never_shrink() -> None:
    phases = costs.by_phase([Cost(nodeid="a", phase="plain", wall=1, cpu=11)], {})
    allowed = {"plain": 10, "all": 10}
    assert "plain: 11.0 CPU s, budget 10 CPU s times 1.05; the dearest:" in costs.exceeded(phases, allowed, slowness=1.05)
    assert costs.exceeded(phases, allowed, slowness=1.2) == []
    assert costs.exceeded(phases, allowed, slowness=0.5) == costs.exceeded(phases, allowed)
    (cheap,) = costs.by_phase([Cost(nodeid="a", phase="plain", wall=1, cpu=9)], {})
    assert costs.exceeded([cheap], allowed, slowness=0.5) == []


def test_a_child_that_worked_for_earlier_tests_does_not_count_for_the_one_in_which_it_ends() -> None:
    cores = os.cpu_count() or 1
    assert costs.spent("a", "plain", wall=0.5, cpu=137.9).cpu == 0.5 * cores
    assert costs.spent("a", "plain", wall=0.5, cpu=0.4).cpu == 0.4


def test_clusters_count_for_the_phase_that_started_them() -> None:
    (platform,) = costs.by_phase([Cost(nodeid="a", phase="platform", wall=1, cpu=2)], {"platform": 30})
    assert platform.cpu == 32
    assert any("its clusters" in line for line in costs.exceeded([platform], {"platform": 10, "all": 100}))


def test_every_phase_of_the_tests_has_a_budget() -> None:
    of_clusters = {*streams.STREAMS.values(), *streams.CLUSTERS.values()}
    assert {*costs.budgets()} == {*of_clusters, "plain", "binaries", "collection", "lint", "types", "all"}


@pytest.mark.parametrize("content", ["plain: 0", "plain: much", "- plain", ""])
def test_a_bad_file_of_budgets_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "budgets.yaml").write_text(content)
    with pytest.raises(ValueError, match="validation error"):
        costs.budgets(tmp_path / "budgets.yaml")


def test_a_command_over_its_budget_fails_and_one_below_keeps_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    spin = "import time; end = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
    for allowed, code, expected in ((0.1, 0, 1), (60.0, 0, 0), (60.0, 3, 3)):
        monkeypatch.setattr(costs, "budgets", lambda allowed=allowed: {"lint": allowed})
        assert phase.main(["lint", "--", sys.executable, "-c", f"{spin}\nraise SystemExit({code})"]) == expected


def test_units_of_work_are_streams_and_files() -> None:
    assert streams.unit("tests/e2e/test_logs.py::test_a") == streams.unit("tests/e2e/test_traces.py::test_b[x]")
    assert streams.unit("tests/model/test_logs.py::TestX::test_a") == "tests/model/test_logs.py"


def test_the_recorded_durations_are_of_units_that_exist() -> None:
    units = {*streams.STREAMS.values(), *(str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py"))}
    assert {*streams.known_durations()} <= units


def test_the_meter_counts_the_processes_of_a_simulated_cluster() -> None:
    spin = "import sys, time\nend = time.process_time() + 0.3\nwhile time.process_time() < end: pass\nprint(flush=True); sys.stdin.read()"
    meter = ClusterMeter(["metered", "silent"])
    environment = {MARK: str(Instance(name="metered", number=0).state)}
    with subprocess.Popen([sys.executable, "-c", spin], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout
        process.stdout.readline()
        meter.read()
        process.communicate()
    used = meter.end()
    assert used["metered"] >= 0.3
    assert "silent" not in used


def test_the_machine_is_at_least_as_busy_as_this_process() -> None:
    before, own = machine_seconds(), costs.cpu_seconds()
    sum(range(20_000_000))
    assert machine_seconds() - before >= 0.5 * (costs.cpu_seconds() - own) > 0
