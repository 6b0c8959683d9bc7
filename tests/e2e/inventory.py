"""Everything that there is in a cluster and in the AWS of a sandbox, by name, to be compared before and after."""

from collections.abc import Iterator

from sandbox.kube import Kube
from sandbox.providers.aws.client import Aws
from sandbox.providers.values import items, text

Known = frozenset[tuple[str, str]]
"""Kind, and ``namespace/name`` or name."""

_PASSING = ("Event", "EndpointSlice", "Endpoints", "Lease", "APIService", "CertificateSigningRequest", "ControllerRevision", "ReplicaSet")
"""Kinds that the cluster itself makes and removes."""


def objects(kube: Kube) -> Known:
    """The objects of a cluster, but for those that it makes itself."""
    return frozenset(_objects(kube))


def _objects(kube: Kube) -> Iterator[tuple[str, str]]:
    roots = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in kube.get("/apis")["groups"])]
    for root in roots:
        for kind in kube.get(root)["resources"]:
            if "/" in kind["name"] or "list" not in kind["verbs"] or kind["kind"] in _PASSING:
                continue
            for item in kube.list(f"{root}/{kind['name']}"):
                yield str(kind["kind"]), f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}".lstrip("/")


def cloud(aws: Aws) -> Known:
    """Buckets, roles and keys."""
    listed = {
        "Bucket": [text(one, "Name") for one in items(aws.call("s3", "list_buckets"), "Buckets")],
        "Role": [text(one, "RoleName") for one in items(aws.call("iam", "list_roles"), "Roles")],
        "Key": [text(one, "KeyId") for one in items(aws.call("kms", "list_keys"), "Keys")],
    }
    return frozenset((kind, name) for kind, names in listed.items() for name in names)
