"""What was captured is read back as it was; what is there by day and not by night stays; and it is of the versions that are deployed."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from checks.__main__ import ROOT
from checks.capture import STAND_IN, capture
from checks.metrics import FOLDER, Metric, known_metrics
from components.platform import documents
from model.documents import each, parse
from model.environment import load

TARGET = {"job": "redis", "instance": "a:9121", "namespace": "shop"}
SERIES: list[dict[str, str]] = [
    {"__name__": "up", **TARGET},
    {"__name__": "scrape_duration_seconds", **TARGET},
    {"__name__": "redis_up", **TARGET},
    {"__name__": "redis_commands_total", **TARGET, "cmd": "get"},
    {"__name__": "redis_latency_seconds_bucket", **TARGET, "le": "1.0"},
]
KINDS = {"redis_up": "gauge", "redis_commands": "counter", "redis_latency_seconds": "histogram"}
"""As OpenMetrics says it: a family is called without what its series end with."""


PINNED = {"redis-exporter": "example/redis_exporter:v1"}


def captured(folder: Path, series: list[dict[str, str]], images: Mapping[str, str] = PINNED) -> list[str]:
    answers: Mapping[str, object] = {
        "api/v1/label/job/values": ["redis", "shop/checkout", "nothing"],
        "api/v1/targets/metadata": [{"metric": name, "type": kind} for name, kind in KINDS.items()],
    }

    def ask(path: str, query: Mapping[str, str]) -> object:
        return answers.get(path, series if query.get("match[]") == '{job="redis"}' else [])

    return capture(ask, images, folder)


def known(folder: Path) -> dict[str, Metric]:
    (folder / "seldom.yaml").write_text("redis:\n  redis_cluster_slots: gauge slot\n")
    return known_metrics((), folder)


def test_what_was_captured_is_read_back(tmp_path: Path) -> None:
    assert captured(tmp_path, SERIES) == ["redis"]
    of_target, jobs = frozenset(TARGET), frozenset({"redis"})
    assert known(tmp_path) == {
        "redis_up": Metric(type="gauge", labels=of_target, jobs=jobs),
        "redis_commands_total": Metric(type="counter", labels=of_target | {"cmd"}, jobs=jobs),
        "redis_latency_seconds_bucket": Metric(type="counter", labels=of_target | {"le"}, jobs=jobs),
        "redis_cluster_slots": Metric(type="gauge", labels=of_target | {"slot"}, jobs=jobs),
    }
    assert json.loads((tmp_path / "redis.json").read_text())["image"] == "example/redis_exporter:v1"


def test_what_was_there_before_stays(tmp_path: Path) -> None:
    captured(tmp_path, SERIES)
    captured(tmp_path, [*SERIES[:3], {"__name__": "redis_errors_total", **TARGET, "err": "OOM"}])
    assert {"redis_commands_total", "redis_errors_total"} <= set(known(tmp_path))


def test_a_stand_in_says_nothing_of_the_program(tmp_path: Path) -> None:
    assert captured(tmp_path, [*SERIES, {"__name__": STAND_IN, **TARGET}]) == []


def test_what_is_not_pinned_by_us_says_its_own_version(tmp_path: Path) -> None:
    captured(tmp_path, [{"__name__": "kubernetes_build_info", "job": "redis", "git_version": "v1.34.4"}], images={})
    assert json.loads((tmp_path / "redis.json").read_text())["image"] == "of the cluster, v1.34.4"


CAPTURED = sorted(path.name for path in FOLDER.glob("*.json"))


@pytest.mark.parametrize("name", CAPTURED)
def test_what_was_captured_is_of_the_version_that_is_deployed(name: str) -> None:
    image = str(json.loads((FOLDER / name).read_text())["image"])
    deployed = image.startswith("of the cluster, ") or image in load(ROOT, "dev").images.values()
    assert deployed, f"{image} is not deployed any more: `make up`, then `python -m checks capture --env dev --url <its Prometheus>`"


@pytest.mark.parametrize("env", ["dev", "staging", "prod"])
def test_all_jobs_of_the_platform_were_captured(env: str) -> None:
    content = parse(documents(load(ROOT, env))["prometheus/prometheus.yml"], env).content
    jobs = {str(name) for _, name in each(content, "scrape_configs", "*", "job_name")}
    captured = {name.removesuffix(".json") for name in CAPTURED}
    # Those of services are in their catalogues; Grafana is a stand-in in the sandbox, and no rule asks it.
    assert {job for job in jobs if "/" not in job} - captured == {"grafana"}
