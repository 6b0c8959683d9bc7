"""What must fit together among the settings of traces: promises that the disk, the heap or the days would not keep are refused."""

from collections.abc import Iterator, Mapping
from typing import TypeGuard

from model.base import Model
from model.documents import Document, is_mapping, mapping
from model.errors import Finding
from model.quantities import Duration, Size
from model.traces import (
    DISK_SHARE,
    HEAP_SHARE,
    LARGEST_HEAP,
    SHORTEST_RETENTION,
    Elasticsearch,
    Traces,
    Traffic,
    copies_over,
    daily_indices,
    disk_bytes,
)

_GIB = 2**30


def check_traces(settings: Document) -> Iterator[Finding]:
    """Storage, retention, heap and disk of the settings' ``traces``."""
    if not is_mapping(settings.content.get("traces")):
        return
    traces, file = mapping(settings.content.get("traces")), settings.file
    chosen = [name for name in ("elasticsearch", "external") if name in traces]
    if len(chosen) != 1:
        problem = "both elasticsearch and external are given" if chosen else "nothing keeps them"
        yield Finding(file=file, key="traces", problem=problem, allowed="one of elasticsearch, external")
    retention = Duration.of(traces.get("retention", _default(Traces, "retention")))
    if retention and retention.seconds < SHORTEST_RETENTION.seconds:
        allowed = f"{SHORTEST_RETENTION} or longer: traces are deleted by whole days"
        yield Finding(file=file, key="traces.retention", problem=f"'{retention}' was given", allowed=allowed)
    if is_mapping(traces.get("elasticsearch")):
        yield from _check_nodes(file, mapping(traces["elasticsearch"]))
        yield from _check_disk(file, traces, retention)


def _check_nodes(file: str, elasticsearch: Mapping[str, object]) -> Iterator[Finding]:
    """As many nodes as can lose one, and a heap that leaves memory to the kernel."""
    if elasticsearch.get("replicas") == 2:
        problem = "2 was given: of two masters neither can go on alone"
        yield Finding(file=file, key="traces.elasticsearch.replicas", problem=problem, allowed="1, or 3 and more")
    memory = Size.of(mapping(elasticsearch.get("resources")).get("memory", Elasticsearch.model_fields["resources"].default.memory))
    heap = Size.of(elasticsearch.get("heap"))
    if not (heap and memory):
        return
    half = int(memory.bytes * HEAP_SHARE)
    if heap.bytes > min(half, LARGEST_HEAP.bytes):
        why = f"half of resources.memory ({memory})" if half < LARGEST_HEAP.bytes else "more than that, Java's pointers get longer"
        allowed = f"at most {_mebibytes(min(half, LARGEST_HEAP.bytes))}: {why}"
        yield Finding(file=file, key="traces.elasticsearch.heap", problem=f"'{heap}' was given", allowed=allowed)


def _check_disk(file: str, traces: Mapping[str, object], retention: Duration | None) -> Iterator[Finding]:
    """A disk that holds all days of the expected traffic and stays below the first watermark."""
    elasticsearch, traffic = mapping(traces["elasticsearch"]), mapping(traces.get("traffic"))
    replicas = elasticsearch.get("replicas", _default(Elasticsearch, "replicas"))
    spans = traffic.get("spansPerSecond", _default(Traffic, "spans_per_second"))
    size = Size.of(traffic.get("spanSize", _default(Traffic, "span_size")))
    storage = Size.of(elasticsearch.get("storage", _default(Elasticsearch, "storage")))
    if not (retention and size and storage and _is_count(replicas) and _is_count(spans)):
        return
    copies, days = copies_over(replicas), daily_indices(retention)
    needed = disk_bytes(spans_per_second=spans, span_bytes=size.bytes, days=days, copies=copies, nodes=replicas)
    if needed > storage.bytes * DISK_SHARE:
        sum_of = f"{spans} spans/s x 86400 s x {size} x {days} days x {1 + copies} / {replicas} nodes = {needed / _GIB:.1f}Gi"
        problem = f"'{storage}' was given, but {sum_of} on each"
        allowed = f"{-(-needed // int(DISK_SHARE * _GIB))}Gi or more, as {DISK_SHARE:.0%} of it may be used"
        yield Finding(file=file, key="traces.elasticsearch.storage", problem=problem, allowed=allowed)


def _default(model: type[Model], field: str) -> object:
    """What a setting is when nobody says anything."""
    return model.model_fields[field].default


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _mebibytes(size: float) -> str:
    return f"{int(size) // 2**20}Mi"
