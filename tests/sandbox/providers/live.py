"""The test's own view of the cluster, past the plugin, and the part of the kubelet for pods that no node takes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

from sandbox.kube import Kube, Object
from sandbox.providers.values import Json, Obj

_T = TypeVar("_T")
NOWHERE: Obj = {"observability.test/nowhere": "true"}
"""A node selector that no node meets, so that the test alone decides what becomes of the pod."""
_PATHS = {
    "ConfigMap": "/api/v1/namespaces/{0}/configmaps",
    "Secret": "/api/v1/namespaces/{0}/secrets",
    "Service": "/api/v1/namespaces/{0}/services",
    "Pod": "/api/v1/namespaces/{0}/pods",
    "Event": "/api/v1/namespaces/{0}/events",
    "Deployment": "/apis/apps/v1/namespaces/{0}/deployments",
    "Ingress": "/apis/networking.k8s.io/v1/namespaces/{0}/ingresses",
}


def eventually(look: Callable[[], _T | None], what: str, within: float = 60) -> _T:
    """The first answer that is something. Raises AssertionError after `within` seconds."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {within:.0f} s: {what}")


@dataclass
class Namespace:
    """A namespace, there from entry to exit."""

    kube: Kube
    name: str

    def __enter__(self) -> "Namespace":
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}}
        self.kube.call("POST", "/api/v1/namespaces", body=body)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.kube.call("DELETE", f"/api/v1/namespaces/{self.name}")

    def obj(self, kind: str, name: str, *, api_version: str = "v1", annotations: Obj | None = None, **fields: Json) -> Obj:
        """An object of this namespace; an empty name leaves the naming to the plugin."""
        metadata: Obj = {
            "namespace": self.name,
            **({"name": name} if name else {}),
            **({"annotations": annotations} if annotations else {}),
        }
        return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}

    def deployment(self, name: str, *, replicas: int = 1, annotations: Obj | None = None, **container: Json) -> Obj:
        """A Deployment whose pods no node takes."""
        first: Obj = {"name": "main", "image": "registry.k8s.io/pause:3.6", **container}
        pod: Obj = {"nodeSelector": NOWHERE, "containers": [first]}
        spec: Obj = {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod},
        }
        return self.obj("Deployment", name, api_version="apps/v1", annotations=annotations, spec=spec)

    def get(self, kind: str, name: str) -> Object | None:
        """The live object, None when there is none."""
        return next((one for one in self.find(kind) if one["metadata"]["name"] == name), None)

    def find(self, kind: str) -> list[Object]:
        """All live objects of the kind."""
        return self.kube.list(_PATHS[kind].format(self.name))

    def merge(self, kind: str, name: str, change: Obj, *, manager: str = "kubectl-edit", part: str = "") -> None:
        """A merge patch from another field manager; `part` is /status for the status."""
        path = f"{_PATHS[kind].format(self.name)}/{name}{part}"
        self.kube.call("PATCH", path, query={"fieldManager": manager}, body=change, kind="application/merge-patch+json")

    def apply(self, kind: str, obj: Obj, manager: str) -> None:
        """A forced server-side apply from another field manager."""
        path = f"{_PATHS[kind].format(self.name)}/{obj['metadata']['name']}"  # pyright: ignore[reportIndexIssue, reportOptionalSubscript, reportArgumentType, reportCallIssue]
        self.kube.call("PATCH", path, query={"fieldManager": manager, "force": "true"}, body=obj, kind="application/apply-patch+yaml")

    def delete(self, kind: str, name: str) -> None:
        """Deletes behind the plugin's back."""
        self.kube.call("DELETE", f"{_PATHS[kind].format(self.name)}/{name}")

    def pod(self) -> str:
        """The name of the namespace's one pod, once it is there."""
        return str(eventually(lambda: self.find("Pod"), "a pod")[0]["metadata"]["name"])

    def set_status(self, pod: str, status: Obj) -> None:
        """What the kubelet would report of the pod."""
        self.merge("Pod", pod, {"status": status}, manager="kubelet", part="/status")
