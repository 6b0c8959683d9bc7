"""Which changes need a new object: the fields that the official provider replaces on.

Data, not logic: the fields of `forceNew` in provider/pkg/provider/diff.go of pulumi/pulumi-kubernetes v4.32, so that a plan made here is
the plan that the official plugin makes. A change at or below one of them, or of a subtree around it, replaces the object; `*`: any index.
"""

from typing import Final

from sandbox.providers.differences import Change, Path, along, parse_path
from sandbox.providers.values import Json, Obj, text

_ALWAYS: Final = "metadata.name metadata.namespace"
_BINDING: Final = "roleRef"
_SECRET_DATA: Final = "type stringData data"  # noqa: S105 - field names
_CONFIG_DATA: Final = "binaryData data"
_CONTAINER: Final = (
    "args command env image imagePullPolicy lifecycle livenessProbe ports readinessProbe resources securityContext stdin stdinOnce "
    "terminationMessagePath terminationMessagePolicy tty volumeDevices volumeMounts workingDir"
)
_POD_SPEC: Final = (
    "affinity automountServiceAccountToken dnsConfig dnsPolicy enableServiceLinks hostAliases hostIPC hostNetwork hostPID hostname "
    "imagePullSecrets nodeName nodeSelector overhead preemptionPolicy priority priorityClassName readinessGates restartPolicy "
    "runtimeClassName schedulerName securityContext serviceAccount serviceAccountName shareProcessNamespace subdomain "
    "terminationGracePeriodSeconds volumes"
)
_VOLUME_SOURCES: Final = (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs hostPath iscsi local nfs "
    "photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
)


def _under(prefix: str, names: str) -> str:
    return " ".join(f"{prefix}.{name}" for name in names.split())


FIELDS: Final[dict[tuple[str, str], str]] = {
    ("apps/v1", "Deployment"): "spec.selector",
    ("apps/v1", "DaemonSet"): "spec.selector",
    ("apps/v1", "StatefulSet"): _under("spec", "podManagementPolicy revisionHistoryLimit selector serviceName volumeClaimTemplates"),
    ("batch/v1", "Job"): _under("spec", "completions parallelism selector template"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): _BINDING,
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding"): _BINDING,
    ("storage.k8s.io/v1", "StorageClass"): "parameters provisioner",
    ("v1", "PersistentVolume"): _under("spec", _VOLUME_SOURCES),
    ("v1", "PersistentVolumeClaim"): _under("spec", "accessModes selector storageClassName volumeName"),
    ("v1", "Pod"): " ".join(
        (_under("spec", _POD_SPEC), _under("spec.containers.*", _CONTAINER), _under("spec.initContainers.*", _CONTAINER))
    ),
    ("v1", "ResourceQuota"): "spec.scopes",
    ("v1", "Secret"): "type",
    ("v1", "Service"): "spec.clusterIP",
}
"""Dotted field names by apiVersion and kind, beside name and namespace, which hold for all kinds."""


def replacing_fields(obj: Obj, *, config_map_mutable: bool, secret_mutable: bool) -> list[Path]:
    """The fields of this object that cannot change in place; the data of ConfigMaps and Secrets too, unless the provider says otherwise."""
    kind = (text(obj, "apiVersion"), text(obj, "kind"))
    frozen = obj.get("immutable") is True
    names = f"{_ALWAYS} {FIELDS.get(kind, '')}"
    if kind == ("v1", "ConfigMap") and (frozen or not config_map_mutable):
        names += f" {_CONFIG_DATA}"
    if kind == ("v1", "Secret") and (frozen or not secret_mutable):
        names += f" {_SECRET_DATA}"
    return [parse_path(name) for name in names.split()]


def replaces(change: Change, fields: list[Path]) -> bool:
    """Whether the change touches one of the fields. Taking away the whole metadata does too."""
    if change.path == ("metadata",) and change.new is None:
        return True
    return any(_touches(change.path, change.new, field) for field in fields)


def _touches(path: Path, new: Json, field: Path) -> bool:
    return along(path, field) and _holds(new, field[len(path) :])


def _holds(value: Json, rest: Path) -> bool:
    if not rest:
        return True
    if rest[0] == "*":
        return isinstance(value, list) and any(_holds(item, rest[1:]) for item in value)
    return isinstance(value, dict) and rest[0] in value and _holds(value[str(rest[0])], rest[1:])
