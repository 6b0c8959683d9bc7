"""A change is deployed and taken back: what runs is what the first commit says, and nothing else has changed."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import confirmation
from sandbox.engine import ROOT, Engine, Target
from sandbox.kube import Kube, Object
from tests.sandbox.test_rollback import commit, git

pytestmark = pytest.mark.cluster

LEFT_OUT = shutil.ignore_patterns(".git", ".*cache", ".hypothesis", "__pycache__", "tests", "docs", "out")


@pytest.fixture
def engine(simulated: Target) -> Iterator[Engine]:
    """The engine of this checkout; what was deployed by whichever is deleted at the end."""
    engine = Engine(simulated, "dev", say=print)
    yield engine
    engine.destroy()


def test_a_change_is_taken_back_by_the_code_of_the_commit_before_it(simulated: Target, engine: Engine, tmp_path: Path) -> None:
    project = tmp_path / "project"
    shutil.copytree(ROOT, project, ignore=LEFT_OUT)
    git(project, "init", "--quiet")
    commit(project, "first")
    git(project, "tag", "good")
    deploy(simulated, project)
    before = rules(simulated)

    stack = project / "Pulumi.dev.yaml"
    stack.write_text(stack.read_text().replace("config:\n", "config:\n  observability:thresholds: {nodes: {nodeDiskUsage: 50%}}\n", 1))
    commit(project, "second")
    deploy(simulated, project)
    assert rules(simulated) != before

    told = roll_back(simulated, project, "good")
    assert told.index("what good (") < told.index("prometheus-rules") < told.index("dev is what good (")
    assert rules(simulated) == before
    assert engine.drift() == ()
    assert set(engine.up()) == {"same"}


def rules(place: Target) -> Object:
    """What Prometheus is given."""
    return Kube(place.kubeconfig).get("/api/v1/namespaces/observability/configmaps/prometheus-rules")["data"]


def deploy(place: Target, project: Path) -> None:
    """Deploy what the checkout of a project says."""
    words = ["up", place.name, str(place.kubeconfig), str(place.state), place.s3 or "", "dev"]
    run([sys.executable, "-P", str(project / "sandbox/at_commit.py"), *words], project, {})


def roll_back(place: Target, project: Path, to: str) -> str:
    """What `make rollback` says in the checkout of a project."""
    command = [sys.executable, "-m", "sandbox", "rollback", "--env", "dev", "--to", to]
    return run(command, project, {"SANDBOX": place.name, confirmation.VARIABLE: "dev"})


def run(command: list[str], project: Path, variables: dict[str, str]) -> str:
    """What a command says that must not fail."""
    given = {**os.environ, "PYTHONPATH": str(project), **variables}
    done = subprocess.run(command, cwd=project, env=given, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
