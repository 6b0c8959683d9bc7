"""The storage goes for a minute and the collector is killed meanwhile: what it said yes to is found afterwards, and people are told."""

import threading
import time

import pytest

from sandbox import serving
from sandbox.kube import Kube
from tests.conftest import Platform
from tests.e2e.test_platform import scale
from tests.e2e.tracing import SPACE, Sender, Storage, address, series
from tests.waiting import until

pytestmark = pytest.mark.cluster

OUTAGE_SECONDS = 60
KILLS = 3


def kill_collector(kube: Kube) -> None:
    """Ends the collector as a node that fails does, and waits for the next one."""
    path = f"{SPACE}/pods/collector-0"
    before = kube.get(path)["metadata"]["uid"]
    kube.call("DELETE", path, query={"gracePeriodSeconds": "0"})
    until(lambda: replaced(kube, before), seconds=60, what="there is another collector")


def replaced(kube: Kube, before: object) -> bool:
    pod = kube.get(f"{SPACE}/pods/collector-0")
    ready = {each["type"]: each["status"] for each in pod["status"].get("conditions", [])}.get("Ready")
    return pod["metadata"]["uid"] != before and ready == "True"


def fired(kube: Kube, alert: str) -> bool:
    return bool(series(kube, f'max_over_time(ALERTS{{alertname="{alert}",alertstate="firing"}}[10m])'))


def test_acknowledged_spans_survive_an_outage_and_three_kills(platform: Platform) -> None:
    kube, storage = platform.kube, Storage(kube=platform.kube)
    sender = Sender(host=address(kube, "observability", "collector"))
    done = threading.Event()

    def load() -> None:
        while not done.wait(0.1):
            sender.send(5)

    worker = threading.Thread(target=load)
    worker.start()
    try:
        until(lambda: len(sender.taken) >= 50, what="spans are taken")
        scale(kube, "observability", "elasticsearch", 0, kind="statefulsets")
        begin = time.monotonic()
        for _ in range(KILLS):
            kill_collector(kube)
        until(lambda: time.monotonic() - begin >= OUTAGE_SECONDS, seconds=OUTAGE_SECONDS + 1, what="the outage is over")
        until(lambda: fired(kube, "CollectorExportStalled"), seconds=180, what="CollectorExportStalled fires")
    finally:
        scale(kube, "observability", "elasticsearch", 1, kind="statefulsets")
        done.set()
        worker.join()
    print(f"{len(sender.taken)} spans taken, {len(sender.refused)} refused")
    assert sender.refused, "three kills without one refusal: nobody was killed"
    serving.wait(kube, timeout_seconds=240, say=print)
    until(lambda: sender.taken <= stored(storage, sender.service), seconds=300, what="all spans that were taken are found")


def stored(storage: Storage, service: str) -> set[str]:
    """The ids of spans that are there; none while the storage is not."""
    try:
        return storage.spans_of(service)
    except OSError:
        return set()


def test_a_collector_that_says_yes_too_early_would_be_noticed(platform: Platform) -> None:
    """The twin: spans that nobody took are not found, so the test above does not find whatever it looks for."""
    storage = Storage(kube=platform.kube)
    sender = Sender(host="127.0.0.1")
    sender.send(3)
    assert len(sender.refused) == 3
    assert storage.spans_of(sender.service) == set()
