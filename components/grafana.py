"""Grafana: where people look. Everything in it comes from code, so its volume holds only what they added by hand."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import ConfigMap, EnvVarArgs, PersistentVolumeClaim, Secret, Service
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from components.base import CHECKSUM, Component, Identity
from components.documents import checksum
from components.pods import (
    REVISIONS,
    Pod,
    Probes,
    config_volume,
    http_probe,
    mount,
    persistent_volume,
    pod_template,
    scratch_volume,
    secret_volume,
)
from components.provisioning import DASHBOARDS_FOLDER
from components.workloads import DATA, claim_spec, service_spec
from model import settings

PORT = 3000
"""The web page, the API and its own metrics."""

USER = 472
"""The user of the official image."""

_PATHS = {
    "grafana.ini": "grafana.ini",
    "datasources.yaml": "provisioning/datasources/datasources.yaml",
    "dashboards.yaml": "provisioning/dashboards/dashboards.yaml",
}
_SECRETS_FOLDER = "/etc/grafana-secrets"
_ADMIN_PASSWORD = "admin-password"  # noqa: S105 (the name of a file)
_SECRET_KEY = "secret-key"  # noqa: S105 (the name of a file)


@dataclass(frozen=True, kw_only=True)
class GrafanaArgs:
    """What Grafana is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    settings: settings.Grafana
    """Volume and resources."""

    storage_class: str | None
    """The storage class of its volume; the cluster's default when None."""

    url: str
    """Where people reach it."""

    config: Mapping[str, str]
    """``grafana.ini`` and the provisioning files, by file name."""

    dashboards: Mapping[str, str]
    """Dashboards in JSON, by file name."""

    admin_password: Output[str]
    """The password of the first administrator. Grafana reads it when its database is empty, and never again."""

    secret_key: Output[str]
    """The key with which it encrypts what it stores."""


class Grafana(Component):
    """One Grafana: its database is a file, which two servers cannot share. New dashboards appear without a restart."""

    def __init__(self, name: str, args: GrafanaArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Grafana", name, opts)
        identity = args.identity
        secrets = {_ADMIN_PASSWORD: args.admin_password, _SECRET_KEY: args.secret_key}
        files = [
            ConfigMap(f"{name}-config", metadata=identity.metadata("config"), data=args.config, opts=self.child()),
            ConfigMap(f"{name}-dashboards", metadata=identity.metadata("dashboards"), data=args.dashboards, opts=self.child()),
            Secret(f"{name}-secrets", metadata=identity.metadata("secrets"), string_data=secrets, opts=self.child()),
            PersistentVolumeClaim(
                f"{name}-data",
                metadata=identity.metadata("data"),
                spec=claim_spec(args.settings.storage, args.storage_class),
                opts=self.child(),
            ),
        ]
        Service(name, metadata=identity.metadata(), spec=service_spec(identity, {"http": PORT}), opts=self.child())
        Deployment(name, metadata=identity.metadata(), spec=deployment_spec(args), opts=self.child(after=files))
        self.register_outputs({"url": args.url})


def deployment_spec(args: GrafanaArgs) -> DeploymentSpecArgs:
    """One server that is stopped before its successor starts, as the volume can be used by one alone."""
    return DeploymentSpecArgs(
        replicas=1,
        revision_history_limit=REVISIONS,
        strategy=DeploymentStrategyArgs(type="Recreate"),
        selector=LabelSelectorArgs(match_labels=args.identity.selector),
        template=pod_template(grafana_pod(args)),
    )


def grafana_pod(args: GrafanaArgs) -> Pod:
    """The server: its volume, its configuration, its secrets, and the three places where it must be able to write."""
    name = args.identity.name
    return Pod(
        identity=args.identity,
        image=args.image,
        env=(
            EnvVarArgs(name="GF_SECURITY_ADMIN_PASSWORD__FILE", value=f"{_SECRETS_FOLDER}/{_ADMIN_PASSWORD}"),
            EnvVarArgs(name="GF_SECURITY_SECRET_KEY__FILE", value=f"{_SECRETS_FOLDER}/{_SECRET_KEY}"),
        ),
        ports={"http": PORT},
        resources=args.settings.resources,
        probes=Probes(
            startup=http_probe("/api/health", "http", period=5, failures=60),
            readiness=http_probe("/api/health", "http", period=5),
            liveness=http_probe("/api/health", "http", failures=6),
        ),
        annotations={CHECKSUM: checksum(args.config)},
        volumes=(
            persistent_volume(DATA, f"{name}-data"),
            config_volume("config", f"{name}-config", _PATHS),
            config_volume("dashboards", f"{name}-dashboards"),
            secret_volume("secrets", f"{name}-secrets"),
            scratch_volume("tmp", "256Mi"),
            scratch_volume("logs", "64Mi"),
            scratch_volume("search", "256Mi"),
        ),
        mounts=(
            mount(DATA, "/var/lib/grafana", writable=True),
            mount("config", "/etc/grafana"),
            mount("dashboards", DASHBOARDS_FOLDER),
            mount("secrets", _SECRETS_FOLDER),
            mount("tmp", "/tmp", writable=True),  # noqa: S108 (a volume of its own)
            mount("logs", "/var/log/grafana", writable=True),
            mount("search", "/var/lib/grafana-search", writable=True),
        ),
        user=USER,
    )
