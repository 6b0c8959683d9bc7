"""Zones: what is there several times is in several of them, and maintenance takes away one at a time."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from checks.record import Recorded
from model.documents import each, mapping
from tests.components.environments import NAMES, environment, resources

TOPOLOGIES = ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]


def several(found: Iterable[Recorded]) -> list[dict[str, object]]:
    """Workloads with more than one replica."""
    kinds = (":Deployment", ":StatefulSet")
    manifests = [one.manifest for one in found if one.type.endswith(kinds)]
    return [one for one in manifests if int(str(mapping(one["spec"]).get("replicas", 1))) > 1]


def together(found: Iterable[Recorded]) -> list[str]:
    """What is wrong with workloads of which the loss of one zone, or one maintenance, could take everything."""
    found = list(found)
    wrong: list[str] = []
    budgets = [mapping(one.manifest["spec"]) for one in found if one.type.endswith(":PodDisruptionBudget")]
    for workload in several(found):
        name, spec = str(mapping(workload["metadata"])["name"]), mapping(workload["spec"])
        constraints = [mapping(one) for _, one in each(spec, "template", "spec", "topologySpreadConstraints", "*")]
        own = [one["topologyKey"] for one in constraints if one["labelSelector"] == spec["selector"] and one["maxSkew"] == 1]
        wrong += [f"{name} is not spread over {topology}" for topology in TOPOLOGIES if topology not in own]
        if [one["maxUnavailable"] for one in budgets if one["selector"] == spec["selector"]] != [1]:
            wrong.append(f"{name} has no budget of its own")
    return wrong


@pytest.mark.parametrize("name", NAMES)
def test_what_is_there_several_times_is_in_several_zones(name: str) -> None:
    assert together(resources(name)) == []


def test_prod_has_all_that_keeps_or_tells_something_several_times() -> None:
    names = {str(mapping(one["metadata"])["name"]) for one in several(resources("prod"))}
    assert names >= {"alertmanager", "collector", "elasticsearch", "grafana", "jaeger-collector", "jaeger-query", "loki", "prometheus"}


def without_zones(one: Recorded) -> Recorded:
    """A workload whose pods go anywhere."""
    spec = mapping(one.manifest["spec"])
    template = mapping(spec["template"])
    bare = {**mapping(template["spec"]), "topologySpreadConstraints": None}
    return replace(one, inputs={**one.manifest, "spec": {**spec, "template": {**template, "spec": bare}}})


def test_what_could_be_lost_with_one_zone_is_seen() -> None:
    found = resources("prod")
    loose = [without_zones(one) if one.name == "loki" and one.type.endswith(":StatefulSet") else one for one in found]
    assert together(loose) == [f"loki is not spread over {topology}" for topology in TOPOLOGIES]
    unbound = [one for one in found if not (one.name == "loki" and one.type.endswith(":PodDisruptionBudget"))]
    assert together(unbound) == ["loki has no budget of its own"]


@pytest.mark.parametrize("name", NAMES)
def test_neither_loki_nor_elasticsearch_has_to_know_zones(name: str) -> None:
    """Each line is on every Loki server, each span on two of at most three nodes: there is no choice left that zones could guide."""
    settings = environment(name).settings
    assert settings.logs
    assert settings.logs.replication_factor == settings.logs.replicas
    assert settings.traces
    assert settings.traces.nodes <= 3
    assert settings.traces.copies == (1 if settings.traces.nodes > 1 else 0)
