"""The sandbox that is up, asked through the API server of its cluster."""

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pictures.asking import Source
from sandbox import target
from sandbox.cluster.errors import ClusterError
from sandbox.kube import Kube, KubeError
from sandbox.target import TargetError

SERVICES = {"prometheus": "prometheus", "loki": "loki", "jaeger": "jaeger-query"}
"""The Services of the platform, by what they are."""

SCRAPE = 15
"""Seconds between two scrapes in dev."""


class NoSandboxError(Exception):
    """There is none; the text says why."""


def sandbox() -> Source:
    """What it has now. Raises NoSandboxError."""
    try:
        return source(Kube(target.current().kubeconfig))
    except (ClusterError, TargetError, KubeError) as error:
        raise NoSandboxError(str(error)) from error


def source(kube: Kube) -> Source:
    """What a cluster has now, on which dev is deployed. Raises KubeError."""

    def ask(server: str, path: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        return kube.service("observability", SERVICES[server], "http", path, parameters)

    begun = ask("prometheus", "api/v1/query", {"query": 'min(process_start_time_seconds{job="prometheus"})'})["data"]["result"]
    now = time.time()
    return Source(
        words=f"the sandbox (make up, dev), up since {datetime.fromtimestamp(float(begun[0]['value'][1]), UTC):%H:%M}",
        ask=ask,
        scrape=SCRAPE,
        now=now,
        oldest=float(begun[0]["value"][1]),
    )
