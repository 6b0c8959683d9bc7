"""The OpenTelemetry Collector: services send their spans here, and are done. What Jaeger cannot take now waits on a volume."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components import collector_config as config
from components.base import CHECKSUM, Component, Identity
from components.documents import checksum
from components.jaeger_config import OTLP_GRPC_PORT, OTLP_HTTP_PORT, ZIPKIN_PORT
from components.pods import SECRET_VERSION, Pod, Probes, config_volume, http_probe, memory_env, mount
from components.trace_storage import Access, access_mounts, access_volumes
from components.workloads import DATA, VOLUME_FIELDS, budget_spec, headless_spec, service_spec, stateful_set_spec
from model.traces import Collector as CollectorSettings

USER = 10001
"""The user of the image."""

READY = "10m"

PORTS = {
    "otlp-grpc": OTLP_GRPC_PORT,
    "otlp-http": OTLP_HTTP_PORT,
    "jaeger-grpc": config.JAEGER_GRPC_PORT,
    "jaeger-http": config.JAEGER_HTTP_PORT,
    "zipkin": ZIPKIN_PORT,
    "metrics": config.METRICS_PORT,
    "span-metrics": config.SPAN_METRICS_PORT,
    "storage-metrics": config.STORAGE_METRICS_PORT,
}
"""All that its Service leads to."""


@dataclass(frozen=True, kw_only=True)
class CollectorArgs:
    """What the collector is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    settings: CollectorSettings
    """Replicas, volume, resources."""

    storage_class: str | None
    """The storage class of its volumes; the cluster's default when None."""

    access: Access
    """How the storage is reached, whose state it watches."""

    secret_version: Output[str]
    """The version of the Secret with the password for that, which it reads when it starts."""

    config: Mapping[str, str]
    """``collector.yaml`` by file name."""


class Collector(Component):
    """Collectors, each with a queue on its own volume. A changed configuration restarts them one by one."""

    def __init__(self, name: str, args: CollectorArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Collector", name, opts)
        identity = args.identity
        files = ConfigMap(f"{name}-config", metadata=identity.metadata("config"), data=args.config, opts=self.child())
        Service(name, metadata=identity.metadata(), spec=service_spec(identity, PORTS), opts=self.child(timeout=READY))
        Service(
            f"{name}-headless",
            metadata=identity.metadata("headless"),
            spec=headless_spec(identity, {"otlp-graph": config.GRAPH_PORT}),
            opts=self.child(),
        )
        StatefulSet(
            name,
            metadata=identity.metadata(),
            spec=stateful_set_spec(collector_pod(args), storage=args.settings.storage, storage_class=args.storage_class),
            opts=self.child(after=[files], timeout=READY, ignore=VOLUME_FIELDS),
        )
        if args.settings.replicas > 1:
            PodDisruptionBudget(name, metadata=identity.metadata(), spec=budget_spec(identity), opts=self.child())
        self.register_outputs({"service": identity.name})


def collector_pod(args: CollectorArgs) -> Pod:
    """One collector: its volume, its configuration, and a token to find out which pod a span is from."""
    return Pod(
        identity=args.identity,
        image=args.image,
        args=(f"--config={config.CONFIG_FOLDER}/collector.yaml",),
        env=(memory_env(args.settings.resources),),
        ports={**PORTS, "otlp-graph": config.GRAPH_PORT, "health": config.HEALTH_PORT},
        resources=args.settings.resources,
        probes=Probes(
            startup=http_probe("/", "health", period=5, failures=60),
            readiness=http_probe("/", "health", period=5),
            liveness=http_probe("/", "health", failures=6),
        ),
        annotations={CHECKSUM: checksum(args.config), SECRET_VERSION: args.secret_version},
        volumes=(*access_volumes(args.access), config_volume("config", f"{args.identity.name}-config")),
        mounts=(
            *access_mounts(args.access),
            mount("config", config.CONFIG_FOLDER),
            mount(DATA, config.QUEUE_FOLDER, writable=True),
        ),
        replicas=args.settings.replicas,
        user=USER,
        token=True,
    )
