"""How the parts fit together."""

from collections.abc import Iterable
from dataclasses import replace
from typing import cast

import pytest

from checks.record import Recorded, record_platform
from components.documents import checksum, under
from components.platform import documents, rbac_args, stores
from components.pods import SECRET_VERSION
from model.documents import each, mapping
from model.environment import Environment
from model.versions import image_version
from tests.components.environments import NAMES, environment, manifest, resources


@pytest.mark.parametrize("name", NAMES)
def test_what_is_rendered_is_what_is_deployed(name: str) -> None:
    config_maps = [resource.manifest for resource in resources(name) if resource.type.endswith(":ConfigMap")]
    deployed = sorted(str(value) for config_map in config_maps for value in mapping(config_map["data"]).values())
    assert deployed == sorted(documents(environment(name)).values())


def with_rules(given: Environment, name: str, text: str) -> Environment:
    return replace(given, rule_files={**given.rule_files, name: text})


def pods(recorded: Iterable[Recorded]) -> dict[str, object]:
    """The pod templates of all workloads by name."""
    found = [resource.manifest for resource in recorded]
    return {
        str(mapping(item["metadata"])["name"]): mapping(item["spec"])["template"]
        for item in found
        if "template" in mapping(item.get("spec"))
    }


def test_a_changed_rule_restarts_nothing() -> None:
    given = environment("prod")
    group = "groups: [{name: extra, interval: 15s, rules: [{record: a:b, expr: vector(1)}]}]"
    for name in ("services.yaml", "extra.yaml"):
        assert pods(record_platform(with_rules(given, name, group))) == pods(resources("prod"))


def test_a_changed_routing_tree_restarts_alertmanager_alone() -> None:
    given = environment("prod")
    teams = {**given.routing.teams, "ai": given.routing.teams["ai"].model_copy(update={"slack": "#elsewhere"})}
    changed = replace(given, routing=given.routing.model_copy(update={"teams": teams}))
    before, after = pods(resources("prod")), pods(record_platform(changed))
    assert [name for name in before if before[name] != after[name]] == ["alertmanager"]


READ_AGAIN = {
    "alertmanager": "at each notification",
}
"""Who reads a changed secret by itself, and when."""


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_secret_restarts_who_cannot_read_it_again(name: str) -> None:
    restarted: set[str] = set()
    for resource in resources(name):
        template = mapping(mapping(resource.manifest.get("spec")).get("template"))
        if [*each(template, "spec", "volumes", "*", "secret")] and resource.name not in READ_AGAIN:
            assert SECRET_VERSION in mapping(mapping(template["metadata"]).get("annotations")), resource.name
            restarted.add(resource.name)
    jaeger = {"jaeger-collector", "jaeger-query"}
    assert restarted >= {"collector", "dharma-postgresql-exporter", "dharma-redis-exporter", "elasticsearch", "grafana", *jaeger}


@pytest.mark.parametrize(("name", "prometheus", "alertmanager"), [("dev", 1, 1), ("staging", 2, 3), ("prod", 2, 3)])
def test_replicas_are_those_of_the_settings_and_only_several_have_a_budget(name: str, prometheus: int, alertmanager: int) -> None:
    for part, replicas in (("prometheus", prometheus), ("alertmanager", alertmanager)):
        assert mapping(manifest(name, "StatefulSet", part)["spec"])["replicas"] == replicas
        budgets = [resource for resource in resources(name) if resource.type.endswith(":PodDisruptionBudget") and resource.name == part]
        assert bool(budgets) == (replicas > 1)


def arguments(name: str, part: str) -> list[str]:
    [value] = [value for _, value in each(manifest(name, "StatefulSet", part), "spec", "template", "spec", "containers", "*", "args")]
    return cast("list[str]", value)


def test_alertmanagers_find_each_other_by_the_names_of_their_pods() -> None:
    peers = [argument for argument in arguments("prod", "alertmanager") if argument.startswith("--cluster.peer=")]
    zone = "alertmanager-headless.observability.svc.cluster.local:9094"
    assert peers == [f"--cluster.peer=alertmanager-{replica}.{zone}" for replica in range(3)]
    assert "--cluster.listen-address=" in arguments("dev", "alertmanager")
    ports = mapping(manifest("prod", "Service", "alertmanager-headless")["spec"])["ports"]
    gossip = [(mapping(port)["port"], mapping(port)["protocol"]) for _, port in each({"ports": ports}, "ports", "*")]
    assert gossip == [(9093, "TCP"), (9094, "TCP"), (9094, "UDP")]


def test_prometheus_may_look_where_it_scrapes_and_nowhere_else() -> None:
    given = environment("prod")
    scraped = {"observability", "observability-agents", "default", "kube-system", "dharma"}
    assert set(rbac_args(given).discovered) == scraped
    roles = {
        resource.manifest["metadata"] and mapping(resource.manifest["metadata"])["namespace"]
        for resource in resources("prod")
        if resource.type.endswith("/v1:Role")
    }
    assert roles == scraped


def test_a_datastore_is_reached_from_our_namespace() -> None:
    given = environment("dev")
    [catalogue] = given.catalogues
    outside = catalogue.datastores["redis"].model_copy(update={"host": "cache.example.org"})
    changed = replace(given, catalogues=(catalogue.model_copy(update={"datastores": {**catalogue.datastores, "redis": outside}}),))
    assert [store.host for store in stores(changed)] == ["postgresql.dharma.svc.cluster.local", "cache.example.org"]


@pytest.mark.parametrize("part", ["prometheus", "alertmanager"])
def test_a_bigger_volume_replaces_no_stateful_set_and_volumes_outlive_it(part: str) -> None:
    [found] = [resource for resource in resources("prod") if resource.type.endswith(":StatefulSet") and resource.name == part]
    assert found.ignored == ("spec.volumeClaimTemplates",)
    policy = mapping(found.manifest["spec"])["persistentVolumeClaimRetentionPolicy"]
    assert policy == {"whenDeleted": "Retain", "whenScaled": "Retain"}


def test_the_version_of_an_image_is_its_tag() -> None:
    assert image_version("registry.example:5000/prom/prometheus:v3.15.0") == "v3.15.0"
    assert image_version("docker.io/grafana/grafana:13.2.0@sha256:abc") == "13.2.0"


def test_a_checksum_tells_files_apart_by_name_and_content() -> None:
    assert checksum({"a": "1", "b": "2"}) == checksum({"b": "2", "a": "1"})
    assert len({checksum(files) for files in ({"a": "1"}, {"a": "2"}, {"b": "1"}, {"a1": ""}, {"a": "1", "b": ""})}) == 5


def test_a_folder_of_documents_is_without_its_subfolders() -> None:
    assert under("a", {"a/x": "1", "a/b/y": "2", "ab/z": "3"}) == {"x": "1"}
