"""Jaeger: takes spans in and stores them, tells services what to sample, finds traces and shows them. Two roles, one program."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import ConfigMap, Service
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components import jaeger_config as config
from components.base import CHECKSUM, Component, Identity
from components.documents import checksum
from components.pods import REVISIONS, SECRET_VERSION, Pod, Probes, config_volume, http_probe, memory_env, mount, pod_template
from components.trace_storage import Access, access_mounts, access_volumes
from components.workloads import budget_spec, headless_spec, service_spec
from model.traces import Role

USER = 10001
"""The user of the image."""

READY = "10m"

COLLECTOR_PORTS = {
    "otlp-grpc": config.OTLP_GRPC_PORT,
    "otlp-http": config.OTLP_HTTP_PORT,
    "zipkin": config.ZIPKIN_PORT,
    "sampling": config.SAMPLING_PORT,
    "sampling-grpc": config.SAMPLING_GRPC_PORT,
    "metrics": config.METRICS_PORT,
}
"""What the Service of the role that takes spans in leads to."""

QUERY_PORTS = {"http": config.UI_PORT, "grpc": config.QUERY_GRPC_PORT, "metrics": config.METRICS_PORT}
"""What the Service of the role that finds them leads to."""


@dataclass(frozen=True, kw_only=True)
class JaegerArgs:
    """What Jaeger is made from."""

    collector: Identity
    """Name, namespace and labels of the role that takes spans in."""

    query: Identity
    """The same of the role that finds traces."""

    image: str
    """The image reference."""

    roles: Mapping[str, Role]
    """How many there are of each, and what each gets, by the name of the role's identity."""

    access: Access
    """How the storage is reached."""

    secret_version: Output[str]
    """The version of the Secret with the password. It would read it again by itself, but tries once: while the storage is away, in vain."""

    config: Mapping[str, str]
    """``jaeger.yaml`` and the sampling strategies, by file name."""


class Jaeger(Component):
    """Both roles. A changed configuration or password restarts them; changed sampling does not."""

    def __init__(self, name: str, args: JaegerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Jaeger", name, opts)
        files = ConfigMap(f"{name}-config", metadata=args.collector.metadata("config"), data=args.config, opts=self.child())
        for identity, ports in ((args.collector, COLLECTOR_PORTS), (args.query, QUERY_PORTS)):
            Service(identity.name, metadata=identity.metadata(), spec=service_spec(identity, ports), opts=self.child(timeout=READY))
            Deployment(
                identity.name,
                metadata=identity.metadata(),
                spec=deployment_spec(args, identity, ports),
                opts=self.child(after=[files], timeout=READY),
            )
            if args.roles[identity.name].replicas > 1:
                PodDisruptionBudget(identity.name, metadata=identity.metadata(), spec=budget_spec(identity), opts=self.child())
        # A connection of gRPC lasts; only who sees each pod can share the work out among all of them.
        Service(
            f"{args.collector.name}-headless",
            metadata=args.collector.metadata("headless"),
            spec=headless_spec(args.collector, {"otlp-grpc": config.OTLP_GRPC_PORT}),
            opts=self.child(),
        )
        self.register_outputs({"service": args.query.name})


def deployment_spec(args: JaegerArgs, identity: Identity, ports: Mapping[str, int]) -> DeploymentSpecArgs:
    """The pods of one role."""
    return DeploymentSpecArgs(
        replicas=args.roles[identity.name].replicas,
        revision_history_limit=REVISIONS,
        selector=LabelSelectorArgs(match_labels=identity.selector),
        template=pod_template(role_pod(args, identity, ports)),
    )


def role_pod(args: JaegerArgs, identity: Identity, ports: Mapping[str, int]) -> Pod:
    """One server of a role."""
    role = args.roles[identity.name]
    restarting = {name: text for name, text in args.config.items() if name != config.SAMPLING}
    return Pod(
        identity=identity,
        image=args.image,
        args=(f"--config={config.CONFIG_FOLDER}/jaeger.yaml",),
        env=(memory_env(role.resources),),
        ports={**ports, "health": config.HEALTH_PORT},
        resources=role.resources,
        probes=Probes(
            startup=http_probe("/status", "health", period=5, failures=60),
            readiness=http_probe("/status", "health", period=5),
            liveness=http_probe("/status", "health", failures=6),
        ),
        annotations={CHECKSUM: checksum(restarting), SECRET_VERSION: args.secret_version},
        volumes=(*access_volumes(args.access), config_volume("config", f"{args.collector.name}-config")),
        mounts=(*access_mounts(args.access), mount("config", config.CONFIG_FOLDER)),
        replicas=role.replicas,
        user=USER,
    )
