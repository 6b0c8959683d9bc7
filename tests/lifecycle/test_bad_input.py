"""Stack files that cannot be deployed, as the engine itself tells it to who uses `pulumi up`: what is wrong, and the way out."""

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.engine import ROOT, Engine, EngineError, Target
from sandbox.kube import Kube
from tests.lifecycle.inventory import objects

pytestmark = pytest.mark.cluster

FILE = "Pulumi.dev.yaml"
LEFT_OUT = shutil.ignore_patterns(".git", ".*cache", ".hypothesis", "__pycache__", "tests", "docs", "out")
BROKEN = {
    "an unknown key": (
        r"\nconfig:\n",
        "\nconfig:\n  observability:promtheus: {replicas: 2}\n",
        "Pulumi.dev.yaml: observability:promtheus: unknown key 'promtheus'.*did you mean 'observability:prometheus'",
    ),
    "a secret in plain text": (
        r"observability:grafanaAdminPassword: \{.*?\}\n",
        "observability:grafanaAdminPassword: opensesame\n",
        "observability:grafanaAdminPassword.*",
    ),
    "a missing secret": (
        r"  observability:grafanaAdminPassword: \{.*?\}\n",
        "",
        "pulumi config set --secret observability:grafanaAdminPassword",
    ),
    "a missing address": (
        r"  observability:heartbeatUrl: \{.*?\}\n",
        "",
        "pulumi config set --secret observability:heartbeatUrl",
    ),
}
"""What is put in place of what, and what is told."""


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_deployed_is_told_and_nothing_is_made(
    what: str, simulated: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, told = BROKEN[what]
    project = tmp_path / "project"
    shutil.copytree(ROOT, project, ignore=LEFT_OUT)
    text, count = re.subn(old, new, (project / FILE).read_text(), count=1)
    assert count == 1
    (project / FILE).write_text(text)
    monkeypatch.setattr("sandbox.engine.ROOT", project)
    before, kube = objects(Kube(simulated.kubeconfig)), Kube(simulated.kubeconfig)
    said: list[str] = []
    with pytest.raises(EngineError) as refused:
        Engine(replace(simulated, state=tmp_path / "state"), "dev", say=said.append).up()
    print("\n".join(said), refused.value)
    assert re.search(told, f"{refused.value}\n" + "\n".join(said), re.DOTALL)
    assert "opensesame" not in str(refused.value) + "\n".join(said)
    assert [one for one in objects(kube) - before if "observability" in one[1]] == []  # the cluster still makes objects of its own
