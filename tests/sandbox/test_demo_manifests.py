"""The demo's manifests agree with the catalogue and pass the Pod Security Standard that their namespaces enforce."""

import base64
import copy
from collections.abc import Iterator
from typing import Any, cast

import pytest

from components.jaeger_config import OTLP_HTTP_PORT, SAMPLING_PORT
from components.platform import targets
from model.environment import load
from model.namespaces import NAMESPACE
from sandbox.demo import datastores
from sandbox.demo.datastores import PASSWORD
from sandbox.demo.deploy import ROOT, catalogue
from sandbox.demo.manifests import CONTROL_PORT, manifests

IMAGE = "observability.local/demo:test"
CATALOGUE = catalogue()
Object = dict[str, Any]


def objects() -> list[Object]:
    return cast("list[Object]", manifests(CATALOGUE, IMAGE))


def find(kind: str, name: str) -> Object:
    found = [each for each in objects() if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    assert len(found) == 1, f"{len(found)} of {kind} {name}"
    return found[0]


def pod(deployment: Object) -> Object:
    return deployment["spec"]["template"]["spec"]


def environment(name: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in pod(find("Deployment", name))["containers"][0]["env"]}


def violations(deployment: Object) -> Iterator[str]:
    """What the standard *restricted* forbids, and what this project asks on top."""
    spec, name = pod(deployment), deployment["metadata"]["name"]
    rules = {
        "runs as root": spec["securityContext"].get("runAsNonRoot") is True and spec["securityContext"].get("runAsUser", 0) > 0,
        "has no seccomp profile": spec["securityContext"].get("seccompProfile") == {"type": "RuntimeDefault"},
        "has a token": spec.get("automountServiceAccountToken") is False,
        "uses the host": not any(spec.get(key) for key in ("hostNetwork", "hostPID", "hostIPC")),
        "mounts the host": all(set(volume) <= {"name", "emptyDir", "secret"} for volume in spec.get("volumes", [])),
    }
    for container in spec["containers"]:
        context, resources = container["securityContext"], container["resources"]
        rules |= {
            f"{container['name']} can gain privileges": context.get("allowPrivilegeEscalation") is False,
            f"{container['name']} keeps capabilities": context.get("capabilities") == {"drop": ["ALL"]},
            f"{container['name']} can write to its image": context.get("readOnlyRootFilesystem") is True,
            f"{container['name']} lacks requests or limits": all(
                set(resources.get(key, {})) == {"cpu", "memory"} for key in ("requests", "limits")
            ),
        }
    yield from (f"{name} {broken}" for broken, holds in rules.items() if not holds)


DEPLOYMENTS = [each for each in objects() if each["kind"] == "Deployment"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: each["metadata"]["name"])
def test_every_pod_is_restricted_and_bounded(deployment: Object) -> None:
    assert list(violations(deployment)) == []


@pytest.mark.parametrize(
    ("path", "value", "broken"),
    [
        (("securityContext", "runAsUser"), 0, "runs as root"),
        (("securityContext", "seccompProfile"), None, "has no seccomp profile"),
        (("hostNetwork",), True, "uses the host"),
        (("volumes",), [{"name": "x", "hostPath": {"path": "/"}}], "mounts the host"),
        (("automountServiceAccountToken",), True, "has a token"),
        (("containers", 0, "securityContext", "capabilities"), {}, "auth keeps capabilities"),
        (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True, "auth can gain privileges"),
        (("containers", 0, "securityContext", "readOnlyRootFilesystem"), False, "auth can write to its image"),
        (("containers", 0, "resources", "limits"), {"cpu": "1"}, "auth lacks requests or limits"),
    ],
)
def test_a_pod_that_is_not_restricted_is_seen(path: tuple[str | int, ...], value: object, broken: str) -> None:
    deployment = copy.deepcopy(find("Deployment", "auth"))
    place: Any = pod(deployment)
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert list(violations(deployment)) == [f"auth {broken}"]


def test_both_namespaces_enforce_restricted() -> None:
    spaces = {each["metadata"]["name"]: each["metadata"]["labels"] for each in objects() if each["kind"] == "Namespace"}
    assert set(spaces) == {"dharma", "dharma-demo"}
    assert {labels["pod-security.kubernetes.io/enforce"] for labels in spaces.values()} == {"restricted"}


@pytest.mark.parametrize("name", CATALOGUE.services)
def test_a_service_is_what_the_catalogue_says(name: str) -> None:
    declared = CATALOGUE.services[name]
    deployment, front = find("Deployment", name), find("Service", name)
    assert deployment["metadata"]["namespace"] == front["metadata"]["namespace"] == CATALOGUE.namespace
    assert [(port["name"], port["port"], port["targetPort"]) for port in front["spec"]["ports"]] == [("http", declared.port, declared.port)]
    container = pod(deployment)["containers"][0]
    assert [(port["name"], port["containerPort"]) for port in container["ports"]] == [("http", declared.port)]
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == name
    assert front["spec"]["selector"].items() <= labels.items()
    assert environment(name)["METRICS_PATH"] == declared.metrics_path


@pytest.mark.parametrize("name", CATALOGUE.services)
def test_a_service_calls_exactly_its_dependencies(name: str) -> None:
    told = environment(name)
    named = [entry.partition("=")[0] for key in ("DEPENDENCIES", "DATASTORES") for entry in told[key].split(",") if entry]
    assert sorted(named) == sorted(CATALOGUE.services[name].dependencies)


def test_addresses_name_the_port_of_the_peer() -> None:
    assert "auth=http://auth.dharma:3008" in environment("api-gateway")["DEPENDENCIES"].split(",")
    assert "postgresql=postgres://demo@postgresql:5432/dharma?sslmode=disable" in environment("auth")["DATASTORES"].split(",")


def test_a_stopped_service_is_not_restarted_for_it() -> None:
    container = pod(find("Deployment", "auth"))["containers"][0]
    assert container["livenessProbe"]["httpGet"]["port"] == CONTROL_PORT
    assert container["readinessProbe"]["httpGet"]["port"] == CATALOGUE.services["auth"].port


def test_traffic_reaches_every_service_once_and_users_come_in_by_the_gateway() -> None:
    told = environment("traffic")
    front, background = ([entry.partition("=")[0] for entry in told[key].split(",")] for key in ("TARGETS", "BACKGROUND_TARGETS"))
    assert "api-gateway" in front
    assert sorted(front + background) == sorted(CATALOGUE.services)


def test_spans_go_to_the_collector_of_the_platform_and_sampling_comes_from_its_jaeger() -> None:
    platform = load(ROOT, "dev")
    ports = {(target.service, target.port) for target in targets(platform)}
    assert {("collector", "metrics"), ("jaeger-collector", "metrics")} <= ports
    told = environment("auth")
    assert told["OTEL_EXPORTER_OTLP_ENDPOINT"] == f"http://collector.{NAMESPACE}:{OTLP_HTTP_PORT}"
    assert told["SAMPLING_ENDPOINT"] == f"http://jaeger-collector.{NAMESPACE}:{SAMPLING_PORT}/api/sampling"


def test_the_receiver_is_where_alertmanager_is_told() -> None:
    front = find("Service", "alert-receiver")
    assert (front["metadata"]["namespace"], front["spec"]["ports"][0]["port"]) == ("dharma-demo", 8080)


def test_passwords_are_in_the_secret_alone() -> None:
    assert [each["metadata"]["name"] for each in objects() if PASSWORD in str(each)] == []
    files = {name: base64.b64decode(content).decode() for name, content in find("Secret", "datastores")["data"].items()}
    assert files["password"] == files["exporter-password"] == PASSWORD
    assert f"requirepass {PASSWORD}\n" in files["redis.conf"]


def test_the_exporter_of_redis_can_log_in_as_the_catalogue_says() -> None:
    store = CATALOGUE.datastores["redis"]
    for username, line in {"default": "", "watcher": f"user watcher on >{PASSWORD} allkeys allchannels allcommands\n"}.items():
        changed = CATALOGUE.model_copy(update={"datastores": {"redis": store.model_copy(update={"username": username})}})
        secret = cast("Object", datastores.manifests(changed, IMAGE)[0])
        config = base64.b64decode(secret["data"]["redis.conf"]).decode()
        assert config.partition(f"requirepass {PASSWORD}\n")[2] == line


def test_the_exporters_role_is_that_of_the_catalogue() -> None:
    roles = pod(find("Deployment", "postgresql"))["containers"][1]
    told = {each["name"]: each["value"] for each in roles["env"]}
    assert (told["ROLE"], told["POSTGRES_DB"]) == ("exporter", CATALOGUE.datastores["postgresql"].database)


def test_what_a_pod_mounts_is_a_volume_of_it() -> None:
    for deployment in DEPLOYMENTS:
        volumes = {volume["name"] for volume in pod(deployment).get("volumes", [])}
        mounted = {mount["name"] for container in pod(deployment)["containers"] for mount in container.get("volumeMounts", [])}
        assert mounted == volumes, deployment["metadata"]["name"]


def test_names_are_unique() -> None:
    names = [(each["kind"], each["metadata"].get("namespace"), each["metadata"]["name"]) for each in objects()]
    assert len(names) == len(set(names))
