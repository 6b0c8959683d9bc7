"""What dashboards show can go away or get another name: it is told which panels would stay empty."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import pytest

from checks import dashboard_metrics
from checks.dashboard_lint import Library, dashboard_findings
from checks.dashboard_metrics import provided
from model.documents import each, mapping, read, to_yaml
from model.environment import Environment
from tests.components.environments import environment
from tests.dashboards.cached import ROOT, boards, prometheus


@dataclass
class World:
    """All that has a say in which series there are."""

    environment: Environment
    prometheus: dict[str, object]
    programs: dict[str, object]
    """What the parts say of themselves, as ``checks/dashboard_metrics.yaml`` lists it."""


def world() -> World:
    """Production, to be changed."""
    programs = read(ROOT, dashboard_metrics.FILE).content
    return World(environment=environment("prod"), prometheus=deepcopy(prometheus("prod")), programs=programs)


def said(changed: World, tmp_path: Path) -> list[str]:
    """The findings on dashboards that did not change with it."""
    (tmp_path / "checks").mkdir()
    (tmp_path / dashboard_metrics.FILE).write_text(to_yaml(changed.programs))
    metrics = provided(changed.environment, tmp_path, changed.prometheus)
    return [str(finding) for finding in dashboard_findings(Library(boards=boards("prod"), metrics=metrics))]


def scrape_job(given: World, name: str) -> dict[str, object]:
    """How Prometheus scrapes one job."""
    [job] = [mapping(job) for _, job in each(given.prometheus, "scrape_configs", "*") if mapping(job)["job_name"] == name]
    return job


def dropping(regex: str) -> Callable[[World], None]:
    """Prometheus keeps less of node-exporter."""
    rule = {"source_labels": ["__name__"], "regex": regex, "action": "drop"}
    return lambda given: scrape_job(given, "node-exporter").update(metric_relabel_configs=[rule])


def without_job(name: str) -> Callable[[World], None]:
    """Prometheus does not scrape a component any more."""
    return lambda given: cast("list[object]", given.prometheus["scrape_configs"]).remove(scrape_job(given, name))


def in_rules(old: str, new: str) -> Callable[[World], None]:
    """The rules are written otherwise."""

    def change(given: World) -> None:
        files = {name: text.replace(old, new) for name, text in given.environment.rule_files.items()}
        assert files != given.environment.rule_files
        given.environment = replace(given.environment, rule_files=files)

    return change


def without_metric(job: str, name: str) -> Callable[[World], object]:
    """A component has a metric no more."""
    return lambda given: mapping(given.programs[job]).pop(name)


def with_label(job: str, name: str, label: str) -> Callable[[World], None]:
    """A component calls the label of a metric otherwise."""
    return lambda given: mapping(given.programs[job]).update({name: [label]})


def without_service(given: World) -> None:
    """A service declares no metrics of its own any more."""
    [catalogue] = given.environment.catalogues
    bare = catalogue.services["blueprint"].model_copy(update={"metrics": {}})
    services = {**catalogue.services, "blueprint": bare}
    given.environment = replace(given.environment, catalogues=(catalogue.model_copy(update={"services": services}),))


NOBODY = "which nobody provides"
CHANGES: dict[str, tuple[Callable[[World], object], str]] = {
    "a component has a metric no more": (
        without_metric("redis", "redis_connected_clients"),
        f"redis.json: panel 'Clients' query 'A': asks for metric 'redis_connected_clients', {NOBODY}",
    ),
    "Prometheus drops a metric": (
        dropping("node_load.*"),
        f"nodes.json: panel 'Load for each processor' query 'A': asks for metric 'node_load1', {NOBODY}",
    ),
    "Prometheus does not scrape a component": (
        without_job("loki"),
        f"platform.json: panel 'Streams' query 'A': asks for metric 'loki_ingester_memory_streams', {NOBODY}",
    ),
    "a service counts something no more": (
        without_service,
        f"dharma-business.json: panel 'Blueprints that users saved for the first time per second' query 'A': "
        f"asks for metric 'blueprints_created_total', {NOBODY}",
    ),
    "a rule records under another name": (
        in_rules("service:http_requests:rate5m", "service:requests:rate5m"),
        f"overview.json: panel 'Request rate' query 'A': asks for metric 'service:http_requests:rate5m', {NOBODY}",
    ),
    "a component calls a label otherwise": (
        with_label("alertmanager", "alertmanager_alerts", "status"),
        "alerts.json: panel 'Alerts in Alertmanager' query 'A': sums by label 'state', which none of its metrics has",
    ),
    "a component calls a label otherwise that is matched": (
        with_label("cadvisor", "container_memory_working_set_bytes", "container_name"),
        "service.json: panel 'Memory' query 'A': matches label 'container', which container_memory_working_set_bytes does not have",
    ),
}


def test_as_it_is_nothing_is_missing(tmp_path: Path) -> None:
    assert said(world(), tmp_path) == []


@pytest.mark.parametrize(("change", "expected"), CHANGES.values(), ids=CHANGES)
def test_a_panel_that_would_stay_empty_is_named(change: Callable[[World], object], expected: str, tmp_path: Path) -> None:
    changed = world()
    change(changed)
    found = said(changed, tmp_path)
    assert any(line.startswith(expected) for line in found), found
