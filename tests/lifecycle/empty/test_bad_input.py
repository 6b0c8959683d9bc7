"""Stack files that cannot be deployed, as the engine itself tells it to who uses `pulumi up`: what is wrong, and the way out."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.engine import EngineError, Target
from sandbox.kube import Kube
from tests.e2e import projects
from tests.e2e.projects import ProjectEngine
from tests.lifecycle.inventory import objects

pytestmark = pytest.mark.cluster

FILE = "Pulumi.dev.yaml"
PASSWORD = r"  observability:grafanaAdminPassword: \{.*?\}\n"  # noqa: S105 - where it is in the stack file
BROKEN: dict[str, tuple[str, str, Sequence[str]]] = {
    "an unknown key, and a secret in plain text": (
        PASSWORD,
        "  observability:grafanaAdminPassword: opensesame\n  observability:promtheus: {replicas: 2}\n",
        (
            "Pulumi.dev.yaml: observability:promtheus: unknown key 'promtheus'.*did you mean 'observability:prometheus'",
            "observability:grafanaAdminPassword.*encrypt it with: pulumi config set --secret observability:grafanaAdminPassword",
        ),
    ),
    "a missing secret": (PASSWORD, "", ("pulumi config set --secret observability:grafanaAdminPassword",)),
}
"""What is put in place of what, and all that is told."""


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_deployed_is_told_and_nothing_is_made(what: str, simulated: Target, tmp_path: Path) -> None:
    old, new, expected = BROKEN[what]
    project = projects.copy(tmp_path / "project")
    text, count = re.subn(old, new, (project / FILE).read_text(), count=1)
    assert count == 1
    (project / FILE).write_text(text)
    kube, said = Kube(simulated.kubeconfig), list[str]()
    before = objects(kube)
    with pytest.raises(EngineError) as refused:
        ProjectEngine(replace(simulated, state=tmp_path / "state"), "dev", said.append, project).up()
    told = "\n".join((*said, str(refused.value)))
    print(told)
    for one in expected:
        assert re.search(one, told, re.DOTALL)
    assert "opensesame" not in told
    assert [one for one in objects(kube) - before if "observability" in one[1]] == []  # the cluster still makes objects of its own
