"""Every rule about Kubernetes objects: our own objects keep it, and an object that breaks it is seen."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import cast

import pytest

from checks.manifests import manifest_findings
from checks.record import Recorded
from tests.components.environments import NAMES, resources

Path = tuple[str | int, ...]

POD: Path = ("spec", "template", "spec")
CONTAINER: Path = (*POD, "containers", 0)
GONE = object()


def altered(recorded: Recorded, path: Path, value: object) -> Recorded:
    """The same resource with one value changed, or taken away."""
    inputs = deepcopy(dict(recorded.inputs))
    place: object = inputs
    for step in path[:-1]:
        place = cast("dict[object, object]", place)[step]
    target = cast("dict[object, object]", place)
    if value is GONE:
        del target[path[-1]]
    else:
        target[path[-1]] = value
    return replace(recorded, inputs=inputs)


def prod(kind: str, name: str) -> Recorded:
    [found] = [resource for resource in resources("prod") if resource.type.endswith(f":{kind}") and resource.name == name]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_our_objects_keep_all_rules(name: str) -> None:
    assert manifest_findings(resources(name)) == []


POD_MISTAKES: Mapping[str, tuple[Path, object]] = {
    "serviceAccountName": ((*POD, "serviceAccountName"), GONE),
    "automountServiceAccountToken": ((*POD, "automountServiceAccountToken"), GONE),
    "enableServiceLinks": ((*POD, "enableServiceLinks"), True),
    "securityContext.runAsNonRoot": ((*POD, "securityContext", "runAsNonRoot"), GONE),
    "securityContext.seccompProfile.type": ((*POD, "securityContext", "seccompProfile"), {"type": "Unconfined"}),
    "hostNetwork": ((*POD, "hostNetwork"), True),
    "hostPID": ((*POD, "hostPID"), True),
    "hostIPC": ((*POD, "hostIPC"), True),
    "volumes[0]": ((*POD, "volumes", 0), {"name": "config", "hostPath": {"path": "/"}}),
    "containers[0].securityContext.allowPrivilegeEscalation": ((*CONTAINER, "securityContext", "allowPrivilegeEscalation"), GONE),
    "containers[0].securityContext.readOnlyRootFilesystem": ((*CONTAINER, "securityContext", "readOnlyRootFilesystem"), False),
    "containers[0].securityContext.runAsNonRoot": ((*CONTAINER, "securityContext", "runAsNonRoot"), False),
    "containers[0].securityContext.privileged": ((*CONTAINER, "securityContext", "privileged"), True),
    "containers[0].securityContext.capabilities": ((*CONTAINER, "securityContext", "capabilities"), {"drop": ["ALL"], "add": ["NET_RAW"]}),
    "containers[0].resources.requests.cpu": ((*CONTAINER, "resources", "requests", "cpu"), GONE),
    "containers[0].resources.limits.memory": ((*CONTAINER, "resources", "limits"), {}),
    "containers[0].readinessProbe": ((*CONTAINER, "readinessProbe"), GONE),
    "containers[0].livenessProbe": ((*CONTAINER, "livenessProbe"), GONE),
    "containers[0].image": ((*CONTAINER, "image"), "localhost:5000/prometheus:latest"),
    "containers[0].volumeMounts[0].subPath": ((*CONTAINER, "volumeMounts", 0, "subPath"), "prometheus.yml"),
    "containers[0].env[0]": ((*CONTAINER, "env", 0), {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}),
}


@pytest.mark.parametrize("key", POD_MISTAKES)
def test_a_mistake_in_a_pod_is_seen(key: str) -> None:
    path, value = POD_MISTAKES[key]
    [finding] = manifest_findings([altered(prod("StatefulSet", "prometheus"), path, value)])
    assert finding.file == "manifests/prometheus.yaml"
    assert finding.key == f"StatefulSet prometheus: spec.template.spec.{key}"


@pytest.mark.parametrize("image", ["registry:5000/prometheus", "docker.io/prom/prometheus", "docker.io/prom/prometheus:latest"])
def test_an_image_without_a_fixed_version_is_seen(image: str) -> None:
    [finding] = manifest_findings([altered(prod("StatefulSet", "prometheus"), (*CONTAINER, "image"), image)])
    assert finding.problem == f"'{image}' has no fixed version"


def test_an_image_by_digest_is_fine() -> None:
    image = f"docker.io/prom/prometheus@sha256:{'0' * 64}"
    assert manifest_findings([altered(prod("StatefulSet", "prometheus"), (*CONTAINER, "image"), image)]) == []


def test_only_the_agents_may_look_at_their_node() -> None:
    agent = prod("DaemonSet", "node-exporter")
    assert manifest_findings([agent]) == []
    elsewhere = manifest_findings([altered(agent, ("metadata", "namespace"), "observability")])
    assert [finding.key.rpartition(".")[2] for finding in elsewhere] == ["hostNetwork", "volumes[0]", "volumes[1]", "volumes[2]"]


def test_only_the_agents_may_be_root() -> None:
    agent = prod("DaemonSet", "promtail")
    assert manifest_findings([agent]) == []
    elsewhere = manifest_findings([altered(agent, ("metadata", "namespace"), "observability")])
    keys = [finding.key.partition("template.spec.")[2] for finding in elsewhere]
    assert keys == ["volumes[1]", "volumes[2]", "securityContext.runAsNonRoot", "containers[0].securityContext.runAsNonRoot"]


@pytest.mark.parametrize("label", ["component", "instance", "managed-by", "name", "part-of"])
def test_a_missing_label_is_seen(label: str) -> None:
    key = f"app.kubernetes.io/{label}"
    [finding] = manifest_findings([altered(prod("Service", "prometheus"), ("metadata", "labels", key), GONE)])
    assert finding.key == f"Service prometheus: metadata.labels.{key}"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("resources", "*"),
        ("resources", "secrets"),
        ("resources", "nodes/proxy"),
        ("resources", "pods/exec"),
        ("verbs", "*"),
        ("verbs", "escalate"),
        ("verbs", "bind"),
        ("verbs", "impersonate"),
        ("apiGroups", "*"),
    ],
)
def test_a_dangerous_right_is_seen(field: str, value: str) -> None:
    [finding] = manifest_findings([altered(prod("ClusterRole", "rbac-prometheus"), ("rules", 0, field, 0), value)])
    assert finding.problem == f"allows {value}"


def test_cluster_admin_is_seen() -> None:
    [finding] = manifest_findings([altered(prod("ClusterRoleBinding", "rbac-prometheus"), ("roleRef", "name"), "cluster-admin")])
    assert finding.key.endswith("roleRef.name")


def test_a_secret_in_a_config_map_is_seen() -> None:
    envelope = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": "hunter2"}
    [finding] = manifest_findings([altered(prod("ConfigMap", "grafana-config"), ("data", "grafana.ini"), envelope)])
    assert finding.key == "ConfigMap grafana-config: data.grafana.ini"
    assert "hunter2" not in str(finding)


def test_a_config_map_that_cannot_be_stored_is_seen() -> None:
    [finding] = manifest_findings([altered(prod("ConfigMap", "grafana-config"), ("data", "grafana.ini"), "x" * 2**20)])
    assert finding.allowed == "at most 1048576"
