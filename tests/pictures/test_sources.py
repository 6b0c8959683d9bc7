"""Where the data of pictures are from: the sandbox through its API server, or servers with examples that behave like services."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, cast

import pytest

from pictures import live
from pictures.example import pace, streams
from pictures.exposition import exposition, grows, level, targets
from pictures.live import source
from sandbox.cluster.errors import ClusterError
from sandbox.kube import Kube
from tests.components.environments import environment


class FakeKube:
    """Answers with when Prometheus began, and remembers which Services were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def service(self, namespace: str, name: str, port: str, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        self.asked.append((namespace, name, port, path, query["query"]))
        return {"data": {"result": [{"value": [0, "1800000000"]}]}}


def test_a_sandbox_is_asked_through_its_services() -> None:
    kube = FakeKube()
    found = source(cast(Kube, kube))
    assert found.oldest == 1_800_000_000
    assert "up since 08:00" in found.words
    for server, service in (("prometheus", "prometheus"), ("loki", "loki"), ("jaeger", "jaeger-query")):
        found.ask(server, "some/path", {"query": "up"})
        assert kube.asked[-1] == ("observability", service, "http", "some/path", "up")


def test_without_a_sandbox_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise ClusterError("the sandbox 'main' does not run")

    monkeypatch.setattr(live.target, "current", none)
    with pytest.raises(live.NoSandboxError, match="'main' does not run"):
        live.sandbox()


def test_counters_of_examples_never_fall_and_processors_never_do_more_than_one_second_a_second() -> None:
    paths = targets(environment("dev"))
    for path in paths:
        steps = [later - before for before, later in pairwise(pace(path, float(second)) for second in range(3600, 4200, 5))]
        assert min(steps) > 0, path
        assert max(steps) > 1.5 * min(steps), "there is something to look at"
        assert path.startswith("/service/") or max(steps) <= 5, path
    services = {round(pace(path, 7200), 3) for path in paths if path.startswith("/service/")}
    assert len(services) > 1, "services differ"


def test_gauges_of_examples_say_what_their_unit_lets_one_expect() -> None:
    assert 1e8 < level("memory_bytes", 100) < 1e9
    assert 40 <= level("coverage_percent", 100) <= 80
    assert 0 < level("share_ratio", 100) < 1
    assert grows("requests_total")
    assert grows("request_seconds_count")
    assert not grows("pg_stat_activity_count")
    [connections] = [line for line in exposition(environment("dev"), "/datastore/dharma/postgresql/postgresql", 9000) if "max_conn" in line]
    assert connections == "pg_settings_max_connections{} 20"


def test_lines_of_examples_are_of_the_time_that_is_shown() -> None:
    found = streams(environment("dev"), 1000, 1090)
    times = [int(time) / 1e9 for stream in found for time, _ in cast("list[list[str]]", stream["values"])]
    assert (min(times), max(times)) == (1000, 1087)
    levels = {cast("dict[str, str]", stream["stream"])["level"] for stream in found}
    assert levels == {"info", "warn", "error"}
