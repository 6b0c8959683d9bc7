"""How much an environment will have to take in and keep, from the estimates of its catalogues. For cost and capacity, not for limits."""

from dataclasses import dataclass

from model.environment import Environment
from model.logs import lifecycle

_GIB = 2**30
_DAY = 86400
_DAYS_A_MONTH = 30

BYTES_A_SAMPLE = 2.0
"""Prometheus: one to two bytes a sample on disk (prometheus.io/docs, storage, operational aspects)."""

SERIES_A_NODE = 6000
"""Those of kubelet, cAdvisor, node-exporter and kube-state-metrics on a node with some thirty pods: a guess, on the safe side."""

LOG_COMPRESSION = 5.0
"""Snappy on JSON lines: a cautious guess."""

CHUNK_BYTES = 1.5 * 2**20
"""Loki's target size of a chunk, compressed (``chunk_target_size``)."""

_IDLE_CHUNKS_A_DAY = 12
"""A stream that never fills a chunk has one cut every two hours (``max_chunk_age``)."""

_STREAMS_A_SERVICE = 4
"""One for each level that is usual."""


@dataclass(frozen=True, kw_only=True)
class Volumes:
    """What is expected of an environment."""

    series: int
    """Active series of one Prometheus server."""

    metric_gib_kept: float
    """Samples on the disk of one Prometheus server at the end of the retention, in GiB."""

    log_gib_kept: float
    """Chunks in the bucket at the end of the retention, in GiB."""

    log_gib_infrequent: float
    """The part of them that is old enough for infrequent access, in GiB."""

    chunks_a_month: float
    """Objects that Loki writes."""

    @property
    def log_gib_standard(self) -> float:
        """The part that is not yet in infrequent access, in GiB."""
        return self.log_gib_kept - self.log_gib_infrequent


def volumes(environment: Environment) -> Volumes:
    """The volumes that follow from the estimates of all services and the settings of the environment."""
    settings = environment.settings
    services = [service for catalogue in environment.catalogues for service in catalogue.services.values()]
    series = settings.cluster.nodes * SERIES_A_NODE + sum(service.estimate.series for service in services)
    samples_a_second = series / settings.prometheus.scrape_interval.seconds
    log_bytes = sum(service.estimate.requests_per_second * service.estimate.log_bytes_per_request for service in services)
    kept, infrequent, chunks = _logs(environment, log_bytes * _DAY / LOG_COMPRESSION, len(services))
    return Volumes(
        series=series,
        metric_gib_kept=samples_a_second * settings.prometheus.retention.seconds * BYTES_A_SAMPLE / _GIB,
        log_gib_kept=kept / _GIB,
        log_gib_infrequent=infrequent / _GIB,
        chunks_a_month=chunks,
    )


def _logs(environment: Environment, bytes_a_day: float, services: int) -> tuple[float, float, float]:
    """Bytes in the bucket, those of them in infrequent access, and chunks a month; with the retention of most streams."""
    logs = environment.settings.logs
    if logs is None:
        return 0.0, 0.0, 0.0
    days = logs.retention.seconds / _DAY
    moved = lifecycle(logs).transition_days
    infrequent = max(days - moved, 0.0) if moved is not None else 0.0
    full = bytes_a_day / CHUNK_BYTES
    idle = services * _STREAMS_A_SERVICE * _IDLE_CHUNKS_A_DAY
    copies = logs.replication_factor  # each server cuts chunks of its own, so S3 holds as many copies as servers took a line
    return copies * bytes_a_day * days, copies * bytes_a_day * infrequent, copies * _DAYS_A_MONTH * (full + idle)
