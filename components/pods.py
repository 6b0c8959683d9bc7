"""How pods are made here: unprivileged, read-only, bounded, spread over nodes. Every part builds its pods from these pieces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pulumi import Input, Output
from pulumi_kubernetes.core.v1 import (
    AffinityArgs,
    CapabilitiesArgs,
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    EmptyDirVolumeSourceArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    HostPathVolumeSourceArgs,
    HTTPGetActionArgs,
    KeyToPathArgs,
    ObjectFieldSelectorArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    PodAffinityTermArgs,
    PodAntiAffinityArgs,
    PodSecurityContextArgs,
    PodSpecArgs,
    PodTemplateSpecArgs,
    ProbeArgs,
    ResourceRequirementsArgs,
    SeccompProfileArgs,
    Secret,
    SecretVolumeSourceArgs,
    SecurityContextArgs,
    TCPSocketActionArgs,
    TopologySpreadConstraintArgs,
    VolumeArgs,
    VolumeMountArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from components.base import OWNER, Identity
from model.settings import Resources

NOBODY = 65534
"""The user that needs no rights at all."""

ROOT = 0
"""The user that owns the node's files; in our pods it has none of its rights."""

REVISIONS = 3
"""Old revisions of a workload that are kept to roll back to."""

SECRET_VERSION = "observability/secret-version"  # noqa: S105 (the name of an annotation)
"""Pod annotation: the version of the Secret that the process read when it started. Says that it changed, and nothing about what it is."""


@dataclass(frozen=True, kw_only=True)
class Probes:
    """How Kubernetes asks a container how it is."""

    readiness: ProbeArgs
    """Whether it can be sent requests."""

    liveness: ProbeArgs
    """Whether it still works; it is restarted otherwise."""

    startup: ProbeArgs | None = None
    """Whether it has started; the others wait for that, so a long start is no failure."""


@dataclass(frozen=True, kw_only=True)
class Pod:
    """The pods of one part, one container each, as the *restricted* Pod Security Standard wants them."""

    identity: Identity
    """Whose pods they are; their ServiceAccount is called the same."""

    image: str
    """The image reference."""

    command: Sequence[str] = ()
    """What is started; the image's own program when empty."""

    args: Sequence[str] = ()
    """The arguments of its program."""

    env: Sequence[EnvVarArgs] = ()
    """Environment variables; never secrets."""

    ports: Mapping[str, int]
    """TCP ports by name."""

    resources: Resources
    """What the container gets."""

    probes: Probes | None
    """How it is asked how it is; None for what runs to its end."""

    volumes: Sequence[VolumeArgs] = ()
    """Volumes other than those that a StatefulSet claims."""

    mounts: Sequence[VolumeMountArgs] = ()
    """Where the volumes are; it can write nowhere else."""

    annotations: Mapping[str, Input[str]] = field(default_factory=dict[str, Input[str]])
    """Annotations; a change of any of them restarts the pods."""

    replicas: int = 1
    """How many there are; several are spread over nodes and zones."""

    apart: bool = False
    """Whether two of them never share a node, as the loss of one node would be the loss of both."""

    user: int = NOBODY
    """The user and group that it runs as, and that owns its volumes; 0 only where the namespace of the agents needs it."""

    token: bool = False
    """Whether it talks to the Kubernetes API, and so gets a token."""

    grace: int = 30
    """Seconds it has to stop in."""


def pod_template(pod: Pod) -> PodTemplateSpecArgs:
    """The pod template of a workload."""
    return PodTemplateSpecArgs(metadata=pod_metadata(pod), spec=pod_spec(pod))


def pod_metadata(pod: Pod) -> ObjectMetaArgs:
    """The labels and annotations of the pods."""
    return ObjectMetaArgs(labels=pod.identity.labels, annotations=dict(pod.annotations) or None)


def version_of(secret: Secret) -> Output[str]:
    """The number by which Kubernetes counts the changes of a Secret: what of it may be told to everybody who can see pods."""
    # `apply`, as only the cluster knows it.
    return secret.metadata.apply(lambda metadata: metadata.resource_version or "")


def pod_spec(pod: Pod) -> PodSpecArgs:
    """The pod itself."""
    return PodSpecArgs(
        service_account_name=pod.identity.name,
        automount_service_account_token=pod.token,
        enable_service_links=False,
        priority_class_name=OWNER,
        termination_grace_period_seconds=pod.grace,
        security_context=PodSecurityContextArgs(
            run_as_non_root=pod.user != ROOT,
            run_as_user=pod.user,
            run_as_group=pod.user,
            fs_group=pod.user,
            fs_group_change_policy="OnRootMismatch",
            seccomp_profile=SeccompProfileArgs(type="RuntimeDefault"),
        ),
        topology_spread_constraints=spread(pod.identity) if pod.replicas > 1 else None,
        affinity=apart(pod.identity) if pod.apart and pod.replicas > 1 else None,
        containers=[container(pod)],
        volumes=list(pod.volumes) or None,
    )


def container(pod: Pod) -> ContainerArgs:
    """Its container, which has no rights and can write nothing but its volumes."""
    memory = str(pod.resources.memory)
    return ContainerArgs(
        name=pod.identity.program,
        image=pod.image,
        image_pull_policy="IfNotPresent",
        command=list(pod.command) or None,
        args=list(pod.args) or None,
        env=list(pod.env) or None,
        ports=[ContainerPortArgs(name=name, container_port=port, protocol="TCP") for name, port in pod.ports.items()] or None,
        resources=ResourceRequirementsArgs(requests={"cpu": str(pod.resources.cpu), "memory": memory}, limits={"memory": memory}),
        startup_probe=pod.probes and pod.probes.startup,
        readiness_probe=pod.probes and pod.probes.readiness,
        liveness_probe=pod.probes and pod.probes.liveness,
        security_context=SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            run_as_non_root=pod.user != ROOT,
            capabilities=CapabilitiesArgs(drop=["ALL"]),
        ),
        volume_mounts=list(pod.mounts) or None,
        termination_message_policy="FallbackToLogsOnError",
    )


def http_probe(path: str, port: str, *, period: int = 10, failures: int = 3) -> ProbeArgs:
    """Asks over HTTP every ``period`` seconds; ``failures`` wrong answers in a row count."""
    return ProbeArgs(http_get=HTTPGetActionArgs(path=path, port=port), period_seconds=period, failure_threshold=failures, timeout_seconds=5)


def tcp_probe(port: str, *, period: int = 10, failures: int = 3) -> ProbeArgs:
    """Only connects, every ``period`` seconds; ``failures`` failed attempts in a row count."""
    return ProbeArgs(tcp_socket=TCPSocketActionArgs(port=port), period_seconds=period, failure_threshold=failures, timeout_seconds=5)


def spread(identity: Identity) -> list[TopologySpreadConstraintArgs]:
    """Replicas go to different nodes and zones where there are such, and share one where there is only one."""
    return [
        TopologySpreadConstraintArgs(
            topology_key=topology,
            max_skew=1,
            when_unsatisfiable="ScheduleAnyway",
            label_selector=LabelSelectorArgs(match_labels=identity.selector),
        )
        for topology in ("kubernetes.io/hostname", "topology.kubernetes.io/zone")
    ]


def apart(identity: Identity) -> AffinityArgs:
    """Replicas never share a node; one that finds none waits."""
    term = PodAffinityTermArgs(topology_key="kubernetes.io/hostname", label_selector=LabelSelectorArgs(match_labels=identity.selector))
    return AffinityArgs(pod_anti_affinity=PodAntiAffinityArgs(required_during_scheduling_ignored_during_execution=[term]))


def config_volume(name: str, config_map: str, files: Mapping[str, str] | None = None) -> VolumeArgs:
    """A ConfigMap as a directory (a single mounted file would never change); ``files`` places its keys under other paths."""
    items = [KeyToPathArgs(key=key, path=path) for key, path in sorted(files.items())] if files else None
    return VolumeArgs(name=name, config_map=ConfigMapVolumeSourceArgs(name=config_map, items=items))


def secret_volume(name: str, secret: str) -> VolumeArgs:
    """A Secret as a directory that only the pod's user can read."""
    return VolumeArgs(name=name, secret=SecretVolumeSourceArgs(secret_name=secret, default_mode=0o440))


def persistent_volume(name: str, claim: str) -> VolumeArgs:
    """A volume that outlives the pod, by the name of its claim."""
    return VolumeArgs(name=name, persistent_volume_claim=PersistentVolumeClaimVolumeSourceArgs(claim_name=claim))


def host_volume(name: str, path: str, *, create: bool = False) -> VolumeArgs:
    """A directory of the node, made when it is not there if ``create``; only the namespace of the agents allows it."""
    return VolumeArgs(name=name, host_path=HostPathVolumeSourceArgs(path=path, type="DirectoryOrCreate" if create else "Directory"))


def scratch_volume(name: str, size: str) -> VolumeArgs:
    """An empty directory that goes with the pod, at most ``size`` big."""
    return VolumeArgs(name=name, empty_dir=EmptyDirVolumeSourceArgs(size_limit=size))


def mount(volume: str, path: str, *, writable: bool = False) -> VolumeMountArgs:
    """A volume in the container's tree."""
    return VolumeMountArgs(name=volume, mount_path=path, read_only=None if writable else True)


def memory_env(resources: Resources) -> EnvVarArgs:
    """Tells Go how much memory there is, so that it collects garbage before the container is killed; a tenth is not Go's."""
    return EnvVarArgs(name="GOMEMLIMIT", value=f"{int(resources.memory.bytes * 0.9) // 2**20}MiB")


def field_env(name: str, path: str) -> EnvVarArgs:
    """An environment variable that holds a field of the pod, such as ``metadata.name``."""
    return EnvVarArgs(name=name, value_from=EnvVarSourceArgs(field_ref=ObjectFieldSelectorArgs(field_path=path)))
