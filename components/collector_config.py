"""``collector.yaml``: what happens to spans between the services and Jaeger, and the metrics that come of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from components.base import Identity
from components.documents import Document
from components.jaeger_config import OTLP_GRPC_PORT, OTLP_HTTP_PORT, ZIPKIN_PORT, memory_limiter, otlp, telemetry
from components.trace_storage import Access
from model import traces
from model.catalogue import Catalogue
from model.correlation import SPAN_LABELS, SYSTEM_ATTRIBUTE
from model.sampling import HEALTH_PATHS

JAEGER_GRPC_PORT = 14250
JAEGER_HTTP_PORT = 14268

GRAPH_PORT = 4319
"""Where the one collector that draws the graph of services gets copies of all spans."""

METRICS_PORT = 8888
"""The collector's own metrics."""

SPAN_METRICS_PORT = 8889
"""Metrics of services, made of their spans."""

STORAGE_METRICS_PORT = 8890
"""Metrics of the storage."""

HEALTH_PORT = 13133

CONFIG_FOLDER = "/etc/collector"
QUEUE_FOLDER = "/var/lib/collector"
"""The volume: spans that wait."""

BATCH_BYTES = 2_000_000
"""Half of what Jaeger takes in one message."""

BUCKETS = ("5ms", "10ms", "25ms", "50ms", "100ms", "250ms", "500ms", "1s", "2s", "4s", "10s")
"""The buckets of durations; the promises of the catalogue lie on their borders."""

_FOUND = ("k8s.namespace.name", "k8s.pod.name", "k8s.node.name")
_REPLICA_SET, _DEPLOYMENT = "k8s.replicaset.name", "k8s.deployment.name"
KUBERNETES_ATTRIBUTES = (*_FOUND, _DEPLOYMENT)
"""What the collector adds to the resource of each span. All of it is in the pod that sent it, so nothing else need be read."""

_FLUSH = "15s"
_FORGET = "keep_keys(resource.attributes, [])"
_NODE = 'resource.attributes["elasticsearch.node.name"]'
_NAME_NODE = f'set(datapoint.attributes["node"], {_NODE}) where {_NODE} != nil'
_STORAGE_METRICS = "elasticsearch[.](cluster|node[.]fs[.]disk)[.].*|jvm[.]memory[.]heap[.].*"


@dataclass(frozen=True, kw_only=True)
class Neighbours:
    """Whom a collector talks to."""

    collector: Identity
    """The collectors themselves."""

    jaeger: str
    """The Service with a name for each pod of Jaeger that takes spans in."""

    storage: Access
    """The storage, whose state it asks for."""

    domain: str
    """The DNS domain of the cluster."""


def collector_config(settings: traces.Collector, catalogues: Iterable[Catalogue], neighbours: Neighbours) -> Document:
    """``collector.yaml``: what comes in, what is done to it, where it goes."""
    graph = "servicegraph" if settings.replicas == 1 else "otlp/graph"
    return {
        "service": {
            "extensions": ["health_check", "file_storage"],
            "pipelines": {
                "traces": {
                    "receivers": ["otlp", "jaeger", "zipkin"],
                    "processors": ["memory_limiter", "k8sattributes", "transform/system", "filter/health"],
                    "exporters": ["otlp/jaeger", "spanmetrics", graph],
                },
                **({} if settings.replicas == 1 else {"traces/graph": {"receivers": ["otlp/graph"], "exporters": ["servicegraph"]}}),
                "metrics/spans": {
                    "receivers": ["spanmetrics", "servicegraph"],
                    "processors": ["transform/labels"],
                    "exporters": ["prometheus/spans"],
                },
                "metrics/storage": {
                    "receivers": ["elasticsearch"],
                    "processors": ["filter/storage", "transform/storage"],
                    "exporters": ["prometheus/storage"],
                },
            },
            "telemetry": telemetry(METRICS_PORT, "collector"),
        },
        "extensions": {
            "health_check": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"},
            "file_storage": {"directory": QUEUE_FOLDER, "compaction": {"on_start": True, "on_rebound": True, "directory": QUEUE_FOLDER}},
        },
        "receivers": receivers(settings, neighbours.storage),
        "processors": processors(catalogues),
        "connectors": connectors(),
        "exporters": exporters(settings, neighbours),
    }


def receivers(settings: traces.Collector, storage: Access) -> Document:
    """OTLP, and what older clients speak; and the storage's own state."""
    return {
        "otlp": otlp(OTLP_GRPC_PORT, OTLP_HTTP_PORT),
        "jaeger": {
            "protocols": {
                "grpc": {"endpoint": f"0.0.0.0:{JAEGER_GRPC_PORT}"},
                "thrift_http": {"endpoint": f"0.0.0.0:{JAEGER_HTTP_PORT}"},
            }
        },
        "zipkin": {"endpoint": f"0.0.0.0:{ZIPKIN_PORT}"},
        **({} if settings.replicas == 1 else {"otlp/graph": otlp(GRAPH_PORT)}),
        "elasticsearch": {
            "endpoint": storage.url,
            "username": storage.username,
            "password": f"${{file:{storage.password_file}}}",
            **({"tls": {"ca_file": storage.authority_file}} if storage.authority else {}),
            "nodes": ["_all"],
            "collection_interval": "30s",
        },
    }


def processors(catalogues: Iterable[Catalogue]) -> Document:
    """Limits memory, says where spans are from, drops health checks, and calls labels what they are called elsewhere."""
    paths = "|".join(path.replace("-", "[-]") for path in HEALTH_PATHS)
    health = [f'IsMatch(attributes["{name}"], "^({paths})$")' for name in ("http.route", "url.path", "http.target")]
    return {
        "memory_limiter": memory_limiter(),
        "k8sattributes": {
            "extract": {"metadata": [*_FOUND, _REPLICA_SET]},
            "pod_association": [{"sources": [{"from": "resource_attribute", "name": "k8s.pod.ip"}]}, {"sources": [{"from": "connection"}]}],
        },
        "transform/system": {
            "error_mode": "ignore",
            "trace_statements": [*deployment_statements(), *(system_statement(catalogue) for catalogue in catalogues)],
        },
        # One that failed is kept.
        "filter/health": {
            "error_mode": "ignore",
            "traces": {"span": [f"status.code != STATUS_CODE_ERROR and ({' or '.join(health)})"]},
        },
        "transform/labels": {
            "error_mode": "ignore",
            # Of their resource all is said by then; the rest would make a series of every pod.
            "metric_statements": in_turn(
                [statement for attribute, label in SPAN_LABELS.items() for statement in renamed(attribute, label)], [_FORGET]
            ),
        },
        "filter/storage": {"error_mode": "ignore", "metrics": {"metric": [f'not IsMatch(name, "^({_STORAGE_METRICS})$")']}},
        "transform/storage": {
            "error_mode": "ignore",
            "metric_statements": in_turn([_NAME_NODE], [_FORGET]),
        },
    }


def deployment_statements() -> list[str]:
    """A Deployment is called as its ReplicaSet without the hash, which the processor itself takes off only when it is ten long."""
    owner, deployment = f'resource.attributes["{_REPLICA_SET}"]', f'resource.attributes["{_DEPLOYMENT}"]'
    return [
        f"set({deployment}, {owner}) where {owner} != nil",
        f'replace_pattern({deployment}, "-[^-]+$", "") where {owner} != nil',
        f'delete_key(resource.attributes, "{_REPLICA_SET}")',
    ]


def system_statement(catalogue: Catalogue) -> str:
    """A service that does not say of which system it is, is of the one in whose namespace it runs."""
    system, namespace = f'resource.attributes["{SYSTEM_ATTRIBUTE}"]', 'resource.attributes["k8s.namespace.name"]'
    return f'set({system}, "{catalogue.system}") where {system} == nil and {namespace} == "{catalogue.namespace}"'


def in_turn(*groups: list[str]) -> list[Document]:
    """Statements of which each group is done with all data before the next begins; within one, each data point gets all of them."""
    return [{"statements": statements} for statements in groups]


def renamed(attribute: str, label: str) -> list[str]:
    """Gives an attribute of data points the name that it has as a label of everything else."""
    old, new = f'datapoint.attributes["{attribute}"]', f'datapoint.attributes["{label}"]'
    return [f"set({new}, {old}) where {old} != nil", f'delete_key(datapoint.attributes, "{attribute}")']


def connectors() -> Document:
    """Metrics of spans: requests, errors and durations by service and operation, and who calls whom."""
    return {
        "spanmetrics": {
            "histogram": {"unit": "s", "explicit": {"buckets": list(BUCKETS)}},
            "exemplars": {"enabled": True, "max_per_data_point": 5},
            "dimensions": [{"name": SYSTEM_ATTRIBUTE}],
            # Pods come and go; the sums are of the service.
            "resource_metrics_key_attributes": list(SPAN_LABELS),
            "aggregation_cardinality_limit": 5000,
            "metrics_flush_interval": _FLUSH,
            "metrics_expiration": "30m",
        },
        "servicegraph": {"store": {"ttl": "15s", "max_items": 20_000}, "metrics_flush_interval": _FLUSH},
    }


def exporters(settings: traces.Collector, neighbours: Neighbours) -> Document:
    """Jaeger, with a queue on disk that never gives up; and Prometheus, which fetches."""
    return {
        "otlp/jaeger": {
            # All its pods, in turn.
            "endpoint": f"dns:///{neighbours.jaeger}.{neighbours.collector.namespace}.svc.{neighbours.domain}:{OTLP_GRPC_PORT}",
            "balancer_name": "round_robin",
            "tls": {"insecure": True},
            "compression": "none",
            "timeout": "10s",
            "retry_on_failure": {"initial_interval": "1s", "max_interval": "10s", "max_elapsed_time": "0s"},
            "sending_queue": {
                "storage": "file_storage",
                "sizer": "bytes",
                "queue_size": settings.queue_bytes,
                "num_consumers": 2,
                "batch": {"flush_timeout": "500ms", "min_size": BATCH_BYTES // 10, "max_size": BATCH_BYTES},
            },
        },
        **({} if settings.replicas == 1 else {"otlp/graph": graph_exporter(neighbours.collector, neighbours.domain)}),
        "prometheus/spans": {"endpoint": f"0.0.0.0:{SPAN_METRICS_PORT}", "enable_open_metrics": True, "metric_expiration": "30m"},
        "prometheus/storage": {"endpoint": f"0.0.0.0:{STORAGE_METRICS_PORT}", "metric_expiration": "2m"},
    }


def graph_exporter(identity: Identity, domain: str) -> Document:
    """To the first collector: only who sees both ends of a call can tell who called whom. What it misses, no trace misses."""
    return {
        "endpoint": f"{identity.name}-0.{identity.name}-headless.{identity.namespace}.svc.{domain}:{GRAPH_PORT}",
        "tls": {"insecure": True},
        "compression": "none",
        "timeout": "5s",
        "retry_on_failure": {"enabled": False},
        "sending_queue": {"sizer": "items", "queue_size": 10_000, "num_consumers": 1, "block_on_overflow": False},
    }


def pod_attributes() -> tuple[str, ...]:
    """Attributes of a span's resource that links may use, as the collector sees to it that they are there."""
    return (*KUBERNETES_ATTRIBUTES, *SPAN_LABELS)
