"""node-exporter: what each node's kernel says about its processors, memory, disks and network."""

from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_kubernetes.apps.v1 import DaemonSet
from pulumi_kubernetes.core.v1 import Service, VolumeMountArgs

from components.base import Component, Identity
from components.pods import Pod, Probes, field_env, host_volume, http_probe, mount
from components.workloads import daemon_set_spec, headless_spec
from model.settings import Resources

PORT = 9100
"""Its metrics, on the node's own address."""

_HOST = {"proc": "/proc", "sys": "/sys", "root": "/"}
_OTHERS_MOUNTS = "^/(dev|proc|sys|run|var/lib/(containerd|docker|kubelet))($|/)"
_POD_INTERFACES = "^(lo|veth.*|cali.*|eni.*|[a-f0-9]{15})$"


@dataclass(frozen=True, kw_only=True)
class NodeExporterArgs:
    """What node-exporter is made from."""

    identity: Identity
    """Its name, namespace and labels; the namespace allows what it needs of its node."""

    image: str
    """The image reference."""

    resources: Resources
    """What each pod gets."""


class NodeExporter(Component):
    """One node-exporter on every node."""

    def __init__(self, name: str, args: NodeExporterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:NodeExporter", name, opts)
        identity = args.identity
        Service(name, metadata=identity.metadata(), spec=headless_spec(identity, {"metrics": PORT}), opts=self.child())
        DaemonSet(name, metadata=identity.metadata(), spec=daemon_set_spec(node_pod(args), host_network=True), opts=self.child())
        self.register_outputs({"service": identity.name})


def node_pod(args: NodeExporterArgs) -> Pod:
    """An unprivileged process that reads its node's ``/proc``, ``/sys`` and mounts, and can write nothing.

    It shares the node's network, since the kernel shows each process the counters of its own network only; it listens on the node's
    address alone. It needs nothing of the node's processes, so it does not share those.
    """
    return Pod(
        identity=args.identity,
        image=args.image,
        args=(
            "--path.procfs=/host/proc",
            "--path.sysfs=/host/sys",
            "--path.rootfs=/host/root",
            f"--web.listen-address=[$(HOST_IP)]:{PORT}",
            f"--collector.filesystem.mount-points-exclude={_OTHERS_MOUNTS}",
            f"--collector.netdev.device-exclude={_POD_INTERFACES}",
            f"--collector.netclass.ignored-devices={_POD_INTERFACES}",
        ),
        env=(field_env("HOST_IP", "status.hostIP"),),
        ports={"metrics": PORT},
        resources=args.resources,
        probes=Probes(readiness=http_probe("/", "metrics", period=5), liveness=http_probe("/", "metrics")),
        volumes=[host_volume(name, path) for name, path in _HOST.items()],
        mounts=[*(mount(name, f"/host/{name}") for name in ("proc", "sys")), root_mount()],
    )


def root_mount() -> VolumeMountArgs:
    """The node's file systems, with those that are mounted later."""
    return VolumeMountArgs(name="root", mount_path="/host/root", read_only=True, mount_propagation="HostToContainer")
