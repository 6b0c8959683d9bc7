"""Prometheus: collects metrics, evaluates rules, sends alerts. Replicas are equal and know nothing of each other."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Service
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components.base import Component, Identity
from components.pods import Pod, Probes, config_volume, field_env, http_probe, mount
from components.scraping import RULES_FOLDER
from components.workloads import DATA, VOLUME_FIELDS, budget_spec, headless_spec, service_spec, stateful_set_spec
from model import settings

PORT = 9090
"""Queries, the API and its own metrics."""

READY = "20m"
"""Reading back the log of recent samples takes minutes on a big server."""


@dataclass(frozen=True, kw_only=True)
class PrometheusArgs:
    """What Prometheus is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    settings: settings.Prometheus
    """Replicas, retention, volume and resources."""

    storage_class: str | None
    """The storage class of its volumes; the cluster's default when None."""

    url: str
    """Where people reach it; alerts link there."""

    config: Mapping[str, str]
    """``prometheus.yml`` by file name."""

    rules: Mapping[str, str]
    """Rule files by file name."""


class Prometheus(Component):
    """Prometheus servers. They read changed configuration and rules by themselves: editing those restarts nothing."""

    def __init__(self, name: str, args: PrometheusArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Prometheus", name, opts)
        identity = args.identity
        files = [
            ConfigMap(f"{name}-config", metadata=identity.metadata("config"), data=args.config, opts=self.child()),
            ConfigMap(f"{name}-rules", metadata=identity.metadata("rules"), data=args.rules, opts=self.child()),
        ]
        ports = {"http": PORT}
        Service(name, metadata=identity.metadata(), spec=service_spec(identity, ports), opts=self.child(timeout=READY))
        Service(f"{name}-headless", metadata=identity.metadata("headless"), spec=headless_spec(identity, ports), opts=self.child())
        StatefulSet(
            name,
            metadata=identity.metadata(),
            spec=stateful_set_spec(
                prometheus_pod(args),
                storage=args.settings.storage,
                storage_class=args.storage_class,
            ),
            opts=self.child(after=files, timeout=READY, ignore=VOLUME_FIELDS),
        )
        if args.settings.replicas > 1:
            PodDisruptionBudget(name, metadata=identity.metadata(), spec=budget_spec(identity), opts=self.child())
        self.register_outputs({"url": args.url})


def prometheus_pod(args: PrometheusArgs) -> Pod:
    """One server: its volume, its configuration, its token for discovery."""
    name = args.identity.name
    return Pod(
        identity=args.identity,
        image=args.image,
        args=(
            "--config.file=/etc/prometheus/config/prometheus.yml",
            "--config.auto-reload",
            "--config.auto-reload-interval=5s",
            "--storage.tsdb.path=/prometheus",
            "--enable-feature=exemplar-storage",
            f"--web.listen-address=:{PORT}",
            f"--web.external-url={args.url}",
        ),
        env=(field_env("POD_NAME", "metadata.name"),),
        ports={"http": PORT},
        resources=args.settings.resources,
        probes=Probes(
            startup=http_probe("/-/ready", "http", period=5, failures=180),
            readiness=http_probe("/-/ready", "http", period=5),
            liveness=http_probe("/-/healthy", "http", failures=6),
        ),
        volumes=(config_volume("config", f"{name}-config"), config_volume("rules", f"{name}-rules")),
        mounts=(mount("config", "/etc/prometheus/config"), mount("rules", RULES_FOLDER), mount(DATA, "/prometheus", writable=True)),
        token=True,
        replicas=args.settings.replicas,
        grace=600,
    )
