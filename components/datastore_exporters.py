"""Exporters of the catalogues' datastores: they log in as a user that may only look, and translate what they see into metrics."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, ResourceOptions
from pulumi_kubernetes.apps.v1 import Deployment, DeploymentSpecArgs
from pulumi_kubernetes.core.v1 import EnvVarArgs, Secret, Service
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from components.base import Component, Identity
from components.pods import REVISIONS, SECRET_VERSION, Pod, Probes, http_probe, mount, pod_template, secret_volume, version_of
from components.scraping import Target
from components.workloads import headless_spec
from model.catalogue import EXPORTER, Datastore
from model.environment import Environment
from model.namespaces import NAMESPACE
from model.secrets import datastore_secret
from model.settings import Resources
from model.versions import image_version

PORTS = {"postgresql": 9187, "redis": 9121}
"""Where each kind of exporter serves its metrics."""

PROGRAMS = {"postgresql": "postgres-exporter", "redis": "redis-exporter"}
"""Which program exports which kind of datastore; also its name in ``configs/versions.yaml``."""

_FOLDER = "/etc/exporter-secrets"
_PASSWORD = "password"  # noqa: S105 (the name of a file)


@dataclass(frozen=True, kw_only=True)
class Store:
    """A datastore of a catalogue, and the exporter that watches it."""

    system: str
    """The system that it belongs to."""

    name: str
    """Its name in the catalogue."""

    datastore: Datastore
    """What the catalogue says about it."""

    host: str
    """Its DNS name as everybody sees it."""

    exporter: Identity
    """Who watches it."""


@dataclass(frozen=True, kw_only=True)
class DatastoreExporterArgs:
    """What the exporter of one datastore is made from."""

    identity: Identity
    """Its name, namespace and labels."""

    image: str
    """The image reference."""

    datastore: Datastore
    """What it looks at."""

    host: str
    """The full DNS name of the datastore."""

    password: Output[str]
    """The password of the datastore's user."""

    resources: Resources
    """What it gets."""


class DatastoreExporter(Component):
    """The exporter of one datastore. It reads its password at the start, so a new password restarts it."""

    def __init__(self, name: str, args: DatastoreExporterArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:DatastoreExporter", name, opts)
        identity = args.identity
        secret = Secret(
            f"{name}-secrets", metadata=identity.metadata("secrets"), string_data={_PASSWORD: password_file(args)}, opts=self.child()
        )
        ports = {"metrics": PORTS[args.datastore.kind]}
        Service(name, metadata=identity.metadata(), spec=headless_spec(identity, ports), opts=self.child())
        Deployment(name, metadata=identity.metadata(), spec=deployment_spec(args, secret_version=version_of(secret)), opts=self.child())
        self.register_outputs({"service": identity.name})


def stores(environment: Environment) -> tuple[Store, ...]:
    """All datastores of all catalogues."""
    found: list[Store] = []
    for catalogue in environment.catalogues:
        for name, datastore in catalogue.datastores.items():
            program = PROGRAMS[datastore.kind]
            exporter = Identity(
                name=EXPORTER.format(system=catalogue.system, datastore=name),
                namespace=NAMESPACE,
                program=program,
                role="exporter",
                version=image_version(environment.images[program]),
            )
            # A name without dots is one of the system's own namespace, which our pods are not in.
            own = f"{datastore.host}.{catalogue.namespace}.svc.{environment.settings.cluster.domain}"
            host = datastore.host if "." in datastore.host else own
            found.append(Store(system=catalogue.system, name=name, datastore=datastore, host=host, exporter=exporter))
    return tuple(found)


def store_target(store: Store) -> Target:
    """The exporter of a datastore, whose series are about the datastore."""
    return Target(
        scrape=f"{store.system}/{store.name}",
        job=store.datastore.kind,
        namespace=NAMESPACE,
        service=store.exporter.name,
        port="metrics",
        labels={"system": store.system, "datastore": store.name, "service": store.name, "team": store.datastore.team},
    )


def exporter_args(environment: Environment, store: Store, secrets: Mapping[str, Output[str]]) -> DatastoreExporterArgs:
    """The exporter of one datastore."""
    return DatastoreExporterArgs(
        identity=store.exporter,
        image=environment.images[PROGRAMS[store.datastore.kind]],
        datastore=store.datastore,
        host=store.host,
        password=secrets[datastore_secret(store.system, store.name)],
        resources=environment.settings.exporters.datastore,
    )


def deployment_spec(args: DatastoreExporterArgs, *, secret_version: Output[str]) -> DeploymentSpecArgs:
    """One pod, restarted when its Secret changes."""
    port = PORTS[args.datastore.kind]
    postgresql = args.datastore.kind == "postgresql"
    pod = Pod(
        identity=args.identity,
        image=args.image,
        args=(f"--web.listen-address=:{port}", *(["--collector.stat_statements"] if args.datastore.statements else [])),
        env=[EnvVarArgs(name=name, value=value) for name, value in (postgresql_env(args) if postgresql else redis_env(args)).items()],
        ports={"metrics": port},
        resources=args.resources,
        probes=Probes(readiness=http_probe("/", "metrics", period=5), liveness=http_probe("/", "metrics")),
        annotations={SECRET_VERSION: secret_version},
        volumes=(secret_volume("secrets", f"{args.identity.name}-secrets"),),
        mounts=(mount("secrets", _FOLDER),),
    )
    return DeploymentSpecArgs(
        replicas=1,
        revision_history_limit=REVISIONS,
        selector=LabelSelectorArgs(match_labels=args.identity.selector),
        template=pod_template(pod),
    )


def postgresql_env(args: DatastoreExporterArgs) -> dict[str, str]:
    """How postgres_exporter logs in."""
    datastore = args.datastore
    return {
        "DATA_SOURCE_URI": f"{args.host}:{datastore.port}/{datastore.database}?sslmode=disable",
        "DATA_SOURCE_USER": datastore.username,
        "DATA_SOURCE_PASS_FILE": f"{_FOLDER}/{_PASSWORD}",
    }


def redis_env(args: DatastoreExporterArgs) -> dict[str, str]:
    """How redis_exporter logs in."""
    return {
        "REDIS_ADDR": redis_address(args.host, args.datastore.port),
        "REDIS_USER": args.datastore.username,
        "REDIS_PASSWORD_FILE": f"{_FOLDER}/{_PASSWORD}",
    }


def redis_address(host: str, port: int, user: str = "") -> str:
    """The URL of a Redis."""
    return f"redis://{user}@{host}:{port}" if user else f"redis://{host}:{port}"


def password_file(args: DatastoreExporterArgs) -> Output[str]:
    """The password as the exporter reads it: plain, or for redis_exporter by address, which some versions look up with the user's name."""
    if args.datastore.kind == "postgresql":
        return args.password
    datastore = args.datastore
    addresses = [redis_address(args.host, datastore.port, user) for user in ("", datastore.username)]
    return Output.json_dumps(dict.fromkeys(addresses, args.password))
