"""Dashboards of a system's own: which rows each has, as ``configs/dashboards`` says it."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import Field

from model.base import Model
from model.catalogue import Catalogue, Metric, MetricName
from model.documents import Document, each, read
from model.errors import Finding, InvalidConfiguration, Problems, nearest
from model.quantities import Name
from model.validation import validate

DIRECTORY = "configs/dashboards"
LONGEST_UID = 40
"""Grafana refuses a longer identity of a dashboard."""

Shared = Literal["answers", "requests", "promises", "resources", "nodes", "datastores", "database", "logs", "alerts"]
"""Rows that are the same for every system; ``dashboards.system`` makes them."""


_REQUESTS = Metric(type="counter", description="Requests")
_ERRORS = Metric(type="counter", description="Errors")
_DURATION = Metric(type="histogram", description="Duration of requests")


class MetricsRow(Model):
    """A row of panels made from metrics that the catalogue declares: a counter as a rate, a histogram as percentiles."""

    title: str
    metrics: tuple[MetricName, ...] = Field(min_length=1)


class Page(Model):
    """One dashboard, called ``<system>-<its key>``."""

    title: str
    description: str
    rows: tuple[Shared | MetricsRow, ...] = Field(min_length=1)
    """What is on it, from top to bottom."""


class Pages(Model):
    """The dashboards of one system; the file is called after its catalogue."""

    dashboards: dict[Name, Page]


def metrics_of(catalogue: Catalogue) -> dict[str, tuple[str, Metric]]:
    """Every metric that the catalogue's services declare, with the name of the service: their own, and those of their signals."""
    found: dict[str, tuple[str, Metric]] = {}
    for name, service in catalogue.services.items():
        signals = service.signals
        own = {
            signals.requests: _REQUESTS,
            signals.errors.partition("{")[0]: _ERRORS,
            signals.latency: _DURATION,
            **service.metrics,
        }
        found |= {metric: (name, described) for metric, described in own.items()}
    return found


def read_pages(root: Path, catalogues: Iterable[Catalogue]) -> dict[str, Pages]:
    """The dashboards of each of some systems; a system without a file has none of its own.

    Raises InvalidConfiguration with what is wrong in any of the files, also in those of systems that are not among them.
    """
    problems = Problems()
    known = sorted(path.stem for path in (root / "configs/catalogues").glob("*.yaml"))
    for path in sorted((root / DIRECTORY).glob("*.yaml")):
        if path.stem not in known:
            problem, near = f"there is no catalogue '{path.stem}'", nearest(path.stem, known)
            problems.add([Finding(file=f"{DIRECTORY}/{path.name}", problem=problem, allowed=", ".join(known), suggestion=near)])
    found: dict[str, Pages] = {}
    for catalogue in catalogues:
        if catalogue.system not in found:  # two of one name are told elsewhere
            pages = problems.attempt(lambda catalogue=catalogue: _read(root, catalogue, problems))
            found[catalogue.system] = pages or Pages(dashboards={})
    if problems.findings:
        raise InvalidConfiguration(problems.findings)
    return found


def _read(root: Path, catalogue: Catalogue, problems: Problems) -> Pages:
    file = f"{DIRECTORY}/{catalogue.system}.yaml"
    if not (root / file).is_file():
        return Pages(dashboards={})
    document = read(root, file)
    problems.add(check_pages(document, catalogue))
    return validate(Pages, document.content, file=file)


def check_pages(document: Document, catalogue: Catalogue) -> Iterator[Finding]:
    """Metrics that the catalogue does not declare, and names that are too long."""
    known = metrics_of(catalogue)
    for key, metric in each(document.content, "dashboards", "*", "rows", "*", "metrics", "*"):
        if isinstance(metric, str) and metric not in known:
            problem = f"'{metric}' is declared by no service of catalogue '{catalogue.system}'"
            yield Finding(file=document.file, key=key, problem=problem, allowed=", ".join(sorted(known)), suggestion=nearest(metric, known))
    for key, _ in each(document.content, "dashboards", "*"):
        uid = f"{catalogue.system}-{key.partition('.')[2]}"
        if len(uid) > LONGEST_UID:
            problem = f"its identity would be '{uid}', which has {len(uid)} characters"
            yield Finding(file=document.file, key=key, problem=problem, allowed=f"at most {LONGEST_UID}")
