"""The real engine and the stand-in together: a program of a few objects with a secret, from preview to destroy.

That a second update changes nothing, and a refresh of what nobody touched finds nothing: tests/lifecycle/deployed/test_drift_kinds.py.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pulumi
import pytest
from pulumi import automation
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Secret, Service

from sandbox.providers.values import Obj
from sandbox.toolchain import tool
from tests.sandbox.providers.live import Namespace

pytestmark = pytest.mark.cluster
CANARY, ENCODED = "canary-tweet-4711", "Y2FuYXJ5LXR3ZWV0LTQ3MTE="


def _program(namespace: Namespace, kubeconfig: Path, color: str) -> Callable[[], None]:
    def program() -> None:
        provider = Provider("cluster", kubeconfig=str(kubeconfig), enable_config_map_mutable=True)
        options = pulumi.ResourceOptions(provider=provider)
        password = pulumi.Config().require_secret("password")
        settings = ConfigMap("settings", metadata={"namespace": namespace.name}, data={"color": color}, opts=options)
        login = Secret("login", metadata={"namespace": namespace.name}, string_data={"password": password}, opts=options)
        container = {"name": "main", "image": "a", "env": [{"name": "SETTINGS", "value": settings.metadata.name}]}
        template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [container]}}
        spec = {"replicas": 0, "selector": {"match_labels": {"app": "web"}}, "template": template}
        Deployment("web", metadata={"namespace": namespace.name, "name": "web"}, spec=spec, opts=options)  # pyright: ignore[reportArgumentType, reportCallIssue]
        Service("web", metadata={"namespace": namespace.name}, spec={"cluster_ip": "None", "ports": [{"port": 80}]}, opts=options)
        pulumi.export("login", login.metadata.name)

    return program


@pytest.fixture
def stack_of(executable: Path, namespace: Namespace, kubeconfig: Path, tmp_path: Path) -> Callable[[str], automation.Stack]:
    """The stack of a program that says the given color."""
    (tmp_path / "state").mkdir()
    variables = {
        "PULUMI_BACKEND_URL": f"file://{tmp_path / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_HOME": str(tmp_path / "home"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PATH": f"{executable.parent}:{os.environ['PATH']}",
    }
    (tmp_path / "cli" / "bin").mkdir(parents=True)
    (tmp_path / "cli" / "bin" / "pulumi").symlink_to(tool("pulumi"))  # the layout that the Automation API looks for
    options = automation.LocalWorkspaceOptions(
        work_dir=str(tmp_path),
        env_vars=variables,
        project_settings=automation.ProjectSettings("provider-test", "python"),
        pulumi_command=automation.PulumiCommand(root=str(tmp_path / "cli")),
    )

    def stack(color: str) -> automation.Stack:
        made = automation.create_or_select_stack("dev", "provider-test", _program(namespace, kubeconfig, color), opts=options)
        made.set_config("password", automation.ConfigValue(CANARY, secret=True))
        return made

    return stack


def _counts(summary: automation.UpdateSummary) -> Obj:
    return {str(operation): count for operation, count in (summary.resource_changes or {}).items() if operation != "same"}


def test_program_goes_through_its_whole_life(
    stack_of: Callable[[str], automation.Stack], namespace: Namespace, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    stack = stack_of("blue")
    assert stack.preview().change_summary.get(automation.OpType.CREATE) == 6
    assert namespace.get("Deployment", "web") is None
    up = stack.up()
    assert _counts(up.summary) == {"create": 6}
    changed = stack_of("red").up()
    assert _counts(changed.summary) == {"update": 1}
    name = next(one["metadata"]["name"] for one in namespace.find("ConfigMap") if one["metadata"]["name"].startswith("settings"))
    namespace.merge("ConfigMap", name, {"data": {"color": "edited"}})
    assert _counts(stack_of("red").refresh().summary) == {"update": 1}
    assert _counts(stack_of("red").up().summary) == {"update": 1}
    assert (namespace.get("ConfigMap", name) or {})["data"] == {"color": "red"}
    kept = "".join(file.read_text() for file in (tmp_path / "state").rglob("*.json*"))
    assert "settings" in kept
    assert CANARY not in kept
    assert ENCODED not in kept
    assert _counts(stack.destroy().summary) == {"delete": 6}
    assert namespace.get("Deployment", "web") is None
    assert CANARY not in "".join(capfd.readouterr())
