"""``python -m checks capture``: writes down what a running Prometheus scrapes, so that rules can be judged where there is none."""

import json
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import cast

from checks.metrics import FOLDER

STAND_IN = "sandbox_placeholder"
"""The metric of what stands in for a program in the sandbox: it says nothing of the program."""

Ask = Callable[[str, Mapping[str, str]], object]
"""Asks the API of a Prometheus: path and query to what is in ``data``."""

_IMAGES = {
    "collector": "opentelemetry-collector",
    "jaeger-collector": "jaeger",
    "jaeger-query": "jaeger",
    "postgresql": "postgres-exporter",
    "redis": "redis-exporter",
    "span-metrics": "opentelemetry-collector",
}
"""The images of jobs that are called otherwise."""


def asking(url: str) -> Ask:
    """Asks the Prometheus at ``url``."""

    def ask(path: str, query: Mapping[str, str]) -> object:
        with urllib.request.urlopen(f"{url}/{path}?{urllib.parse.urlencode(query)}", timeout=60) as answer:  # noqa: S310 (given by a person)
            return json.loads(answer.read())["data"]

    return ask


def capture(ask: Ask, images: Mapping[str, str], folder: Path = FOLDER) -> list[str]:
    """Writes one file for each job of the platform, with the image that was scraped; services declare theirs in catalogues.

    A metric that is in the file already stays, with its labels: not all are there at any time. Returns the jobs.
    """
    written: list[str] = []
    for job in cast("list[str]", ask("api/v1/label/job/values", {})):
        if "/" in job:
            continue
        series = cast("list[dict[str, str]]", ask("api/v1/series", {"match[]": f'{{job="{job}"}}'}))
        names = {one["__name__"] for one in series if _is_own(one)}
        if not names or STAND_IN in names:
            continue
        image = images.get(_IMAGES.get(job, job)) or _version(series)
        path = folder / f"{job}.json"
        path.write_text(_file(job, image, _earlier(path), _kinds(ask, job), series))
        written.append(job)
    return written


def _earlier(path: Path) -> dict[str, list[str]]:
    """What the file of a job has already: type and labels of each metric."""
    metrics = cast("dict[str, str]", json.loads(path.read_text())["metrics"]) if path.exists() else dict[str, str]()
    return {name: text.split() for name, text in metrics.items()}


def _file(job: str, image: str, earlier: Mapping[str, list[str]], kinds: Mapping[str, str], series: Iterable[Mapping[str, str]]) -> str:
    """The text of a job's file: a line for each metric, with its type and the labels that not all metrics of the job have."""
    labels: dict[str, set[str]] = {}
    for one in series:
        if _is_own(one):
            labels.setdefault(one["__name__"], set()).update(set(one) - {"__name__"})
    of_target = set[str].intersection(*labels.values()) if labels else set[str]()
    metrics: dict[str, str] = {}
    for name in sorted({*labels, *earlier}):
        kind, *before = earlier.get(name, ["unknown"])
        metrics[name] = " ".join([_kind(name, kinds) or kind, *sorted({*before, *labels.get(name, ())} - of_target)])
    return json.dumps({"job": job, "image": image, "target": sorted(of_target), "metrics": metrics}, indent=1) + "\n"


def _is_own(series: Mapping[str, str]) -> bool:
    """Whether a series is the target's own, and not what Prometheus says of scraping it."""
    return series["__name__"] not in ("up", "ALERTS", "ALERTS_FOR_STATE") and not series["__name__"].startswith("scrape_")


def _version(series: Iterable[Mapping[str, str]]) -> str:
    """What a part of the cluster says of its own version, which is not pinned by us."""
    infos = [one for one in series if one["__name__"].endswith(("_build_info", "_version_info"))]
    said = (one.get("git_version") or one.get("version") or one.get("kernelVersion") for one in infos)
    return f"of the cluster, {next((version for version in said if version), 'of unknown version')}"


def _kinds(ask: Ask, job: str) -> dict[str, str]:
    answer = cast("list[dict[str, str]]", ask("api/v1/targets/metadata", {"match_target": f'{{job="{job}"}}'}))
    return {entry["metric"]: entry["type"] for entry in answer}


def _kind(name: str, kinds: Mapping[str, str]) -> str | None:
    """A metric's type; that of a family is said once for all its series, in OpenMetrics also for those that end in ``_total``."""
    for suffix in ("_bucket", "_count", "_sum", "_total"):
        if name not in kinds and kinds.get(name.removesuffix(suffix)) in ("histogram", "summary", "counter"):
            return "counter"
    return kinds.get(name)
