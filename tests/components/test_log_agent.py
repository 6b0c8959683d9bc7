"""The log agent: what it may see, what it is told, and that both programs are told the same."""

import re
from dataclasses import replace

import pytest

from checks.manifests import manifest_findings
from checks.record import Recorded, record_platform
from components.alloy import RENAMED, alloy_config, literal
from components.documents import Document
from components.log_agent import PROGRAMS
from components.platform import documents
from components.promtail import HostLines, host_labels, promtail_config, relabelling, stages
from model.documents import children, each, mapping
from model.environment import Environment
from tests.components.environments import NAMES, environment, manifest, resources

PUSH = "http://loki.example/loki/api/v1/push"


def with_alloy(name: str) -> Environment:
    given = environment(name)
    assert given.settings.logs is not None
    logs = given.settings.logs
    chosen = logs.model_copy(update={"agent": logs.agent.model_copy(update={"program": "alloy"})})
    return replace(given, settings=given.settings.model_copy(update={"logs": chosen}))


def without_logs(name: str) -> Environment:
    given = environment(name)
    return replace(given, settings=given.settings.model_copy(update={"logs": None}))


def hosts_of(name: str) -> HostLines:
    """What is read of nodes' own files."""
    given = environment(name)
    assert given.settings.logs is not None
    return HostLines(files=given.settings.logs.agent.host_files, pipeline=given.host_pipeline)


def named(found: tuple[Recorded, ...], kind: str, name: str) -> dict[str, object]:
    [manifest] = [resource.manifest for resource in found if resource.type.endswith(f":{kind}") and resource.name == name]
    return manifest


def values(content: object, *path: str) -> list[object]:
    return [value for _, value in each(content, *path)]


@pytest.mark.parametrize("name", NAMES)
def test_it_is_on_every_node_and_sees_nothing_of_it_but_the_lines(name: str) -> None:
    agent = manifest(name, "DaemonSet", "promtail")
    assert mapping(agent["metadata"])["namespace"] == "observability-agents"
    pod = ("spec", "template", "spec")
    assert values(agent, *pod, "tolerations", "*") == [{"operator": "Exists"}]
    assert values(agent, *pod, "volumes", "*", "hostPath", "path") == ["/var/log", "/run/promtail"]
    mounts = {
        str(mapping(mount)["name"]): mapping(mount).get("readOnly") for mount in values(agent, *pod, "containers", "*", "volumeMounts", "*")
    }
    assert mounts == {"config": True, "lines": True, "state": None}
    for shared in ("hostNetwork", "hostPID", "hostIPC"):
        assert values(agent, *pod, shared) == []


def test_without_files_of_the_node_it_sees_the_containers_lines_alone() -> None:
    given = environment("prod")
    assert given.settings.logs is not None
    agent = given.settings.logs.agent.model_copy(update={"host_files": ()})
    logs = given.settings.logs.model_copy(update={"agent": agent})
    bare = replace(given, settings=given.settings.model_copy(update={"logs": logs}))
    daemon_set = named(record_platform(bare), "DaemonSet", "promtail")
    assert values(daemon_set, "spec", "template", "spec", "volumes", "*", "hostPath", "path") == ["/var/log/pods", "/run/promtail"]
    assert "job_name: hosts" not in documents(bare)["promtail/promtail.yaml"]
    assert "job_name: hosts" in documents(given)["promtail/promtail.yaml"]


def test_it_may_find_pods_and_nothing_else() -> None:
    rights = manifest("prod", "ClusterRole", "rbac-promtail")["rules"]
    assert rights == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}]


def test_it_asks_for_the_pods_of_its_own_node_alone() -> None:
    [variable] = values(manifest("prod", "DaemonSet", "promtail"), "spec", "template", "spec", "containers", "*", "env", "*")
    assert variable == {"name": "HOSTNAME", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}


def test_it_never_gives_up_and_remembers_on_the_node_where_it_was() -> None:
    config = promtail_config(environment("prod").pipeline, [], push=PUSH, drop=[], hosts=hosts_of("prod"))
    assert values(config, "clients", "*", "backoff_config", "max_retries") == [0]
    assert mapping(config["positions"])["filename"] == "/run/promtail/positions.yaml"


def test_the_environments_differ_in_the_levels_that_they_keep() -> None:
    levels = "^(?:trace|debug)$"
    dropped = {name: levels in documents(environment(name))["promtail/promtail.yaml"] for name in NAMES}
    assert dropped == {"dev": False, "staging": True, "prod": True}


def test_a_changed_pipeline_restarts_it() -> None:
    given = environment("prod")
    shorter = replace(given, pipeline=given.pipeline.model_copy(update={"stages": given.pipeline.stages[:-1]}))
    before, after = (named(found, "DaemonSet", "promtail") for found in (resources("prod"), record_platform(shorter)))
    assert before["spec"] != after["spec"]


@pytest.mark.parametrize(
    ("labels", "service"),
    [("shop;other;main", "shop"), (";other;main", "other"), (";;main", "main")],
)
def test_the_service_is_the_best_name_that_a_pod_has(labels: str, service: str) -> None:
    [rule] = [rule for rule in relabelling([]) if rule.get("target_label") == "service"]
    found = re.fullmatch(str(rule["regex"]), labels)
    assert found is not None
    assert found[1] == service


def test_lines_say_whose_they_are() -> None:
    rules = relabelling(environment("prod").catalogues)
    owners = {str(rule["replacement"]): str(rule["regex"]) for rule in rules if rule.get("target_label") == "team"}
    assert re.fullmatch(owners["security"], "dharma;auth")
    assert re.fullmatch(owners["database"], "dharma;postgresql")
    assert not any(re.fullmatch(pattern, "other;auth") for pattern in owners.values())


def test_without_logs_there_is_no_agent() -> None:
    found = record_platform(without_logs("dev"))
    assert not [resource for resource in found if "LogAgent" in "".join(resource.parents) or resource.name in PROGRAMS]
    assert not [path for path in documents(without_logs("dev")) if path.startswith(("promtail", "alloy"))]


def test_alloy_takes_the_place_of_promtail() -> None:
    found = record_platform(with_alloy("prod"))
    assert manifest_findings(found) == []
    agent = named(found, "DaemonSet", "alloy")
    assert values(agent, "spec", "template", "spec", "volumes", "*", "hostPath", "path") == ["/var/log", "/run/alloy"]
    assert not [resource for resource in found if resource.name == "promtail"]
    assert "alloy/config.alloy" in documents(with_alloy("prod"))
    assert "job_name: alloy\n" in documents(with_alloy("prod"))["prometheus/prometheus.yml"]


def kinds(steps: list[Document]) -> list[str]:
    """The names of all steps in their order, with those within others."""
    found: list[str] = []
    for step in steps:
        [(kind, value)] = step.items()
        inner = [mapping(item) for item in values(value, "stages", "*")]
        found += [RENAMED.get(kind, kind), *kinds(inner)]
    return found


def texts(value: object) -> list[str]:
    """All text and numbers of a configuration, without the keys."""
    inner = children(value)
    return [text for _, item in inner for text in texts(item)] if inner else [literal(value)]


@pytest.mark.parametrize("name", NAMES)
def test_both_agents_are_told_the_same(name: str) -> None:
    given = environment(name)
    assert given.settings.logs is not None
    drop = given.settings.logs.agent.drop_levels
    steps = stages(given.pipeline.stages, drop)
    of_hosts = stages(given.host_pipeline.stages, drop)
    alloy = alloy_config(given.pipeline, given.catalogues, push=PUSH, drop=drop, hosts=hosts_of(name))
    assert re.findall(r"^ +stage\.(\w+) \{$", alloy, re.MULTILINE) == [*kinds(steps), *kinds(of_hosts)]
    for part in (steps, of_hosts, relabelling(given.catalogues), host_labels(hosts_of(name))):
        # Alloy takes the sources of a drop in one text.
        said = [text for text in texts(part) if text not in ('"endpoint"', '"status"')]
        assert [text for text in said if text not in alloy] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_configuration_of_alloy_is_whole(name: str) -> None:
    bare = re.sub(r'"(?:[^"\\]|\\.)*"', '""', documents(with_alloy(name))["alloy/config.alloy"])
    for opening, closing in ("{}", "[]", "()"):
        assert bare.count(opening) == bare.count(closing)
    components = set(re.findall(r'^([a-z_.]+) "', bare, re.MULTILINE))
    assert components == {"discovery.kubernetes", "discovery.relabel", "local.file_match", "loki.source.file", "loki.process", "loki.write"}
