"""Everything that there is in a cluster and in the AWS of a sandbox, by name, to be compared before and after."""

from sandbox.kube import Kube
from sandbox.providers.aws.client import Aws
from sandbox.providers.values import items, text
from sandbox.unmanaged import listable

Known = frozenset[tuple[str, str]]
"""Kind, and ``namespace/name`` or name."""

_PASSING = ("APIService", "CertificateSigningRequest", "ControllerRevision", "IPAddress", "ReplicaSet")
"""Kinds that the cluster itself makes for others, under names of its own."""


def objects(kube: Kube) -> Known:
    """The objects of a cluster, but for those that it makes itself."""
    kinds = [*listable(kube), *listable(kube, in_namespaces=False)]
    return frozenset(
        (kind, f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}".lstrip("/"))
        for kind, root, plural in kinds
        if kind not in _PASSING
        for item in kube.list(f"{root}/{plural}")
    )


def cloud(aws: Aws) -> Known:
    """Buckets, roles and keys."""
    listed = {
        "Bucket": [text(one, "Name") for one in items(aws.call("s3", "list_buckets"), "Buckets")],
        "Role": [text(one, "RoleName") for one in items(aws.call("iam", "list_roles"), "Roles")],
        "Key": [text(one, "KeyId") for one in items(aws.call("kms", "list_keys"), "Keys")],
    }
    return frozenset((kind, name) for kind, names in listed.items() for name in names)
