"""What somebody does by hand to an object of each kind that is deployed: a declared field changed, an object deleted."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from model.namespaces import AGENTS_NAMESPACE, NAMESPACE
from sandbox.kube import Kube, Object
from sandbox.providers.aws.client import Aws
from sandbox.providers.differences import path_text
from sandbox.providers.kubernetes.objects import kind_of_token
from sandbox.providers.values import Json
from tests.e2e.projects import ProjectEngine

Managed = tuple[str, str]
"""The type and the id of a resource."""


@dataclass(frozen=True, kw_only=True)
class Hand:
    """Edits one object of a kind, and deletes one."""

    edited: str
    field: tuple[str | int, ...]
    value: Json
    deleted: str


@dataclass(frozen=True, kw_only=True)
class Call:
    """An operation of AWS."""

    service: str
    operation: str
    parameters: Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class CloudHand:
    """Edits the one resource of a kind, and deletes it."""

    id: str
    edit: Call
    delete: Call | None = None
    """None for a setting of the bucket: it goes with the bucket."""


BY_HAND = base64.b64encode(b"by hand").decode()
VERBS = ("rules", 0, "verbs")

KUBERNETES: dict[str, Hand] = {
    "core/v1:Namespace": Hand(
        edited=NAMESPACE, field=("metadata", "labels", "pod-security.kubernetes.io/warn"), value="baseline", deleted=AGENTS_NAMESPACE
    ),
    "scheduling.k8s.io/v1:PriorityClass": Hand(
        edited="observability", field=("description",), value="changed by hand", deleted="observability"
    ),
    "core/v1:ServiceAccount": Hand(
        edited=f"{NAMESPACE}/loki", field=("automountServiceAccountToken",), value=True, deleted=f"{NAMESPACE}/grafana"
    ),
    "rbac.authorization.k8s.io/v1:ClusterRole": Hand(
        edited="observability-promtail", field=VERBS, value=["get"], deleted="observability-collector"
    ),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": Hand(
        edited="observability-promtail", field=("subjects", 0, "name"), value="somebody", deleted="observability-collector"
    ),
    "rbac.authorization.k8s.io/v1:Role": Hand(
        edited="dharma/observability-prometheus", field=VERBS, value=["get"], deleted="kube-system/observability-prometheus"
    ),
    "rbac.authorization.k8s.io/v1:RoleBinding": Hand(
        edited="dharma/observability-prometheus",
        field=("subjects", 0, "name"),
        value="somebody",
        deleted="kube-system/observability-prometheus",
    ),
    "core/v1:ConfigMap": Hand(
        edited=f"{NAMESPACE}/prometheus-config",
        field=("data", "prometheus.yml"),
        value="global: {}",
        deleted=f"{NAMESPACE}/prometheus-rules",
    ),
    "core/v1:Secret": Hand(
        edited=f"{NAMESPACE}/grafana-secrets", field=("data", "admin-password"), value=BY_HAND, deleted=f"{NAMESPACE}/trace-storage"
    ),
    "core/v1:Service": Hand(edited=f"{NAMESPACE}/grafana", field=("spec", "ports", 0, "port"), value=1, deleted=f"{NAMESPACE}/loki"),
    "apps/v1:StatefulSet": Hand(
        edited=f"{NAMESPACE}/loki",
        field=("spec", "template", "spec", "terminationGracePeriodSeconds"),
        value=1,
        deleted=f"{NAMESPACE}/prometheus",
    ),
    "apps/v1:Deployment": Hand(
        edited=f"{NAMESPACE}/kube-state-metrics", field=("spec", "replicas"), value=0, deleted=f"{NAMESPACE}/grafana"
    ),
    "apps/v1:DaemonSet": Hand(
        edited=f"{AGENTS_NAMESPACE}/promtail",
        field=("spec", "template", "spec", "containers", 0, "image"),
        value="registry.example/by-hand:1",
        deleted=f"{AGENTS_NAMESPACE}/node-exporter",
    ),
    "batch/v1:CronJob": Hand(
        edited=f"{NAMESPACE}/trace-storage-retention",
        field=("spec", "schedule"),
        value="1 1 1 1 *",
        deleted=f"{NAMESPACE}/trace-storage-retention",
    ),
    # Its pod goes with the Deployment above: until then a claim stays.
    "core/v1:PersistentVolumeClaim": Hand(
        edited=f"{NAMESPACE}/grafana-data",
        field=("metadata", "labels", "app.kubernetes.io/component"),
        value="by-hand",
        deleted=f"{NAMESPACE}/grafana-data",
    ),
}
"""By kind of Kubernetes, as it is in the type of a resource."""

BUCKET, ROLE = "observability-logs-dev", "observability-dev-loki"
_EVERYBODY: Json = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{BUCKET}/*"}
_ANOTHER = json.dumps({"Version": "2012-10-17", "Statement": [_EVERYBODY]})
_LOOKING: Json = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": f"arn:aws:s3:::{BUCKET}"}


def s3(operation: str, **parameters: Json) -> Call:
    """An operation on the bucket."""
    return Call(service="s3", operation=operation, parameters={"Bucket": BUCKET, **parameters})


def iam(operation: str, **parameters: Json) -> Call:
    """An operation on the role."""
    return Call(service="iam", operation=operation, parameters={"RoleName": ROLE, **parameters})


def tags(**values: str) -> Json:
    """Tags as AWS takes them."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


_KEYS: Json = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]}
_OPEN: Json = dict.fromkeys(("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), False)
_SOON: Json = {"Rules": [{"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "fake/"}, "Expiration": {"Days": 1}}]}

AWS: dict[str, CloudHand] = {
    "s3/bucket:Bucket": CloudHand(
        id=BUCKET,
        edit=s3("put_bucket_tagging", Tagging={"TagSet": tags(env="by-hand")}),
        delete=s3("delete_bucket"),
    ),
    "s3/bucketPublicAccessBlock:BucketPublicAccessBlock": CloudHand(
        id=BUCKET,
        edit=s3("put_public_access_block", PublicAccessBlockConfiguration=_OPEN),
    ),
    "s3/bucketOwnershipControls:BucketOwnershipControls": CloudHand(
        id=BUCKET,
        edit=s3("put_bucket_ownership_controls", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
    ),
    "s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": CloudHand(
        id=BUCKET,
        edit=s3("put_bucket_encryption", ServerSideEncryptionConfiguration=_KEYS),
    ),
    "s3/bucketVersioning:BucketVersioning": CloudHand(
        id=BUCKET, edit=s3("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"})
    ),
    "s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": CloudHand(
        id=BUCKET, edit=s3("put_bucket_lifecycle_configuration", LifecycleConfiguration=_SOON)
    ),
    "s3/bucketPolicy:BucketPolicy": CloudHand(id=BUCKET, edit=s3("put_bucket_policy", Policy=_ANOTHER)),
    "iam/role:Role": CloudHand(id=ROLE, edit=iam("tag_role", Tags=tags(env="by-hand")), delete=iam("delete_role")),
    "iam/rolePolicy:RolePolicy": CloudHand(
        id=f"{ROLE}:bucket",
        edit=iam("put_role_policy", PolicyName="bucket", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [_LOOKING]})),
        delete=iam("delete_role_policy", PolicyName="bucket"),
    ),
}
"""By kind of AWS."""

HOLDERS = ("core/v1:Namespace", "s3/bucket:Bucket", "iam/role:Role")
"""Kinds whose objects take others with them when they go."""


def managed(engine: ProjectEngine) -> list[Managed]:
    """All that the environment's state has beside components and providers."""
    resources: list[Object] = json.loads(engine.pulumi("stack", "export"))["deployment"]["resources"]
    return [(str(one["type"]), str(one["id"])) for one in resources if one["custom"] and not one["type"].startswith("pulumi:")]


def lacking(types: Iterable[str]) -> set[str]:
    """The types for which there is no hand."""
    known = {f"kubernetes:{kind}" for kind in KUBERNETES} | {f"aws:{kind}" for kind in AWS}
    return set(types) - known


def path(kube: Kube, kind: str, identity: str) -> str:
    """Where the API server has an object."""
    api_version, name_of_kind = kind_of_token(f"kubernetes:{kind}")
    root = f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"
    found = (one["name"] for one in kube.get(root)["resources"] if one["kind"] == name_of_kind and "/" not in one["name"])
    namespace, _, name = identity.rpartition("/")
    return f"{root}/{f'namespaces/{namespace}/' if namespace else ''}{next(found)}/{name}"


def edit(kube: Kube, kind: str, hand: Hand) -> None:
    """Change a field, as an editor of kubectl does."""
    pointer = "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in hand.field)
    change = [{"op": "replace", "path": f"/{pointer}", "value": hand.value}]
    query, content = {"fieldManager": "kubectl-edit"}, "application/json-patch+json"
    kube.call("PATCH", path(kube, kind, hand.edited), query=query, body=change, kind=content)


def call(aws: Aws, told: Call) -> None:
    """Do something in AWS."""
    aws.call(told.service, told.operation, **told.parameters)


def touches(field: str, hand: Hand) -> bool:
    """Whether what is told of a field is about the one that was edited: it, a part of it, or what it is in (of Secrets no more is told)."""
    edited = path_text(hand.field)
    return field.startswith(edited) or edited.startswith(field)
