"""The dashboards of each environment and what they may ask for, made once for all tests; nobody changes what comes from here."""

from functools import cache
from pathlib import Path

from checks.dashboard_metrics import Metrics, provided
from components.platform import documents
from dashboards.library import dashboards
from model.documents import parse
from tests.components.environments import environment

ROOT = Path(__file__).resolve().parents[2]


@cache
def boards(name: str) -> dict[str, str]:
    """The dashboards of an environment, by file."""
    return {f"{board.uid}.json": board.json for board in dashboards(environment(name))}


@cache
def prometheus(name: str) -> dict[str, object]:
    """The configuration of its Prometheus."""
    return parse(documents(environment(name))["prometheus/prometheus.yml"], "prometheus.yml").content


@cache
def metrics(name: str) -> Metrics:
    """What may be asked for in it."""
    return provided(environment(name), ROOT, prometheus(name))
