"""Which metrics there are: what real programs brought when they were scraped, and what catalogues say of their services.

``checks/captured/<job>.json`` was captured from the sandbox (``python -m checks capture``), each with the image that was scraped;
``checks/captured/seldom.yaml`` names what a good day of the sandbox does not show.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from model.catalogue import Catalogue, Service
from model.documents import mapping, read

FOLDER = Path(__file__).parent / "captured"

SERVICE_LABELS = ("system", "service", "namespace", "team", "tier", "pod", "instance", "job")
"""What Prometheus adds to the series of a catalogue's service."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric as rules find it."""

    type: str
    """``counter``, ``gauge``, ``histogram``, ``summary`` or ``unknown``."""

    labels: frozenset[str]
    """All labels that its series have, those of the target included."""

    jobs: frozenset[str]
    """The jobs that bring it; none where a catalogue declares it, whose jobs are called after system and service."""


Metrics = Mapping[str, Metric]


def known_metrics(catalogues: Iterable[Catalogue], folder: Path = FOLDER) -> dict[str, Metric]:
    """All metrics of the captured programs and of the services of some catalogues."""
    found: dict[str, Metric] = {}
    targets: dict[str, frozenset[str]] = {}
    for path in sorted(folder.glob("*.json")):
        content = json.loads(path.read_text())
        targets[content["job"]] = frozenset(content["target"])
        for name, text in content["metrics"].items():
            _add(found, name, _read(content["job"], targets, text))
    for job, seldom in read(folder, "seldom.yaml").content.items():
        for name, text in mapping(seldom).items():
            _add(found, name, _read(job, targets, str(text)))
    for catalogue in catalogues:
        for service in catalogue.services.values():
            for name, metric in _declared(service):
                _add(found, name, metric)
    return found


def _read(job: str, targets: Mapping[str, frozenset[str]], text: str) -> Metric:
    """A metric of a job, from its type and its labels in one line."""
    kind, *labels = text.split()
    return Metric(type=kind, labels=targets.get(job, frozenset[str]()) | frozenset(labels), jobs=frozenset([job]))


def _add(found: dict[str, Metric], name: str, metric: Metric) -> None:
    other = found.get(name)
    if other:
        metric = Metric(type=metric.type, labels=metric.labels | other.labels, jobs=metric.jobs | other.jobs)
    found[name] = metric


def _declared(service: Service) -> Iterable[tuple[str, Metric]]:
    signals = service.signals
    http = ("method", "endpoint", "status")
    yield from _series(signals.requests, "counter", http)
    yield from _series(signals.errors.partition("{")[0], "counter", http)
    yield from _series(signals.latency, "histogram", ("method", "endpoint"))
    yield from _series("http_requests_in_progress", "gauge", ())
    yield from _series("process_resident_memory_bytes", "gauge", ())
    for name, metric in service.metrics.items():
        yield from _series(name, metric.type, metric.labels)


def _series(name: str, kind: str, labels: tuple[str, ...]) -> Iterable[tuple[str, Metric]]:
    every = frozenset((*labels, *SERVICE_LABELS))
    yield name, Metric(type=kind, labels=every, jobs=frozenset())
    for suffix in ("_bucket", "_count", "_sum") if kind == "histogram" else ():
        with_bound = every | {"le"} if suffix == "_bucket" else every
        yield f"{name}{suffix}", Metric(type="counter", labels=with_bound, jobs=frozenset())
