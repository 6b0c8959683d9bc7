"""Everything that there is in a cluster and in the AWS of a sandbox, by name, to be compared before and after."""

from sandbox.engine import Engine
from sandbox.kube import Kube, KubeError, Object
from sandbox.providers.aws.client import Aws
from sandbox.providers.values import Obj, items, text
from sandbox.unmanaged import listable
from tests.waiting import until

Known = frozenset[tuple[str, str]]
"""Kind, and ``namespace/name`` or name."""

_PASSING = ("APIService", "CertificateSigningRequest", "IPAddress")
"""Kinds that the cluster itself makes for others, under names of its own."""

_OF_EACH_NAMESPACE = {("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default")}
"""What the cluster puts into a namespace a moment after it was made."""


def objects(kube: Kube) -> Known:
    """The objects of a cluster, but for those that it makes itself."""
    kinds = [*listable(kube), *listable(kube, in_namespaces=False)]
    return frozenset(
        (kind, f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}".lstrip("/"))
        for kind, root, plural in kinds
        if kind not in _PASSING
        for item in kube.list(f"{root}/{plural}")
        if not _made_by_the_cluster(kind, item["metadata"])
    )


def _made_by_the_cluster(kind: str, metadata: Object) -> bool:
    """For another object, such as pods and jobs of an hour; for each namespace; for a controller of its own that has just begun."""
    of_a_controller = kind == "ServiceAccount" and metadata.get("namespace") == "kube-system"
    return bool(metadata.get("ownerReferences")) or (kind, metadata["name"]) in _OF_EACH_NAMESPACE or of_a_controller


def await_only(kube: Kube, known: Known) -> None:
    """Wait until the cluster has nothing but these objects; the failure tells what else there was."""
    seen: list[Known] = []

    def clean() -> bool:
        seen.append(objects(kube) - known)
        return not seen[-1]

    try:
        until(clean)
    except AssertionError as error:
        raise AssertionError(f"there is still {sorted(seen[-1])}") from error


def cloud(aws: Aws) -> Known:
    """Buckets, roles and keys."""
    listed = {
        "Bucket": [text(one, "Name") for one in items(aws.call("s3", "list_buckets"), "Buckets")],
        "Role": [text(one, "RoleName") for one in items(aws.call("iam", "list_roles"), "Roles")],
        "Key": [text(one, "KeyId") for one in items(aws.call("kms", "list_keys"), "Keys")],
    }
    return frozenset((kind, name) for kind, names in listed.items() for name in names)


def end_state(engine: Engine, kube: Kube) -> Obj:
    """What a deployment ended with: everything in the state with what it was made from, by urn, and everything in the cluster by name.

    Volumes have other names each time.
    """
    made = {text(one, "urn"): one.get("inputs") for one in engine.resources()}
    return made | {f"{kind} {name}": True for kind, name in objects(kube) if kind != "PersistentVolume"}


def gone(kube: Kube, path: str) -> bool:
    """Whether there is no such object."""
    try:
        kube.get(path)
    except KubeError as error:
        return "not found" in str(error)
    return False
