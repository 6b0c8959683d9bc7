"""What follows from the one retention and the expected traffic, and what services are told to sample."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from model.correlation import TRACE_ID, TRACE_ID_IN_LINE
from model.documents import each, mapping, read
from model.environment import load
from model.quantities import Cpu, Duration, Percent, Size
from model.resources import Resources
from model.sampling import HEALTH_PATHS, strategies
from model.traces import Elasticsearch, ExternalStorage, Tls, Traces, daily_indices, disk_bytes
from tests.components.environments import ROOT, environment

HOUR = timedelta(hours=1)
PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
TLS = Tls(authority=PEM, certificate=PEM)


def deleted_at(day: datetime, days: int) -> datetime:
    """When an index of spans of ``day`` goes: in the first hour of the day on which it is ``days`` old."""
    return day + timedelta(days=days, minutes=5)


@given(some.integers(24, 24 * 60).map(lambda hours: Duration(f"{hours}h")))
def test_every_span_is_kept_for_its_retention_and_gone_a_day_and_an_hour_after(retention: Duration) -> None:
    day = datetime(2026, 11, 21, tzinfo=UTC)
    gone, promised = deleted_at(day, daily_indices(retention)), timedelta(seconds=retention.seconds)
    last_span, first_span = day + timedelta(days=1), day
    assert gone - last_span >= promised
    assert gone - first_span <= timedelta(days=-(-promised // timedelta(days=1))) + timedelta(days=1) + HOUR


def test_72_hours_need_four_days_and_are_gone_by_97() -> None:
    day = datetime(2026, 11, 21, tzinfo=UTC)
    gone = deleted_at(day, daily_indices(Duration("3d")))
    assert (daily_indices(Duration("3d")), daily_indices(Duration("72h"))) == (4, 4)
    assert gone - (day + timedelta(days=1)) >= 72 * HOUR
    assert gone - day <= 97 * HOUR
    # The usual recipe: as many days as the retention has keeps the last span of a day for 48 hours.
    assert deleted_at(day, 3) - (day + timedelta(days=1)) < 72 * HOUR


def test_what_is_on_each_disk() -> None:
    assert disk_bytes(spans_per_second=1000, span_bytes=1024, days=4, copies=1, nodes=3) == 1000 * 86400 * 1024 * 4 * 2 // 3
    assert disk_bytes(spans_per_second=1, span_bytes=1, days=1, copies=0, nodes=1) == 86400


@pytest.mark.parametrize(("replicas", "shards", "copies"), [(1, 1, 0), (3, 3, 1), (9, 5, 1)])
def test_indices_are_split_over_the_nodes_and_copied_where_there_is_another(replicas: int, shards: int, copies: int) -> None:
    own = Traces(elasticsearch=Elasticsearch(replicas=replicas, tls=TLS))
    assert (own.shards, own.copies) == (shards, copies)
    other = Traces(external=ExternalStorage(url="https://es.example.org", username="jaeger", nodes=replicas))
    assert (other.shards, other.copies) == (shards, copies)


def test_the_heap_is_half_of_the_memory_unless_given() -> None:
    resources = Resources(cpu=Cpu("1"), memory=Size("4Gi"))
    assert Elasticsearch(resources=resources, tls=TLS).heap_bytes == 2 * 2**30
    assert Elasticsearch(resources=resources, heap=Size("1Gi"), tls=TLS).heap_bytes == 2**30


SEED = {"api-gateway": 1, "iac-generator": 1, "orchestrator": 1, "guardrails": 0.8, "ai-engine": 0.7, "blueprint": 0.5, "costing": 0.3}


def test_sampling_is_that_of_the_catalogue() -> None:
    told = strategies(environment("prod").catalogues)
    shares = {str(mapping(item)["service"]): mapping(item)["param"] for _, item in each(told, "service_strategies", "*")}
    assert shares == {**SEED, "monitoring": 0.1, "auth": 0.1}
    operations = each(told, "default_strategy", "operation_strategies", "*")
    health = {mapping(item)["operation"]: mapping(item)["param"] for _, item in operations}
    assert set(health.values()) == {0.01}
    assert {f"GET {path}" for path in HEALTH_PATHS} <= set(health)


def test_of_namesakes_the_one_that_keeps_the_most_decides() -> None:
    [one] = environment("dev").catalogues
    twin = one.model_copy(update={"services": {"costing": one.services["costing"].model_copy(update={"sampling": Percent("90%")})}})
    for catalogues in ((one, twin), (twin, one)):
        listed = [mapping(item) for _, item in each(strategies(catalogues), "service_strategies", "*")]
        assert [item["param"] for item in listed if item["service"] == "costing"] == [0.9]


ID = "4bf92f3577b34da6a3ce929d0e0e4736"
LINES = (
    f'{{"ts":"2026-11-21T10:00:00Z","level":"info","service":"auth","trace_id":"{ID}","span_id":"00f067aa0ba902b7"}}',
    f'{{"severity":"ERROR","traceId": "{ID}", "message":"x"}}',
    f'level=info traceID={ID} msg="done"',
    f'{{"log":"{{\\"trace.id\\":\\"{ID}\\"}}"}}',
    f"2026-11-21 10:00:00 INFO [auth] trace_id: {ID} handled",
)
OTHERS = (
    '{"trace_id":"","msg":"none"}',
    f'{{"request_id":"{ID}"}}',
    f"trace_id={ID}f",
    f"trace_id={ID[:-1]}",
)


@pytest.mark.parametrize("line", LINES)
def test_the_link_of_a_line_finds_its_trace(line: str) -> None:
    found = re.search(TRACE_ID_IN_LINE, line)
    assert found is not None
    assert found[1] == ID


@pytest.mark.parametrize("line", OTHERS)
def test_what_is_no_trace_gets_no_link(line: str) -> None:
    assert re.search(TRACE_ID_IN_LINE, line) is None


def test_the_log_agent_finds_the_trace_under_the_same_name() -> None:
    stages = read(ROOT, "configs/pipelines/containers.yaml").content["stages"]
    fields = [mapping(found) for step in ("json", "logfmt") for _, found in _deep(stages, step, "fields")]
    assert len(fields) == 2
    assert all(TRACE_ID in found for found in fields)
    assert any(TRACE_ID in str(found) for _, found in _deep(stages, "metadata"))


def _deep(value: object, *path: str) -> list[tuple[str, object]]:
    """Every value at the end of a path, however deep within other stages it begins."""
    found = list(each({"": value}, "", "*", *path))
    for _, inner in each({"": value}, "", "*", "match", "stages"):
        found += _deep(inner, *path)
    return found


def test_every_environment_has_traces() -> None:
    for name in ("dev", "staging", "prod"):
        assert load(ROOT, name).settings.traces is not None
