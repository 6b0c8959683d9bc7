"""Which metrics there are, and which labels they have: what the catalogues declare, what the rules record, what exporters say."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from model.documents import each, mapping, parse, read
from model.environment import Environment
from model.pages import metrics_of

FILE = "checks/dashboard_metrics.yaml"

_TARGET = {"job", "instance", "namespace", "pod", "node", "system", "service", "team", "tier", "datastore"}
"""Labels that Prometheus gives to the series of what it scrapes (components/scraping.py)."""

_ALERT = _TARGET | {"alertname", "alertstate", "severity", "category"}
_SCRAPED = dict.fromkeys(("up", "scrape_duration_seconds", "scrape_samples_post_metric_relabeling"), _TARGET)
_GAUGES = frozenset({"promtail_file_bytes_total", "promtail_read_bytes_total"})
"""Gauges that are called like counters by those who made them."""

_USUAL = {
    "http_requests_total": {"method", "endpoint", "status"},
    "http_request_duration_seconds": {"method", "endpoint"},
    "http_requests_in_progress": set[str](),
}
"""What every service has that says nothing else, and its labels."""


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What may be asked for."""

    labels: Mapping[str, set[str]]
    """All labels of each metric."""

    gauges: frozenset[str]
    """Those among them that are no counters, whatever they are called."""

    @property
    def names(self) -> list[str]:
        """All metrics."""
        return sorted(self.labels)

    def knows(self, name: str) -> bool:
        """Whether anybody provides it."""
        return name in self.labels

    def labels_of(self, name: str) -> set[str]:
        """Its labels."""
        return self.labels[name]

    def is_gauge(self, name: str) -> bool:
        """Whether its value says something as it is."""
        return name in self.gauges


def provided(environment: Environment, root: Path, prometheus: Mapping[str, object]) -> Metrics:
    """The metrics of an environment, of which ``prometheus`` is the configuration of the server that scrapes them."""
    found: dict[str, set[str]] = {**_SCRAPED, "ALERTS": _ALERT, "ALERTS_FOR_STATE": _ALERT - {"alertstate"}}
    for _, name, labels in listed(root, prometheus):
        found[name] = _TARGET | labels
    for name, labels in declared(environment):
        found[name] = found.get(name, set()) | _TARGET | labels
    for name, labels in recorded(environment):
        found[name] = found.get(name, set()) | labels
    gauges = _GAUGES | frozenset(
        name for catalogue in environment.catalogues for name, (_, metric) in metrics_of(catalogue).items() if metric.type == "gauge"
    )
    return Metrics(labels=found, gauges=gauges)


def listed(root: Path, prometheus: Mapping[str, object]) -> Iterator[tuple[str, str, set[str]]]:
    """Job, metric and its own labels: those of the list that ``prometheus`` scrapes and keeps."""
    jobs = scraped(prometheus)
    for key, labels in each(read(root, FILE).content, "*", "*"):
        job, _, name = key.partition(".")
        if job in jobs and not any(dropped.fullmatch(name) for dropped in jobs[job]):
            yield job, name, {str(label) for label in cast("list[object]", labels or [])}


def scraped(prometheus: Mapping[str, object]) -> dict[str, list[re.Pattern[str]]]:
    """The ``job`` labels that a ``prometheus.yml`` gives, each with the names of what it drops."""
    found: dict[str, list[re.Pattern[str]]] = {}
    for _, item in each(prometheus, "scrape_configs", "*"):
        job = mapping(item)
        given = [mapping(rule) for _, rule in each(job, "relabel_configs", "*")]
        dropping = [mapping(rule) for _, rule in each(job, "metric_relabel_configs", "*")]
        named = [str(rule["replacement"]) for rule in given if rule.get("target_label") == "job"] or [str(job["job_name"])]
        found.setdefault(named[-1], []).extend(
            re.compile(str(rule["regex"]))
            for rule in dropping
            if rule.get("action") == "drop" and rule.get("source_labels") == ["__name__"]
        )
    return found


def declared(environment: Environment) -> Iterator[tuple[str, set[str]]]:
    """What the catalogues say that their services have."""
    for catalogue in environment.catalogues:
        for name, (_, metric) in metrics_of(catalogue).items():
            labels = set(metric.labels) | _USUAL.get(name, set())
            if metric.type == "histogram":
                yield from ((f"{name}{suffix}", labels | {"le"}) for suffix in ("", "_bucket", "_count", "_sum"))
            else:
                yield name, labels
    yield from ((name, labels) for name, labels in _USUAL.items() if not name.endswith("_seconds"))


def recorded(environment: Environment) -> Iterator[tuple[str, set[str]]]:
    """What the rules record, with every label that they name."""
    for name, text in environment.rule_files.items():
        for _, rule in each(parse(text, name).content, "groups", "*", "rules", "*"):
            fields = mapping(rule)
            if "record" in fields:
                yield str(fields["record"]), {*mapping(fields.get("labels")), *labels_in(str(fields["expr"]))}


def labels_in(expression: str) -> set[str]:
    """The labels that an expression sums by, matches on or makes; of one that only copies others, those of targets."""
    groups = re.findall(r"\b(?:by|on|group_left|group_right)\s*\(([^()]*)\)", expression)
    named = {label.strip() for group in groups for label in group.split(",") if label.strip()}
    named |= set(re.findall(r'label_replace\(.*?,\s*"(\w+)"', expression, re.DOTALL))
    return named | (_TARGET | {"slo"} if re.search(r"\w:\w", expression) or not named else set())
