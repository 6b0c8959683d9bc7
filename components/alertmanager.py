"""Alertmanager: groups, silences and delivers alerts. Replicas share what was sent and silenced, so that each alert is told once."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import StatefulSet
from pulumi_kubernetes.core.v1 import ConfigMap, Secret, Service
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components.base import CHECKSUM, Component, Identity
from components.documents import checksum
from components.notification import SECRETS_FOLDER, TEMPLATES_FOLDER
from components.pods import Pod, Probes, config_volume, field_env, http_probe, mount, secret_volume
from components.workloads import DATA, VOLUME_FIELDS, budget_spec, headless_spec, service_spec, stateful_set_spec
from model import settings

PORT = 9093
"""The API, the web page and its own metrics."""

GOSSIP_PORT = 9094
"""Replicas tell each other what they sent, over TCP and UDP."""


@dataclass(frozen=True, kw_only=True)
class AlertmanagerArgs:
    """What Alertmanager is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    settings: settings.Alertmanager
    """Replicas, volume and resources."""

    storage_class: str | None
    """The storage class of its volumes; the cluster's default when None."""

    url: str
    """Where people reach it; messages link there."""

    domain: str
    """The DNS domain of the cluster, in which replicas find each other."""

    cluster_label: str
    """What keeps Alertmanagers of different environments from merging into one cluster."""

    config: Mapping[str, str]
    """``alertmanager.yml`` by file name."""

    templates: Mapping[str, str]
    """Message templates by file name."""

    secrets: Mapping[str, Output[str]]
    """Secret values by file name. They reach the pods as files, never through ``alertmanager.yml``."""


class Alertmanager(Component):
    """Alertmanager servers. They cannot reload by themselves, so a changed routing tree restarts them one by one."""

    def __init__(self, name: str, args: AlertmanagerArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Alertmanager", name, opts)
        identity = args.identity
        files = [
            ConfigMap(f"{name}-config", metadata=identity.metadata("config"), data={**args.config, **args.templates}, opts=self.child()),
            Secret(f"{name}-secrets", metadata=identity.metadata("secrets"), string_data=args.secrets, opts=self.child()),
        ]
        Service(name, metadata=identity.metadata(), spec=service_spec(identity, {"http": PORT}), opts=self.child())
        Service(
            f"{name}-headless",
            metadata=identity.metadata("headless"),
            spec=headless_spec(identity, {"http": PORT, "gossip": GOSSIP_PORT}, udp={"gossip-udp": GOSSIP_PORT}),
            opts=self.child(),
        )
        StatefulSet(
            name,
            metadata=identity.metadata(),
            spec=stateful_set_spec(
                alertmanager_pod(args),
                storage=args.settings.storage,
                storage_class=args.storage_class,
            ),
            opts=self.child(after=files, ignore=VOLUME_FIELDS),
        )
        if args.settings.replicas > 1:
            PodDisruptionBudget(name, metadata=identity.metadata(), spec=budget_spec(identity), opts=self.child())
        self.register_outputs({"url": args.url})


def alertmanager_pod(args: AlertmanagerArgs) -> Pod:
    """One server: its volume, its configuration, its secrets."""
    name = args.identity.name
    paths = {file: file for file in args.config} | {file: f"{TEMPLATES_FOLDER}/{file}" for file in args.templates}
    return Pod(
        identity=args.identity,
        image=args.image,
        args=(
            "--config.file=/etc/alertmanager/alertmanager.yml",
            "--storage.path=/alertmanager",
            "--data.retention=120h",
            "--enable-feature=utf8-strict-mode,receiver-name-in-metrics",
            f"--web.listen-address=:{PORT}",
            f"--web.external-url={args.url}",
            *cluster_flags(args),
        ),
        env=(field_env("POD_NAME", "metadata.name"), field_env("POD_IP", "status.podIP")),
        ports={"http": PORT, "gossip": GOSSIP_PORT},
        resources=args.settings.resources,
        probes=Probes(readiness=http_probe("/-/ready", "http", period=5), liveness=http_probe("/-/healthy", "http")),
        annotations={CHECKSUM: checksum({**args.config, **args.templates})},
        volumes=(config_volume("config", f"{name}-config", paths), secret_volume("secrets", f"{name}-secrets")),
        mounts=(mount("config", "/etc/alertmanager"), mount("secrets", SECRETS_FOLDER), mount(DATA, "/alertmanager", writable=True)),
        replicas=args.settings.replicas,
        grace=120,
    )


def cluster_flags(args: AlertmanagerArgs) -> tuple[str, ...]:
    """How replicas find each other: by the name of each pod, as a balanced Service would hide some of them."""
    if args.settings.replicas == 1:
        return ("--cluster.listen-address=",)
    identity = args.identity
    zone = f"{identity.name}-headless.{identity.namespace}.svc.{args.domain}:{GOSSIP_PORT}"
    return (
        f"--cluster.listen-address=0.0.0.0:{GOSSIP_PORT}",
        f"--cluster.advertise-address=$(POD_IP):{GOSSIP_PORT}",
        "--cluster.peer-name=$(POD_NAME)",
        f"--cluster.label={args.cluster_label}",
        "--cluster.reconnect-timeout=5m",
        *(f"--cluster.peer={identity.name}-{replica}.{zone}" for replica in range(args.settings.replicas)),
    )
