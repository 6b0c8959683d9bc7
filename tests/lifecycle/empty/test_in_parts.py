"""dev deployed in two goes, as a first `make up` does it: without logs and traces while their programs are built, then whole."""

from collections.abc import Iterator

import pytest

from sandbox.engine import Engine, Target
from sandbox.up import LATER

pytestmark = [pytest.mark.cluster, pytest.mark.nightly]


@pytest.fixture
def engine(simulated: Target) -> Iterator[Engine]:
    """dev, of which nothing is deployed yet."""
    made = Engine(simulated, "dev", say=print)
    yield made
    made.destroy()


def workloads(engine: Engine) -> set[str]:
    """Names of what runs pods, as the state knows it."""
    return {each.name for each in engine.deployed() if each.kind in ("Deployment", "StatefulSet", "DaemonSet")}


def test_the_rest_follows_and_changes_nothing_that_is_there(engine: Engine) -> None:
    first = engine.up(without=LATER)
    pages = workloads(engine)
    assert {"prometheus", "alertmanager", "grafana", "node-exporter", "kube-state-metrics"} <= pages
    then = engine.up()
    assert (then.keys(), then["same"]) == ({"create", "same"}, first["create"])
    assert workloads(engine) - pages == {
        "loki",
        "loki-canary",
        "promtail",
        "elasticsearch",
        "jaeger-query",
        "jaeger-collector",
        "collector",
    }
    whole = workloads(engine)
    assert engine.up(without=LATER).keys() == {"same"}
    assert workloads(engine) == whole, "what is left out is left as it is, not deleted"
