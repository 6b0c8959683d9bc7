"""A change is deployed and taken back: what runs is what the first commit says, and nothing else has changed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sandbox import confirmation
from sandbox.engine import ROOT, Target
from sandbox.kube import Kube, Object
from tests.e2e.leaking import Trail
from tests.e2e.projects import ProjectEngine
from tests.sandbox.test_rollback import commit, git

pytestmark = pytest.mark.cluster

LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "tests", "docs", "out")
"""Of no use to the engine; a virtual environment is large."""


def test_a_change_is_taken_back_by_the_code_of_the_commit_before_it(trail: Trail, tmp_path: Path) -> None:
    """The first commit is what is deployed already."""
    project, place = tmp_path / "project", trail.engine.target
    shutil.copytree(ROOT, project, ignore=LEFT_OUT)
    stack = project / "Pulumi.dev.yaml"
    shutil.copy(trail.engine.project / stack.name, stack)
    git(project, "init", "--quiet")
    commit(project, "first")
    git(project, "tag", "good")
    before = rules(place)

    stack.write_text(stack.read_text().replace("config:\n", "config:\n  observability:thresholds: {nodes: {nodeDiskUsage: 50%}}\n", 1))
    commit(project, "second")
    with ProjectEngine(place, "dev", print, project).stack() as engine:
        engine.up(on_output=print)
    assert rules(place) != before

    told = roll_back(place, project, "good")
    assert told.index("what good (") < told.index("prometheus-rules") < told.index("dev is what good (")
    assert rules(place) == before
    assert set(trail.engine.preview()) == {"same"}


def rules(place: Target) -> Object:
    """What Prometheus is given."""
    return Kube(place.kubeconfig).get("/api/v1/namespaces/observability/configmaps/prometheus-rules")["data"]


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
