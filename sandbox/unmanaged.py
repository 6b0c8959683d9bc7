"""What lives in the platform's namespaces although no deployment made it: left over, or put there by hand."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from components.base import OWNER
from sandbox.kube import Kube, Object

Key = tuple[str, str, str]
"""Kind, namespace and name of an object."""

_PASSING = ("Binding", "Event", "EndpointSlice", "Endpoints", "Lease", "LocalSubjectAccessReview", "NodeMetrics", "PodMetrics")
"""Kinds that controllers write all the time, from objects that are looked at themselves."""


@dataclass(frozen=True, kw_only=True)
class Unmanaged:
    """An object that no state knows."""

    kind: str
    object: str
    """namespace/name."""

    made_by: str
    """Who wrote it first, as far as the API server knows: a field manager such as ``kubectl-create``."""

    def __str__(self) -> str:
        return f"unmanaged: {self.kind} {self.object} (made by {self.made_by})"


def unmanaged(kube: Kube, namespaces: Iterable[str], known: Iterable[Key]) -> tuple[Unmanaged, ...]:
    """The objects in some namespaces that are neither known, nor made by the cluster for one that is."""
    owned = set(known)
    found: list[Unmanaged] = []
    kinds = listable(kube)
    for namespace in namespaces:
        for kind, root, plural in kinds:
            for item in kube.list(f"{root}/namespaces/{namespace}/{plural}"):
                metadata: Object = item["metadata"]
                expected = any(made({**item, "kind": kind}, owned) for made in EXPECTED.values())
                if (kind, namespace, str(metadata["name"])) not in owned and not expected:
                    found.append(Unmanaged(kind=kind, object=f"{namespace}/{metadata['name']}", made_by=_writer(metadata)))
    return tuple(sorted(found, key=str))


def listable(kube: Kube, *, in_namespaces: bool = True) -> list[tuple[str, str, str]]:
    """Kind, root of the API and plural of everything that can be listed: what lives in namespaces, or what does not."""
    roots = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in kube.get("/apis")["groups"])]
    return [
        (str(one["kind"]), root, str(one["name"]))
        for root in roots
        for one in kube.get(root)["resources"]
        if one["namespaced"] is in_namespaces and "/" not in one["name"] and "list" in one["verbs"] and one["kind"] not in _PASSING
    ]


def _writer(metadata: Object) -> str:
    written = sorted(metadata.get("managedFields") or [], key=lambda field: str(field.get("time", "")))
    return str(written[0]["manager"]) if written else "unknown"


def _owned(item: Object, _: set[Key]) -> bool:
    return bool(item["metadata"].get("ownerReferences"))


def _of_namespace(item: Object, _: set[Key]) -> bool:
    return (item["kind"], item["metadata"]["name"]) in {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}


def _claim(item: Object, known: set[Key]) -> bool:
    """`<template>-<StatefulSet>-<ordinal>`: such claims outlive their pods on purpose and have no owner."""
    name, _, ordinal = str(item["metadata"]["name"]).rpartition("-")
    sets = [one for kind, space, one in known if kind == "StatefulSet" and space == item["metadata"]["namespace"]]
    return item["kind"] == "PersistentVolumeClaim" and ordinal.isdigit() and any(name.endswith(f"-{one}") for one in sets)


def _of_ingress(item: Object, known: set[Key]) -> bool:
    """The pods as targets of the load balancer that our Ingresses share, and the certificates that cert-manager keeps for them."""
    metadata: Object = item["metadata"]
    labels: Object = metadata.get("labels") or {}
    annotations: Object = metadata.get("annotations") or {}
    pages = [name for kind, space, name in known if kind == "Ingress" and space == metadata["namespace"]]
    if item["kind"] == "TargetGroupBinding":
        return bool(pages) and labels.get("ingress.k8s.aws/stack") == OWNER
    signed = "cert-manager.io/certificate-name" in annotations
    return item["kind"] == "Secret" and signed and metadata["name"] in [f"{page}-tls" for page in pages]


EXPECTED: Mapping[str, Callable[[Object, set[Key]], bool]] = {
    "made by a controller for an object that is looked at itself": _owned,
    "made by Kubernetes in each namespace": _of_namespace,
    "made by a StatefulSet for its pods": _claim,
    "made by a controller for our Ingresses": _of_ingress,
}
"""Why an object that no state knows is none of ours, and how such ones are recognised."""
