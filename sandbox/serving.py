"""Whether a deployed environment serves: its pods are ready and Prometheus reaches everything that it should."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from model.namespaces import PLATFORM_NAMESPACES
from sandbox.kube import Kube, KubeError, Object

_OPTIONAL = "/pods"
"""Ends the names of the scrape jobs for annotated pods, of which there may be none."""


@dataclass(frozen=True, kw_only=True)
class Address:
    """A Service of the platform and where it answers."""

    name: str
    url: str


class NotServingError(Exception):
    """The platform did not come to serve in time; the text says what is missing."""


def wait(kube: Kube, *, timeout_seconds: float, say: Callable[[str], None]) -> None:
    """Wait until nothing is missing; raise NotServingError with what still is when the time is over."""
    end = time.monotonic() + timeout_seconds
    told: list[str] = []
    while missing := problems(kube):
        if missing != told:
            say(f"waiting: {missing[0]}" + (f" (and {len(missing) - 1} more)" if len(missing) > 1 else ""))
            told = missing
        if time.monotonic() > end:
            raise NotServingError("\n".join(missing))
        time.sleep(1)


def problems(kube: Kube) -> list[str]:
    """What keeps the platform from serving, in words; empty when it serves."""
    try:
        return [*_pods(kube), *_targets(kube)]
    except KubeError as error:
        return [str(error)]


def addresses(kube: Kube) -> list[Address]:
    """Where the platform's Services answer: their cluster addresses, headless ones left out."""
    found: list[Address] = []
    for service in kube.list("/api/v1/namespaces/observability/services"):
        spec = service["spec"]
        if spec["clusterIP"] != "None":
            found.append(Address(name=service["metadata"]["name"], url=f"http://{spec['clusterIP']}:{spec['ports'][0]['port']}"))
    return found


def targets(kube: Kube) -> Counter[tuple[str, str]]:
    """Number of Prometheus' active targets by scrape job and health (``up``, ``down``, ``unknown``)."""
    answer = _prometheus(kube, "api/v1/targets", {"state": "active"})
    return Counter((target["scrapePool"], target["health"]) for target in answer["activeTargets"])


def _prometheus(kube: Kube, path: str, query: Mapping[str, str] | None = None) -> Object:
    return kube.service("observability", "prometheus", "http", path, query)["data"]


def _pods(kube: Kube) -> list[str]:
    missing: list[str] = []
    for namespace in PLATFORM_NAMESPACES:
        for pod in kube.list(f"/api/v1/namespaces/{namespace}/pods"):
            ready = {condition["type"]: condition["status"] for condition in pod["status"].get("conditions", [])}.get("Ready")
            # Of a job that failed, an alert tells.
            passing = any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", []))
            if ready != "True" and not passing:
                missing.append(f"pod {namespace}/{pod['metadata']['name']} is not ready ({pod['status']['phase']})")
    return missing


def _targets(kube: Kube) -> list[str]:
    count = targets(kube)
    jobs = {job for job in _prometheus(kube, "api/v1/scrape_pools")["scrapePools"] if not job.endswith(_OPTIONAL)}
    absent = [f"scrape job {job}: no target" for job in sorted(jobs - {job for job, _ in count})]
    unwell = [f"scrape job {job}: {number} target(s) {health}" for (job, health), number in sorted(count.items()) if health != "up"]
    return absent + unwell
