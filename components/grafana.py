"""Grafana: where people look. Everything in it comes from code, so what it stores is only what they added by hand."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, Resource, ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs, DeploymentStrategyArgs
from pulumi_kubernetes.core.v1 import ConfigMap, EnvVarArgs, PersistentVolumeClaim, Secret, Service
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget

from components.base import CHECKSUM, Component, Identity, kept
from components.documents import checksum
from components.grafana_config import CONFIG_FOLDER, DASHBOARDS_FOLDER, SECRET_FILES, SECRETS_FOLDER
from components.pods import (
    REVISIONS,
    SECRET_VERSION,
    Pod,
    Probes,
    config_volume,
    http_probe,
    mount,
    persistent_volume,
    pod_template,
    scratch_volume,
    secret_volume,
    version_of,
)
from components.workloads import DATA, budget_spec, claim_spec, service_spec
from model import grafana as settings
from model.quantities import Size

PORT = 3000
"""The web page, the API and its own metrics."""

USER = 472
"""The user of the official image."""

_PROVISIONING = {
    "datasources.yaml": "provisioning/datasources/datasources.yaml",
    "dashboards.yaml": "provisioning/dashboards/dashboards.yaml",
}
OWN_STORAGE = Size("1Gi")
"""The volume of the only server, where the settings name none."""

VOLUME = "data"
"""What its name ends in."""


@dataclass(frozen=True, kw_only=True)
class GrafanaArgs:
    """What Grafana is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    settings: settings.Grafana
    """Servers, database, login, volume and resources."""

    storage_class: str | None
    """The storage class of its volume; the cluster's default when None."""

    keep: bool
    """Whether its volume outlives the platform."""

    url: str
    """Where people reach it."""

    config: Mapping[str, str]
    """Its own and the provisioning files, by file name."""

    dashboards: Mapping[str, Mapping[str, str]]
    """Dashboards in JSON, by folder and file name."""

    secrets: Mapping[str, Output[str]]
    """The secrets that ``model.secrets.grafana_secrets`` lists, by key.

    The administrator's password is read when the database is empty, and never again.
    """


class Grafana(Component):
    """Grafana: one server with its own file, or several that share a database. New dashboards appear without a restart."""

    def __init__(self, name: str, args: GrafanaArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Grafana", name, opts)
        identity = args.identity
        secrets = {SECRET_FILES[key][0]: value for key, value in args.secrets.items()}
        secret = Secret(f"{name}-secrets", metadata=identity.metadata("secrets"), string_data=secrets, opts=self.child())
        files: list[Resource] = [
            ConfigMap(f"{name}-config", metadata=identity.metadata("config"), data=args.config, opts=self.child()),
            *(
                ConfigMap(f"{name}-{label}", metadata=identity.metadata(label), data=boards, opts=self.child())
                for label, boards in ((f"dashboards-{folder}", boards) for folder, boards in args.dashboards.items())
            ),
            secret,
        ]
        if not args.settings.database:
            spec = claim_spec(args.settings.storage or OWN_STORAGE, args.storage_class)
            options = kept(self.child(), data=args.keep)
            files.append(PersistentVolumeClaim(f"{name}-{VOLUME}", metadata=identity.metadata(VOLUME), spec=spec, opts=options))
        if args.settings.replicas > 1:
            PodDisruptionBudget(name, metadata=identity.metadata(), spec=budget_spec(identity), opts=self.child())
        Service(name, metadata=identity.metadata(), spec=service_spec(identity, {"http": PORT}), opts=self.child())
        spec = deployment_spec(args, secret_version=version_of(secret))
        Deployment(name, metadata=identity.metadata(), spec=spec, opts=self.child(after=files))
        self.register_outputs({"url": args.url})


def deployment_spec(args: GrafanaArgs, *, secret_version: Output[str]) -> DeploymentSpecArgs:
    """Servers that are replaced one by one; a single one with a volume ends before its successor starts, as only one can have it."""
    return DeploymentSpecArgs(
        replicas=args.settings.replicas,
        revision_history_limit=REVISIONS,
        strategy=DeploymentStrategyArgs(type="RollingUpdate" if args.settings.database else "Recreate"),
        selector=LabelSelectorArgs(match_labels=args.identity.selector),
        template=pod_template(grafana_pod(args, secret_version=secret_version)),
    )


def grafana_pod(args: GrafanaArgs, *, secret_version: Output[str]) -> Pod:
    """The server: what it must not lose, its configuration, its secrets, and the places where it must be able to write."""
    name = args.identity.name
    named = {variable: file for file, variable in (SECRET_FILES[key] for key in args.secrets) if variable}
    own = scratch_volume(DATA, "256Mi") if args.settings.database else persistent_volume(DATA, f"{name}-{VOLUME}")
    folders = {f"dashboards-{folder}": f"{DASHBOARDS_FOLDER}/{folder}" for folder in args.dashboards}
    return Pod(
        identity=args.identity,
        image=args.image,
        env=[EnvVarArgs(name=variable, value=f"{SECRETS_FOLDER}/{file}") for variable, file in sorted(named.items())],
        ports={"http": PORT},
        resources=args.settings.resources,
        replicas=args.settings.replicas,
        probes=Probes(
            startup=http_probe("/api/health", "http", period=5, failures=60),
            readiness=http_probe("/api/health", "http", period=5),
            # Says nothing about the database: while that is away, a server that begins anew helps nobody.
            liveness=http_probe("/healthz", "http", failures=6),
        ),
        annotations={CHECKSUM: checksum(args.config), SECRET_VERSION: secret_version},
        volumes=(
            own,
            config_volume("config", f"{name}-config", {file: _PROVISIONING.get(file, file) for file in args.config}),
            *(config_volume(volume, f"{name}-{volume}") for volume in folders),
            secret_volume("secrets", f"{name}-secrets"),
            scratch_volume("tmp", "256Mi"),
            scratch_volume("logs", "64Mi"),
            scratch_volume("search", "256Mi"),
        ),
        mounts=(
            mount(DATA, "/var/lib/grafana", writable=True),
            mount("config", CONFIG_FOLDER),
            *(mount(volume, path) for volume, path in folders.items()),
            mount("secrets", SECRETS_FOLDER),
            mount("tmp", "/tmp", writable=True),  # noqa: S108 (a volume of its own)
            mount("logs", "/var/log/grafana", writable=True),
            mount("search", "/var/lib/grafana-search", writable=True),
        ),
        user=USER,
    )
