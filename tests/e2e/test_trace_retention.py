"""Old traces go and none goes too early: the job that the platform deploys, on indices of shifted days."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.kube import Kube
from tests.conftest import Platform
from tests.e2e.tracing import Storage
from tests.waiting import until

pytestmark = pytest.mark.cluster

JOBS = "/apis/batch/v1/namespaces/observability"
KEPT_DAYS = 4


def day(ago: int) -> str:
    return (datetime.now(tz=UTC) - timedelta(days=ago)).strftime("%Y-%m-%d")


def run_now(kube: Kube) -> str:
    """What `kubectl create job --from=cronjob` does; the name of the job."""
    template = kube.get(f"{JOBS}/cronjobs/trace-storage-retention")["spec"]["jobTemplate"]
    name = f"retention-{secrets.token_hex(4)}"
    metadata = {"name": name, "namespace": "observability"}
    kube.call("POST", f"{JOBS}/jobs", body={"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": template["spec"]})
    return name


def test_a_day_is_kept_until_its_last_span_is_72_hours_old_and_gone_before_its_first_is_97(platform: Platform) -> None:
    storage = Storage(kube=platform.kube)
    # On no day is the last span of three days ago 72 hours old, and from midnight on that of four days ago is.
    young = {f"jaeger-{kind}-{day(ago)}" for kind in ("span", "service") for ago in range(1, KEPT_DAYS)}
    old = {f"jaeger-{kind}-{day(ago)}" for kind in ("span", "service") for ago in (KEPT_DAYS, KEPT_DAYS + 1, 30)}
    for index in young | old:
        storage.call("PUT", f"/{index}", {"settings": {"number_of_replicas": 0}})
    others = storage.indices() - young - old
    name = run_now(platform.kube)
    until(lambda: platform.kube.get(f"{JOBS}/jobs/{name}")["status"].get("succeeded"), seconds=60, what="the job has ended well")
    assert storage.indices() == young | others
    for index in young:
        storage.call("DELETE", f"/{index}")
