"""What a plan holds an update to, with the real engine: what was previewed and approved is made, and nothing else."""

from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pulumi
import pytest
from pulumi.automation import Stack
from pulumi_kubernetes import Provider
from pulumi_kubernetes.core.v1 import ConfigMap, Secret

from sandbox import cluster, target
from sandbox.engine import Engine, EngineError
from sandbox.kube import Kube, KubeError

pytestmark = pytest.mark.cluster

NAME, CANARY = "planned", "canary-of-a-plan"
METADATA = {"name": NAME, "namespace": "default"}


def declaring(text: str) -> Callable[[], None]:
    """A program with a ConfigMap that holds the text, and a Secret."""

    def program() -> None:
        on_cluster = pulumi.ResourceOptions(provider=Provider("cluster", enable_config_map_mutable=True))
        ConfigMap(NAME, metadata=METADATA, data={"text": text}, opts=on_cluster)  # pyright: ignore[reportArgumentType]
        Secret(NAME, metadata=METADATA, string_data={"password": pulumi.Output.secret(CANARY)}, opts=on_cluster)  # pyright: ignore[reportArgumentType]

    return program


def planning(engine: Engine) -> AbstractContextManager[Stack]:
    """The stack itself: `make` knows no plans."""
    return engine._stack()  # pyright: ignore[reportPrivateUsage] - only this test works without its commands


@pytest.fixture
def engine(cluster_instance: cluster.Instance, tmp_path: Path) -> Engine:
    """On the test cluster, with a state of the test's own."""
    return Engine(replace(target.sandbox(cluster_instance), state=tmp_path / "pulumi"), "dev", say=print)


def test_only_what_was_previewed_is_made(
    engine: Engine, cluster_instance: cluster.Instance, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kube, plan = Kube(cluster_instance.kubeconfig), tmp_path / "plan.json"
    monkeypatch.setattr("sandbox.engine.run_program", declaring("as previewed"))
    with planning(engine) as stack:
        stack.preview(plan=str(plan), on_output=print)
    assert not any(secret in plan.read_text() for secret in (CANARY, b64encode(CANARY.encode()).decode()))

    monkeypatch.setattr("sandbox.engine.run_program", declaring("as somebody pushed since"))
    with pytest.raises(EngineError, match="violates plan"), planning(engine) as stack:
        stack.up(plan=str(plan), on_output=print)
    with pytest.raises(KubeError, match="not found"):
        kube.get(f"/api/v1/namespaces/default/configmaps/{NAME}")

    monkeypatch.setattr("sandbox.engine.run_program", declaring("as previewed"))
    try:
        with planning(engine) as stack:
            stack.up(plan=str(plan), on_output=print)
        assert kube.get(f"/api/v1/namespaces/default/configmaps/{NAME}")["data"] == {"text": "as previewed"}
    finally:
        engine.destroy()
