"""Environments on a simulated cluster with the real engine: deployed as they are, then with a setting changed."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest
from pulumi import automation

from sandbox import cloud, cluster, engine, target
from sandbox.cluster.provisioner import STORAGE_CLASS
from sandbox.engine import Engine, Target
from sandbox.kube import Kube
from tests.guard.edits import Edit, read_as, stack_of
from tests.guard.plan import STATEFUL
from tests.waiting import until

NODES = 3
"""As many as prod's Elasticsearch wants to be on."""

Step = tuple[str, str, str]
"""What the engine would do, to which kind, of which name in the program."""


def place(instance: cluster.Instance, s3: str, state: Path) -> Target:
    """A simulated cluster with nodes enough, and what every environment finds there: the namespace of its catalogue."""
    kube = Kube(instance.kubeconfig)
    for number in range(1, NODES):
        metadata = {"name": f"simulated-{number}", "labels": {"kubernetes.io/hostname": f"simulated-{number}", "type": "kwok"}}
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {**metadata, "annotations": {"kwok.x-k8s.io/node": "fake"}}}
        kube.call("POST", "/api/v1/nodes", body=node)
    kube.call("POST", "/api/v1/namespaces", body={"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "dharma"}})
    until(lambda: len(kube.get("/api/v1/nodes")["items"]) == NODES)
    return replace(target.sandbox(instance), state=state, s3=s3)


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """An environment on its cluster."""

    name: str
    engine: Engine
    said: list[str]
    """What the engine said, line by line."""

    @contextmanager
    def configured(self, edit: Edit | None = None, accept: tuple[str, ...] = ()) -> Iterator[None]:
        """Run the body with one setting changed, and with what is accepted."""
        settings = edit.content if edit and edit.file.startswith("Pulumi.") else stack_of(self.name)
        accepted = [*cast("list[str]", settings.get("accept", [])), *accept]
        config = {f"observability:{key}": value for key, value in {**settings, "accept": accepted}.items()}
        own = engine.here

        def here(stack: Mapping[str, object], s3: str | None, say: engine.Say) -> str:
            given = cast("dict[str, object]", stack["config"])
            kept = {key: value for key, value in given.items() if not key.startswith("observability:") or _is_secret(value)}
            return own({**stack, "config": {**kept, **_of_this_cluster(config)}}, s3, say)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "here", here)
            if edit and not edit.file.startswith("Pulumi."):
                patch.setattr("model.environment.read", read_as(edit))
            self.said.clear()
            yield

    def planned(self) -> set[Step]:
        """What a preview would replace or delete that holds data, or is the way to it."""
        found: set[Step] = set()

        def look(event: automation.EngineEvent) -> None:
            if event.resource_pre_event:
                metadata = event.resource_pre_event.metadata
                operation, kind = automation.OpType(metadata.op).value, metadata.type.rpartition(":")[2]
                if operation in ("replace", "delete") and kind in STATEFUL:
                    found.add((operation, kind, metadata.urn.rpartition("::")[2]))

        with self.engine._stack() as stack:  # pyright: ignore[reportPrivateUsage] - only a test wants to see each step
            stack.preview(on_output=self.said.append, on_event=look, color="never")
        return found


def deployment(place: Target, name: str) -> Deployment:
    """An environment of its own on a cluster."""
    said: list[str] = []
    return Deployment(name=name, engine=Engine(place, name, say=said.append), said=said)


def _is_secret(value: object) -> bool:
    return isinstance(value, dict) and "secure" in value


def _of_this_cluster(config: Mapping[str, object]) -> dict[str, object]:
    """Settings with the storage class that there is here, where they name one."""
    chosen = cast("dict[str, object]", config["observability:cluster"])
    return {**config, "observability:cluster": {**chosen, **({"storageClass": STORAGE_CLASS} if "storageClass" in chosen else {})}}
