"""``loki.yaml``: how Loki takes in, keeps and finds logs. All of it follows from the settings of logs."""

from collections.abc import Mapping, Sequence

from components.base import Identity
from components.provisioning import LOKI_UID
from model.log_schema import LogSchema, Period
from model.logs import DELETE_DELAY, Bucket, Logs

Document = dict[str, object]
"""A mapping of a YAML document."""

PORT = 3100
"""The API and Loki's own metrics."""

GRPC_PORT = 9095
"""Loki servers talk to each other."""

GOSSIP_PORT = 7946
"""Loki servers find each other, over TCP and UDP."""

FOLDER = "/loki"
"""The volume: what is not on S3 yet, and what was fetched from there."""

RULES_FOLDER = "/etc/loki-rules"
"""The rules of the ruler, in a folder for each tenant."""

_DELETION_MARKERS = "deletion-markers/"
_MEMORY_SHARE = 0.75


def loki_config(settings: Logs, schema: LogSchema, identity: Identity, domain: str, cluster_label: str) -> Document:
    """``loki.yaml`` of the servers of ``identity``, which find each other in the DNS ``domain`` of their cluster."""
    return {
        "auth_enabled": False,
        "analytics": {"reporting_enabled": False},
        "server": {"http_listen_port": PORT, "grpc_listen_port": GRPC_PORT, "log_level": "info", **message_sizes()},
        "common": {
            "path_prefix": FOLDER,
            "replication_factor": settings.replication_factor,
            "ring": {"kvstore": {"store": "memberlist"}},
        },
        "memberlist": {
            "bind_port": GOSSIP_PORT,
            "join_members": [f"{identity.name}-headless.{identity.namespace}.svc.{domain}:{GOSSIP_PORT}"],
            # Servers of different environments never become one cluster.
            "cluster_label": cluster_label,
        },
        "schema_config": {"configs": [stored(period) for period in schema.periods]},
        "storage_config": {
            "use_thanos_objstore": True,
            "object_store": {"s3": object_store(settings.bucket)},
            "tsdb_shipper": {"active_index_directory": f"{FOLDER}/index", "cache_location": f"{FOLDER}/index-cache"},
        },
        "ingester": ingester(settings),
        "compactor": compactor(),
        "limits_config": limits(settings),
        "query_range": {
            "cache_results": True,
            "results_cache": {"cache": {"embedded_cache": {"enabled": True, "max_size_mb": settings.result_cache.bytes // 2**20}}},
        },
    }


def stored(period: Period) -> Document:
    """How logs are stored from one day on."""
    return {
        "from": period.start.isoformat(),
        "store": period.store,
        "object_store": "s3",
        "schema": period.version,
        "index": {"prefix": period.prefix, "period": period.period},
    }


def ruler_config(*, alertmanagers: Sequence[str], grafana: str, labels: Mapping[str, str]) -> Document:
    """The part of ``loki.yaml`` about its alerts: each rule is evaluated by one server, and told to every one of ``alertmanagers``.

    ``labels`` are on all alerts, as on those of Prometheus; links lead to ``grafana``. Changed rules are read within a minute.
    """
    return {
        "ruler_storage": {"backend": "local", "local": {"directory": RULES_FOLDER}},
        "ruler": {
            "enable_sharding": True,
            "alertmanager_url": ",".join(alertmanagers),
            "external_url": grafana,
            "datasource_uid": LOKI_UID,
            "external_labels": dict(labels),
        },
    }


def message_sizes() -> Document:
    """Answers of one server to another may be as big as the results of a query."""
    return {"grpc_server_max_recv_msg_size": 2**26, "grpc_server_max_send_msg_size": 2**26}


def object_store(bucket: Bucket) -> Document:
    """Where the bucket is. No keys: Loki gets its credentials for the token of its service account."""
    store: Document = {"bucket_name": bucket.name, "region": bucket.region}
    if bucket.endpoint is None:
        return {**store, "endpoint": f"s3.{bucket.region}.amazonaws.com"}
    scheme, _, host = bucket.endpoint.partition("://")
    return {
        **store,
        "endpoint": host,
        "insecure": scheme == "http",
        "bucket_lookup_type": "path",
        "sts_endpoint": bucket.endpoint,
    }


def ingester(settings: Logs) -> Document:
    """Every line is on a volume before it is acknowledged, and on S3 before a server goes."""
    return {
        "wal": {
            "enabled": True,
            "dir": f"{FOLDER}/wal",
            "flush_on_shutdown": True,
            "replay_memory_ceiling": f"{int(settings.resources.memory.bytes * _MEMORY_SHARE) // 2**20}MB",
        },
        "chunk_encoding": "snappy",
        "chunk_idle_period": "30m",
        "max_chunk_age": "2h",
    }


def compactor() -> Document:
    """Keeps the promise on retention. What it is about to delete is noted on S3, so that another server can take over."""
    return {
        "working_directory": f"{FOLDER}/compactor",
        "compaction_interval": "10m",
        "retention_enabled": True,
        "retention_delete_delay": str(DELETE_DELAY),
        "delete_request_store": "s3",
        "deletion_marker_object_store_prefix": _DELETION_MARKERS,
    }


def limits(settings: Logs) -> Document:
    """What one stream, one query and the environment as a whole may use."""
    classes = [{"selector": other.selector, "priority": 1, "period": str(other.retention)} for _, other in sorted(settings.classes.items())]
    return {
        "retention_period": str(settings.retention),
        **({"retention_stream": classes} if classes else {}),
        # As long as the longest retention, so that all that is kept can be asked for.
        "max_query_length": f"{int(settings.longest_retention.seconds) // 3600 + 1}h",
        "max_entries_limit_per_query": 10_000,
        "per_stream_rate_limit": "5MB",
        "per_stream_rate_limit_burst": "20MB",
        # All streams of a server together; less than what a few of them may send would make their own limit void.
        "ingestion_rate_mb": 20,
        "ingestion_burst_size_mb": 40,
        "max_global_streams_per_user": 10_000,
        "max_label_names_per_series": 15,
        "max_line_size": "256KB",
        "max_line_size_truncate": True,
        "reject_old_samples": True,
        "reject_old_samples_max_age": "168h",
        # The level is a label already, from the agent.
        "discover_log_levels": False,
        "volume_enabled": True,
    }
