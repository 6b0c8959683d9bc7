"""What all manifests of the demo share. Everything passes the Pod Security Standard *restricted* and has requests and limits."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Manifest = dict[str, object]
"""A Kubernetes object as it is sent to the API server."""

MANAGER = "observability-demo"
"""Field manager of the demo, and the mark on everything that is its own."""

MANAGED_BY = "app.kubernetes.io/managed-by"


@dataclass(frozen=True, kw_only=True)
class Size:
    """What a container may use."""

    cpu: tuple[str, str] = ("20m", "200m")
    """Request and limit."""

    memory: tuple[str, str] = ("32Mi", "96Mi")
    """Request and limit."""

    def manifest(self) -> Manifest:
        """The container's `resources`."""
        return {"requests": {"cpu": self.cpu[0], "memory": self.memory[0]}, "limits": {"cpu": self.cpu[1], "memory": self.memory[1]}}


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a pod. It can write only below `scratch`."""

    name: str
    image: str
    command: Sequence[str] = ()
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] | None = None
    ports: Mapping[str, int] | None = None
    secrets: str | None = None
    """Where the files of the pod's secret appear; None: not at all."""

    scratch: Sequence[str] = ()
    """Directories that are empty at the start and go with the pod."""

    readiness: Manifest | None = None
    liveness: Manifest | None = None
    size: Size = Size()

    def manifest(self) -> Manifest:
        """The entry of the pod's `containers`."""
        mounts = [{"name": volume_name(path), "mountPath": path} for path in self.scratch]
        if self.secrets is not None:
            mounts.append({"name": "secrets", "mountPath": self.secrets})
        parts: Manifest = {
            "command": list(self.command),
            "args": list(self.arguments),
            "env": [{"name": key, "value": value} for key, value in (self.environment or {}).items()],
            "ports": [{"name": key, "containerPort": value, "protocol": "TCP"} for key, value in (self.ports or {}).items()],
            "volumeMounts": mounts,
            "readinessProbe": self.readiness,
            "livenessProbe": self.liveness,
        }
        return {
            "name": self.name,
            "image": self.image,
            "imagePullPolicy": "IfNotPresent",
            "resources": self.size.manifest(),
            "securityContext": {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
            **{key: value for key, value in parts.items() if value},
        }


def namespace(name: str) -> Manifest:
    """A namespace of the demo's own, which enforces *restricted*."""
    labels = {MANAGED_BY: MANAGER, "pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def secret(name: str, space: str, files: Mapping[str, str]) -> Manifest:
    """A Secret whose keys are file names."""
    data = {file: base64.b64encode(content.encode()).decode() for file, content in files.items()}  # stringData never gives up a key
    return {"apiVersion": "v1", "kind": "Secret", "metadata": _metadata(name, space), "type": "Opaque", "data": data}


def service(name: str, space: str, ports: Mapping[str, int]) -> Manifest:
    """A Service in front of the pods of the Deployment of the same name."""
    listed = [{"name": key, "port": port, "targetPort": port, "protocol": "TCP"} for key, port in ports.items()]
    spec: Manifest = {"type": "ClusterIP", "selector": _selector(name), "ports": listed}
    return {"apiVersion": "v1", "kind": "Service", "metadata": _metadata(name, space), "spec": spec}


def deployment(
    name: str, space: str, containers: Sequence[Container], *, user: int = 65532, secret_files: tuple[str, Sequence[str]] | None = None
) -> Manifest:
    """A Deployment of one pod. `secret_files` are the name of a Secret and those of its files that the pod may read."""
    volumes: list[Manifest] = [
        {"name": volume_name(path), "emptyDir": {"sizeLimit": "1Gi"}}
        for path in dict.fromkeys(path for each in containers for path in each.scratch)
    ]
    if secret_files is not None:
        items = [{"key": file, "path": file} for file in secret_files[1]]
        volumes.append({"name": "secrets", "secret": {"secretName": secret_files[0], "items": items, "defaultMode": 0o440}})
    pod: Manifest = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": 15,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": user,
            "runAsGroup": user,
            "fsGroup": user,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container.manifest() for container in containers],
        **({"volumes": volumes} if volumes else {}),
    }
    spec: Manifest = {
        "replicas": 1,
        "revisionHistoryLimit": 2,
        # a datastore whose data is in the pod must not run twice
        "strategy": {"type": "Recreate" if any(container.scratch for container in containers) else "RollingUpdate"},
        "selector": {"matchLabels": _selector(name)},
        "template": {"metadata": {"labels": _labels(name)}, "spec": pod},
    }
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": _metadata(name, space), "spec": spec}


def http_probe(path: str, port: int) -> Manifest:
    """A probe that asks by HTTP."""
    return {"httpGet": {"path": path, "port": port}, "periodSeconds": 5, "timeoutSeconds": 2}


def tcp_probe(port: int) -> Manifest:
    """A probe that only connects."""
    return {"tcpSocket": {"port": port}, "periodSeconds": 5, "timeoutSeconds": 2}


def volume_name(path: str) -> str:
    """The name of the volume that is mounted at a path."""
    return path.strip("/").replace("/", "-")


def _selector(name: str) -> dict[str, str]:
    return {"app.kubernetes.io/name": name}


def _labels(name: str) -> dict[str, str]:
    return {**_selector(name), "app.kubernetes.io/part-of": "demo", MANAGED_BY: MANAGER}


def _metadata(name: str, space: str) -> Manifest:
    return {"name": name, "namespace": space, "labels": _labels(name)}
