"""Traces as a whole: the collector in front, Jaeger behind it, and what keeps them; who of them talks to whom."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Output, ResourceOptions

from components import elasticsearch, jaeger_config
from components.base import Component, Identity
from components.collector import Collector, CollectorArgs
from components.collector_config import Neighbours, collector_config
from components.documents import under
from components.elasticsearch import Elasticsearch, ElasticsearchArgs
from components.jaeger import Jaeger, JaegerArgs
from components.scraping import Target
from components.trace_storage import AUTHORITY, BUILT_IN_USER, Access, TraceStorage, TraceStorageArgs, deletion_script
from model import traces
from model.documents import to_yaml
from model.environment import Environment
from model.sampling import strategies
from model.secrets import ELASTICSEARCH_KEY, ELASTICSEARCH_PASSWORD
from model.versions import image_version

_PROGRAMS = {
    "trace-storage": "elasticsearch",
    "elasticsearch": "elasticsearch",
    "jaeger-collector": "jaeger",
    "jaeger-query": "jaeger",
    "collector": "opentelemetry-collector",
}
"""The parts, and what runs in each, as ``configs/versions.yaml`` calls it."""


@dataclass(frozen=True, kw_only=True)
class TracesArgs:
    """What the parts that have to do with traces are made from."""

    environment: Environment
    """The settings and catalogues."""

    settings: traces.Traces
    """Those of the settings that are about traces."""

    namespace: str
    """Where the parts live."""

    files: Mapping[str, str]
    """All documents of the platform by path."""

    secrets: Mapping[str, Output[str]]
    """The values of the environment's secrets by key."""


class Traces(Component):
    """All parts, each after what it needs."""

    def __init__(self, name: str, args: TracesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:Traces", name, opts)
        way = TraceStorage("trace-storage", storage_args(args), self.child())
        storage: list[Component] = [way]
        if nodes := args.settings.elasticsearch:
            storage.append(Elasticsearch("elasticsearch", nodes_args(args, nodes, way.secret_version), self.child(after=storage)))
        jaeger = Jaeger("jaeger", jaeger_args(args, way.secret_version), self.child(after=storage))
        Collector("collector", collector_args(args, way.secret_version), self.child(after=[jaeger]))
        self.register_outputs({})


def part(environment: Environment, namespace: str, name: str) -> Identity:
    """Who one of the parts is."""
    program = _PROGRAMS[name]
    version = image_version(environment.images[program])
    return Identity(name=name, namespace=namespace, program=program, role="traces", version=version)


def parts(environment: Environment, namespace: str) -> tuple[Identity, ...]:
    """All parts that an environment has."""
    settings = environment.settings.traces
    absent = set[str]() if settings and settings.elasticsearch else {"elasticsearch"}
    return tuple(part(environment, namespace, name) for name in _PROGRAMS if name not in absent) if settings else ()


def founds_cluster(environment: Environment) -> bool:
    """Whether several nodes of our own must agree on one cluster."""
    settings = environment.settings.traces
    return bool(settings and settings.elasticsearch and settings.elasticsearch.replicas > 1)


def access(environment: Environment, settings: traces.Traces, namespace: str) -> Access:
    """How the storage is reached."""
    name = "trace-storage"
    if external := settings.external:
        return Access(url=external.url, username=external.username, name=name, authority=external.authority is not None)
    return Access(url=elasticsearch.url(part(environment, namespace, "elasticsearch")), username=BUILT_IN_USER, name=name, authority=True)


def urls(environment: Environment, namespace: str) -> dict[str, str]:
    """Where people find traces, inside the cluster."""
    host = f"jaeger-query.{namespace}.svc.{environment.settings.cluster.domain}"
    return {"jaeger-query": f"http://{host}:{jaeger_config.UI_PORT}"} if environment.settings.traces else {}


def targets(environment: Environment, namespace: str) -> tuple[Target, ...]:
    """What Prometheus scrapes: the programs themselves, and what the collector makes of spans and of the storage's state."""
    if not environment.settings.traces:
        return ()
    jobs = {
        "jaeger-collector": ("jaeger-collector", "metrics"),
        "jaeger-query": ("jaeger-query", "metrics"),
        "collector": ("collector", "metrics"),
        "span-metrics": ("collector", "span-metrics"),
        "elasticsearch": ("collector", "storage-metrics"),
    }
    return tuple(Target(job=job, namespace=namespace, service=service, port=port) for job, (service, port) in jobs.items())


def documents(environment: Environment, namespace: str) -> dict[str, str]:
    """What the parts are configured with, by path."""
    settings = environment.settings.traces
    if not settings:
        return {}
    domain, reached = environment.settings.cluster.domain, access(environment, settings, namespace)
    neighbours = Neighbours(
        collector=part(environment, namespace, "collector"), jaeger="jaeger-collector-headless", storage=reached, domain=domain
    )
    return {
        "jaeger/jaeger.yaml": to_yaml(jaeger_config.jaeger_config(settings, reached)),
        f"jaeger/{jaeger_config.SAMPLING}": json.dumps(strategies(environment.catalogues), indent=2) + "\n",
        "collector/collector.yaml": to_yaml(collector_config(settings.collector, environment.catalogues, neighbours)),
        "trace-storage/scripts/delete-old-indices.sh": deletion_script(reached),
        **storage_documents(environment, settings, namespace),
    }


def storage_documents(environment: Environment, settings: traces.Traces, namespace: str) -> dict[str, str]:
    """The certificates, and what Elasticsearch is configured with where it is our own."""
    if external := settings.external:
        return {f"trace-storage/{AUTHORITY}": external.authority} if external.authority else {}
    if not (own := settings.elasticsearch):
        return {}
    identity = part(environment, namespace, "elasticsearch")
    cluster = f"{environment.settings.cluster.name}-{environment.name}"
    return {
        f"trace-storage/{AUTHORITY}": own.tls.authority,
        f"elasticsearch/{elasticsearch.CERTIFICATE}": own.tls.certificate,
        "elasticsearch/elasticsearch.yml": to_yaml(elasticsearch.elasticsearch_config(own, identity, cluster)),
        "elasticsearch/start.sh": elasticsearch.start_script(own, identity),
    }


def storage_args(args: TracesArgs) -> TraceStorageArgs:
    """The way to the storage."""
    environment = args.environment
    return TraceStorageArgs(
        identity=part(environment, args.namespace, "trace-storage"),
        image=environment.images["elasticsearch"],
        access=access(environment, args.settings, args.namespace),
        settings=args.settings,
        password=args.secrets[ELASTICSEARCH_PASSWORD],
        public=under("trace-storage", args.files),
        scripts=under("trace-storage/scripts", args.files),
    )


def nodes_args(args: TracesArgs, nodes: traces.Elasticsearch, secret_version: Output[str]) -> ElasticsearchArgs:
    """Elasticsearch of our own."""
    environment = args.environment
    return ElasticsearchArgs(
        identity=part(environment, args.namespace, "elasticsearch"),
        image=environment.images["elasticsearch"],
        settings=nodes,
        storage_class=environment.settings.cluster.volume_class,
        access=access(environment, args.settings, args.namespace),
        secret_version=secret_version,
        private_key=args.secrets[ELASTICSEARCH_KEY],
        config=under("elasticsearch", args.files),
    )


def jaeger_args(args: TracesArgs, secret_version: Output[str]) -> JaegerArgs:
    """Both roles of Jaeger."""
    environment, roles = args.environment, args.settings.jaeger
    return JaegerArgs(
        collector=part(environment, args.namespace, "jaeger-collector"),
        query=part(environment, args.namespace, "jaeger-query"),
        image=environment.images["jaeger"],
        roles={"jaeger-collector": roles.collector, "jaeger-query": roles.query},
        access=access(environment, args.settings, args.namespace),
        secret_version=secret_version,
        config=under("jaeger", args.files),
    )


def collector_args(args: TracesArgs, secret_version: Output[str]) -> CollectorArgs:
    """The collector in front."""
    environment = args.environment
    return CollectorArgs(
        identity=part(environment, args.namespace, "collector"),
        image=environment.images["opentelemetry-collector"],
        settings=args.settings.collector,
        storage_class=environment.settings.cluster.volume_class,
        access=access(environment, args.settings, args.namespace),
        secret_version=secret_version,
        config=under("collector", args.files),
    )
