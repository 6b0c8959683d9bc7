"""The storage goes for a minute and the collector is killed three times: what it said yes to is found afterwards, and people are told.

`test_alerting.py` has one kill in an outage, for each change.
"""

from collections.abc import Iterator

import pytest

from sandbox import serving
from sandbox.kube import Kube
from tests.conftest import Platform
from tests.e2e.outage import Outage
from tests.e2e.tracing import series
from tests.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.nightly]

KILLS = 3


@pytest.fixture
def outage(platform: Platform) -> Iterator[Outage]:
    outage = Outage(platform.kube)
    try:
        yield outage
    finally:
        outage.heal()
        serving.wait(platform.kube, timeout_seconds=240, say=print)


def fired(kube: Kube, alert: str) -> bool:
    return bool(series(kube, f'max_over_time(ALERTS{{alertname="{alert}",alertstate="firing"}}[10m])'))


def test_acknowledged_spans_survive_an_outage_and_three_kills(platform: Platform, outage: Outage) -> None:
    outage.begin(kills=KILLS)
    until(lambda: fired(platform.kube, "CollectorExportStalled"), seconds=240, what="CollectorExportStalled fires")
    outage.end()
    assert outage.sender.refused, "three kills without one refusal: nobody was killed"
    until(lambda: not outage.lost(), seconds=300, what="all spans that were taken are found")
