"""``jaeger.yaml``: one configuration for both roles of Jaeger 2, of keys that 2.13 and 2.20 take."""

from components.documents import Document
from components.trace_storage import Access
from model.traces import Traces

UI_PORT = 16686
"""The web page and the API."""

QUERY_GRPC_PORT = 16685
"""The API over gRPC."""

OTLP_GRPC_PORT = 4317
OTLP_HTTP_PORT = 4318
ZIPKIN_PORT = 9411

SAMPLING_PORT = 5778
"""What services are told to sample, over HTTP."""

SAMPLING_GRPC_PORT = 5779
"""The same over gRPC."""

METRICS_PORT = 8888
HEALTH_PORT = 13133

CONFIG_FOLDER = "/etc/jaeger"
SAMPLING = "sampling.json"

BULK_BYTES = 5_000_000
"""Spans are written in portions of at most this size."""

_STORAGE = "elasticsearch"


def jaeger_config(settings: Traces, access: Access) -> Document:
    """Takes in, stores and finds spans. Both roles get all of it; a Service leads to the one and to the other."""
    return {
        "service": {
            "extensions": ["healthcheckv2", "jaeger_storage", "jaeger_query", "remote_sampling"],
            "pipelines": {
                "traces": {"receivers": ["otlp", "zipkin"], "processors": ["memory_limiter"], "exporters": ["jaeger_storage_exporter"]}
            },
            "telemetry": telemetry(METRICS_PORT, "jaeger"),
        },
        "extensions": {
            "healthcheckv2": {"use_v2": True, "http": {"endpoint": f"0.0.0.0:{HEALTH_PORT}"}},
            "jaeger_storage": {"backends": {_STORAGE: {"elasticsearch": storage(settings, access)}}},
            "jaeger_query": {
                "storage": {"traces": _STORAGE},
                # Its own queries are no traces that anybody looks for.
                "enable_tracing": False,
                "http": {"endpoint": f"0.0.0.0:{UI_PORT}"},
                "grpc": {"endpoint": f"0.0.0.0:{QUERY_GRPC_PORT}"},
            },
            "remote_sampling": {
                "file": {"path": f"{CONFIG_FOLDER}/{SAMPLING}", "reload_interval": "10s"},
                "http": {"endpoint": f"0.0.0.0:{SAMPLING_PORT}"},
                "grpc": {"endpoint": f"0.0.0.0:{SAMPLING_GRPC_PORT}"},
            },
        },
        "receivers": {
            "otlp": otlp(OTLP_GRPC_PORT, OTLP_HTTP_PORT),
            "zipkin": {"endpoint": f"0.0.0.0:{ZIPKIN_PORT}"},
        },
        # While the storage is away, what has been taken waits in memory; the memory limiter leaves the rest to the collector's disk.
        "processors": {"memory_limiter": memory_limiter()},
        # Has no queue of its own: the collector waits for the answer.
        "exporters": {"jaeger_storage_exporter": {"trace_storage": _STORAGE}},
    }


def storage(settings: Traces, access: Access) -> Document:
    """How spans are stored: daily indices, split and copied as the nodes allow."""
    index: Document = {"shards": settings.shards, "replicas": settings.copies}
    return {
        "server_urls": [access.url],
        "auth": {"basic": {"username": access.username, "password_file": access.password_file}},
        **({"tls": {"ca_file": access.authority_file}} if access.authority else {}),
        "bulk_processing": {"max_bytes": BULK_BYTES},
        "create_mappings": True,
        # All that is still there is found.
        "max_span_age": f"{settings.days * 24}h",
        "indices": {kind: dict(index) for kind in ("spans", "services", "dependencies", "sampling")},
    }


def otlp(grpc: int, http: int | None = None) -> Document:
    """OTLP from outside the pod; without an address the receiver would listen to its own pod alone."""
    protocols: Document = {"grpc": {"endpoint": f"0.0.0.0:{grpc}"}}
    return {"protocols": protocols | ({"http": {"endpoint": f"0.0.0.0:{http}"}} if http else {})}


def memory_limiter() -> Document:
    """Refuses spans while memory is short, so that who sent them keeps them; shares of the container's limit."""
    return {"check_interval": "1s", "limit_percentage": 80, "spike_limit_percentage": 20}


def telemetry(port: int, name: str) -> Document:
    """What a program of OpenTelemetry says about itself: metrics for Prometheus under its own name, lines of JSON."""
    exporter = {"prometheus": {"host": "0.0.0.0", "port": port, "without_scope_info": True}}  # noqa: S104 (Prometheus scrapes it)
    return {
        "resource": {"service.name": name},
        "metrics": {"level": "normal", "readers": [{"pull": {"exporter": exporter}}]},
        "logs": {"level": "info", "encoding": "json"},
    }
