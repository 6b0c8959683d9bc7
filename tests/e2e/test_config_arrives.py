"""What people edit reaches the process that it is for in the time that is promised, and nothing else restarts; so do changed secrets.

The platform is left as it is then: `conftest.py` has these tests come last.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from math import nan
from typing import Any, cast

import pytest

from model.namespaces import AGENTS_NAMESPACE, NAMESPACE, PLATFORM_NAMESPACES
from sandbox import target
from sandbox.demo.datastores import PASSWORD
from sandbox.drift_report import Report
from sandbox.kube import Kube
from tests.conftest import Platform
from tests.e2e import projects
from tests.e2e.arriving import ARRIVES_SECONDS
from tests.e2e.leaking import ENVIRONMENT, OF_RUNNING_PROGRAMS, Trail, canary, contents, leaks
from tests.e2e.projects import ProjectEngine
from tests.e2e.tracing import Storage, address, request, series, trace, traces
from tests.waiting import until

pytestmark = pytest.mark.cluster

HEARTBEAT_SECONDS = ARRIVES_SECONDS + 60
"""How soon a changed address of the heartbeat is used, which is sent once a minute."""

STACK, CATALOGUE, PIPELINE, ROUTING = (
    "Pulumi.dev.yaml",
    "configs/catalogues/dharma.yaml",
    "configs/pipelines/containers.yaml",
    "configs/routing.yaml",
)


@dataclass(frozen=True, kw_only=True)
class Change:
    """An edit, and whether the program that it is for says that it runs with it."""

    file: str
    old: str
    new: str
    says: Callable[[Kube], object]


def prometheus(kube: Kube) -> bool:
    """Its own account of its configuration."""
    return "scrape_interval: 14s" in str(kube.service(NAMESPACE, "prometheus", "http", "api/v1/status/config")["data"]["yaml"])


def rules(kube: Kube) -> bool:
    """The series that alerts are compared with."""
    found = series(kube, 'threshold:latency_p95:seconds{service="blueprint"}')
    return [float(one["value"][1]) for one in found] == [1.0]


def alertmanager(kube: Kube) -> bool:
    """Its own account of its configuration."""
    return "group_wait: 31s" in str(kube.service(NAMESPACE, "alertmanager", "http", "api/v2/status")["config"]["original"])


def loki(kube: Kube) -> bool:
    """Its own account of its configuration."""
    return "max_size_mb: 65" in kube.text(f"/api/v1/namespaces/{NAMESPACE}/services/loki:http/proxy/config")


def promtail(kube: Kube) -> bool:
    """Its own account of its configuration."""
    return "max_wait_time: 2s" in kube.text(f"/api/v1/namespaces/{AGENTS_NAMESPACE}/services/promtail:metrics/proxy/config")


def jaeger(kube: Kube) -> bool:
    """What it tells a service that asks."""
    told = kube.service(NAMESPACE, "jaeger-collector", "sampling", "api/sampling", {"service": "blueprint"})
    return told["probabilisticSampling"]["samplingRate"] == pytest.approx(0.6)


CHANGES: Mapping[str, Change] = {
    "prometheus": Change(
        file=STACK,
        old="  observability:prometheus:\n",
        new="  observability:prometheus:\n    scrapeInterval: 14s\n",
        says=prometheus,
    ),
    "rules": Change(
        file=CATALOGUE,
        old="port: 3001\n    slo: {availability: 99.9%, latencyP95: 500ms",
        new="port: 3001\n    slo: {availability: 99.9%, latencyP95: 1s",
        says=rules,
    ),
    "loki": Change(file=STACK, old="resultCache: 64Mi", new="resultCache: 65Mi", says=loki),
    "promtail": Change(file=PIPELINE, old="maxWait: 1s", new="maxWait: 2s", says=promtail),
    "jaeger": Change(file=CATALOGUE, old="sampling: 50%", new="sampling: 60%", says=jaeger),
}
"""Edits of one deployment, by whom they are for."""

ROUTE = Change(file=ROUTING, old="warning: {groupWait: 30s", new="warning: {groupWait: 31s", says=alertmanager)
"""That of the next one: it restarts Alertmanager, which is to take a secret without that before."""

ROTATED = ("dharmaRedisPassword", "elasticsearchPassword", "heartbeatUrl")
"""The secrets that are changed with them."""

RESTARTED = (
    "collector-0",
    "dharma-redis-exporter-",
    "elasticsearch-0",
    "grafana-",
    "jaeger-collector-",
    "jaeger-query-",
    "loki-0",
    "promtail-",
)
"""The pods of what cannot read again what was changed: Grafana's datasources name the interval of scraping."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """The platform after a deployment of a changed project."""

    engine: ProjectEngine
    kube: Kube
    ended: float
    """When the deployment was over."""

    before: Mapping[str, str]
    """The pods that there were, with their identities."""


@pytest.fixture(scope="module")
def changed(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """All edits but that of a route, one in a program's own code, and two secrets, deployed at once."""
    engine = ProjectEngine(target.sandbox(platform.instance), ENVIRONMENT, print, projects.copy(tmp_path_factory.mktemp("project")))
    for change in CHANGES.values():
        projects.edit(engine.project, change.file, change.old, change.new)
    config: dict[str, dict[str, Any]] = json.loads(engine.pulumi("config", "--show-secrets", "--json"))
    heartbeat = str(config["observability:heartbeatUrl"]["value"])
    elsewhere = f"{heartbeat.replace('/heartbeat', '/alerts')}?{canary('heartbeatUrl')}"
    engine.set_secrets({**{key: canary(key) for key in ROTATED}, "heartbeatUrl": elsewhere})
    before = pods(platform.kube)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("components.collector_config.BATCH_BYTES", 1_900_000)
        engine.up()
        yield Deployment(engine=engine, kube=platform.kube, ended=time.monotonic(), before=before)


@pytest.mark.parametrize("name", CHANGES)
def test_a_config_edit_reaches_the_running_process(changed: Deployment, name: str) -> None:
    arrives(name, changed, CHANGES[name].says)


def test_what_cannot_read_its_configuration_again_is_restarted_and_nothing_else(changed: Deployment) -> None:
    after = pods(changed.kube)
    new = {name for name, identity in after.items() if changed.before.get(name) != identity}
    assert {prefix for prefix in RESTARTED if any(name.startswith(prefix) for name in new)} == {*RESTARTED}
    assert {name for name in new if not name.startswith(RESTARTED)} == set()


def test_the_collector_runs_with_the_checksum_of_what_was_deployed(changed: Deployment) -> None:
    """It tells nobody with what it runs."""
    template = changed.kube.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/statefulsets/collector")["spec"]["template"]
    pod = changed.kube.get(f"/api/v1/namespaces/{NAMESPACE}/pods/collector-0")
    config = changed.kube.get(f"/api/v1/namespaces/{NAMESPACE}/configmaps/collector-config")["data"]["collector.yaml"]
    assert "max_size: 1900000" in config
    assert pod["metadata"]["annotations"].items() >= template["metadata"]["annotations"].items()
    assert {one["type"]: one["status"] for one in pod["status"]["conditions"]}["Ready"] == "True"


def test_a_changed_password_restarts_the_exporter_which_logs_in_with_it(changed: Deployment) -> None:
    """While Redis does not know the new one, the exporter is refused: so it is not the old one with which it is let in then."""
    until(lambda: exported(changed.kube, "redis_up") == 0, what="the exporter uses the new password")
    redis(changed.kube, f"ACL SETUSER default >{canary('dharmaRedisPassword')}")
    until(lambda: exported(changed.kube, "redis_up") == 1, what="Redis lets the exporter in")


def test_a_changed_password_of_the_storage_is_what_it_asks_for_and_what_its_clients_have(changed: Deployment) -> None:
    """Jaeger, the collector, which asks for the state of the storage, and the storage itself were restarted."""
    storage = Storage(kube=changed.kube)
    assert storage.password == canary("elasticsearchPassword")
    assert storage.call("GET", "/")
    arrives("jaeger-query", changed, lambda kube: traces(kube, {"service": "api-gateway", "limit": "1"}))
    metrics = f"/api/v1/namespaces/{NAMESPACE}/services/collector:storage-metrics/proxy/metrics"
    until(lambda: "elasticsearch_" in changed.kube.text(metrics), what="the collector is let in")


def test_a_changed_address_is_used_without_a_restart(changed: Deployment) -> None:
    """The heartbeat goes where alerts go now."""

    def arrived() -> bool:
        received = cast("list[dict[str, Any]]", changed.kube.service("dharma-demo", "alert-receiver", "8080", "alerts"))
        return any(one["notification"]["receiver"] == "heartbeat" for one in received)

    arrives("heartbeat", changed, lambda _: arrived(), seconds=HEARTBEAT_SECONDS)
    assert pods(changed.kube)["alertmanager-0"] == changed.before["alertmanager-0"]


def test_nobody_says_the_new_secrets(changed: Deployment) -> None:
    """Not even who was refused with one."""
    secrets = {key: canary(key) for key in ROTATED}
    trail = Trail(engine=changed.engine, kube=changed.kube, canaries=secrets, said={}, report=Report())
    assert leaks(trail, contents(trail, OF_RUNNING_PROGRAMS)) == []


@pytest.fixture(scope="module")
def changed_again(changed: Deployment) -> Deployment:
    """A route besides, and the storage has a third password. Those who use it come last in this module."""
    projects.edit(changed.engine.project, ROUTE.file, ROUTE.old, ROUTE.new)
    changed.engine.set_secrets({"elasticsearchPassword": canary("elasticsearchPasswordAgain")})
    changed.engine.up()
    return replace(changed, ended=time.monotonic())


def test_a_changed_route_reaches_alertmanager(changed_again: Deployment) -> None:
    arrives("alertmanager", changed_again, ROUTE.says)


def test_a_password_of_the_storage_that_is_changed_again_is_used_too(changed_again: Deployment) -> None:
    """Jaeger by itself would use the second one for good, when the storage does not answer at the moment at which it reads the third."""
    kube = changed_again.kube
    kept = until(lambda: sampled(kube), what="a request begins a trace that is kept")
    arrives("jaeger-collector", changed_again, lambda kube: trace(kube, kept))


def sampled(kube: Kube) -> str | None:
    """A request: the id of its trace when that is kept."""
    identity, kept = request(kube, "/api/v1/blueprints")
    return identity if kept else None


def arrives(name: str, deployment: Deployment, says: Callable[[Kube], object], *, seconds: float = ARRIVES_SECONDS) -> None:
    """Wait until a program says that it runs with what was deployed, and tell how long that took."""
    left = seconds - (time.monotonic() - deployment.ended)
    until(lambda: says(deployment.kube), seconds=max(left, 1), what=f"{name} runs with what was deployed")
    print(f"{name}: at most {time.monotonic() - deployment.ended:.0f} s after the deployment")


def pods(kube: Kube) -> dict[str, str]:
    """The identity of each pod of the platform by its name, but for those of jobs."""
    found = [pod["metadata"] for space in PLATFORM_NAMESPACES for pod in kube.list(f"/api/v1/namespaces/{space}/pods")]
    return {one["name"]: one["uid"] for one in found if not any(owner["kind"] == "Job" for owner in one.get("ownerReferences", []))}


def exported(kube: Kube, metric: str) -> float:
    """What the exporter of Redis says now; no number when it says nothing."""
    lines = kube.text(f"/api/v1/namespaces/{NAMESPACE}/services/dharma-redis-exporter:metrics/proxy/metrics").splitlines()
    return next((float(line.split()[1]) for line in lines if line.startswith(f"{metric} ")), nan)


def redis(kube: Kube, command: str) -> None:
    """Tell Redis something; raises AssertionError when it does not do it."""
    with socket.create_connection((address(kube, "dharma", "redis"), 6379), timeout=10) as connection:
        answers = connection.makefile("r")
        for line in (f"AUTH {PASSWORD}", command):
            connection.sendall(f"{line}\r\n".encode())
            assert answers.readline().startswith("+OK")
