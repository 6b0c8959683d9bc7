"""What differs from what was deployed, beside the managed objects: what nobody deployed, and what programs run with."""

import json
from typing import Any, cast

import pytest

from sandbox.drift import Drift
from sandbox.drift_report import DIFFERS, NOTHING, ONLY_UNMANAGED, Report
from sandbox.kube import Kube
from sandbox.running import Running, differences, running
from sandbox.unmanaged import EXPECTED, Key, Unmanaged, unmanaged

SPACE = "observability"
MANAGED = Drift(type="kubernetes:core/v1:Service", object=f"{SPACE}/web", resource="web", operation="delete")
RUNNING = Running(program="loki", path="limits_config.retention_period", declared="2d", loaded="1d")
UNMANAGED = Unmanaged(kind="ConfigMap", object=f"{SPACE}/notes", made_by="kubectl-create")


@pytest.mark.parametrize(
    ("report", "severity"),
    [
        (Report(), NOTHING),
        (Report(unmanaged=(UNMANAGED,)), ONLY_UNMANAGED),
        (Report(running=(RUNNING,)), DIFFERS),
        (Report(managed=(MANAGED,), unmanaged=(UNMANAGED,)), DIFFERS),
    ],
)
def test_the_exit_code_tells_how_bad_it_is(report: Report, severity: int) -> None:
    assert report.severity == severity


def test_people_read_each_kind_and_what_to_do() -> None:
    assert list(Report(managed=(MANAGED,), running=(RUNNING,), unmanaged=(UNMANAGED,)).lines()) == [
        "deleted: Service observability/web (resource web)",
        "running: loki has limits_config.retention_period: 1d, deployed is 2d",
        "unmanaged: ConfigMap observability/notes (made by kubectl-create)",
        "1 managed object(s) differ from what was deployed, 1 value(s) are not what runs, 1 object(s) are nobody's",
        "`make up` puts managed objects back",
        "a program that did not take its configuration says why in its log; restart its pods: `kubectl rollout restart`",
        "what nobody deployed stays until somebody deletes it, or declares it in the program",
    ]


def test_programs_read_json() -> None:
    assert json.loads(Report(running=(RUNNING,)).json) == {
        "severity": DIFFERS,
        "managed": [],
        "running": [{"program": "loki", "path": "limits_config.retention_period", "declared": "2d", "loaded": "1d"}],
        "unmanaged": [],
    }


class Api:
    """An API server with one kind in one namespace, as far as `unmanaged` asks."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        self._objects = list(objects)

    def get(self, path: str) -> dict[str, Any]:
        if path == "/apis":
            return {"groups": []}
        assert path == "/api/v1"
        kinds = [("ConfigMap", "configmaps", ["list"]), ("Pod", "pods/exec", ["create"]), ("Event", "events", ["list"])]
        return {"resources": [{"kind": kind, "name": name, "namespaced": True, "verbs": verbs} for kind, name, verbs in kinds]}

    def list(self, path: str) -> "list[dict[str, Any]]":
        assert path == f"/api/v1/namespaces/{SPACE}/configmaps"
        return self._objects


def thing(name: str, **metadata: object) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": SPACE, **metadata}}


def found(*objects: dict[str, Any], known: tuple[Key, ...] = ()) -> tuple[Unmanaged, ...]:
    return unmanaged(cast(Kube, Api(*objects)), [SPACE], known)


def test_what_nobody_deployed_is_told_with_who_made_it() -> None:
    fields = [{"manager": "kubectl-edit", "time": "2026-02-01"}, {"manager": "kubectl-create", "time": "2026-01-01"}]
    assert found(thing("notes", managedFields=fields)) == (UNMANAGED,)


def test_what_was_deployed_is_not_told() -> None:
    assert found(thing("notes"), known=(("ConfigMap", SPACE, "notes"),)) == ()
    assert found(thing("notes"), known=(("Secret", SPACE, "notes"), ("ConfigMap", "elsewhere", "notes"))) != ()


def test_what_the_cluster_makes_by_itself_is_not_told() -> None:
    assert found(thing("kube-root-ca.crt"), thing("a", ownerReferences=[{"kind": "Deployment"}])) == ()


def test_a_claim_of_a_stateful_set_is_expected_and_another_is_not() -> None:
    claim = EXPECTED["made by a StatefulSet for its pods"]
    known: set[Key] = {("StatefulSet", SPACE, "loki")}
    assert claim({"kind": "PersistentVolumeClaim", **thing("data-loki-0")}, known)
    assert not claim({"kind": "PersistentVolumeClaim", **thing("data-grafana-0")}, known)
    assert not claim({"kind": "PersistentVolumeClaim", **thing("data-loki")}, known)


def test_what_controllers_make_for_our_ingresses_is_expected_and_the_like_for_others_is_not() -> None:
    made = EXPECTED["made by a controller for our Ingresses"]
    known: set[Key] = {("Ingress", SPACE, "grafana")}
    group = {"ingress.k8s.aws/stack": "observability"}
    signed = {"cert-manager.io/certificate-name": "grafana-tls"}
    assert made({"kind": "TargetGroupBinding", **thing("k8s-observab-grafana", labels=group)}, known)
    assert not made({"kind": "TargetGroupBinding", **thing("k8s-observab-grafana", labels=group)}, set())
    assert not made({"kind": "TargetGroupBinding", **thing("other", labels={"ingress.k8s.aws/stack": "other"})}, known)
    assert made({"kind": "Secret", **thing("grafana-tls", annotations=signed)}, known)
    assert not made({"kind": "Secret", **thing("grafana-tls")}, known)
    assert not made({"kind": "Secret", **thing("other-tls", annotations=signed)}, known)


@pytest.mark.parametrize(
    ("declared", "loaded"),
    [
        ("2d", "48h0m0s"),
        ("5MB", "5242880"),
        ("1.5GB", "1536MB"),
        (3, 3.0),
        ("1638MB", "1GiB614MiB"),
        ("${POD_NAME}", "prometheus-0"),
        ("http://${HOST}:80/", "http://a.b:80/"),
        ("templates/*.tmpl", "/etc/alertmanager/templates/*.tmpl"),
        (["a:1"], "a:1"),
        ({"matchers": ["b", "a"]}, {"matchers": ["a", "b"]}),
        (False, None),
        ({"a": {"b": False}}, {}),
        ("", None),
        ([], None),
        ("hunter2", "<secret>"),
        ({"a": 1}, {"a": 1, "b": 2}),
        ([{"a": "30s"}], [{"a": "30s", "default": True}]),
    ],
)
def test_what_means_the_same_is_no_difference(declared: object, loaded: object) -> None:
    assert list(differences(declared, loaded)) == []


@pytest.mark.parametrize(
    ("declared", "loaded", "told"),
    [
        ({"retention": "2d"}, {"retention": "1d"}, ("retention", "2d", "1d")),
        ({"a": {"b": True}}, {"a": {}}, ("a.b", "True", "nothing")),
        ({"a": {"b": True}}, {}, ("a.b", "True", "nothing")),
        ({"jobs": [1]}, {"jobs": [1, 2]}, ("jobs", "1 entries", "2 entries")),
        ({"jobs": [{"name": "a"}]}, {"jobs": [{"name": "b"}]}, ("jobs[0].name", "a", "b")),
        ("5MB", "6MB", ("", "5MB", "6MB")),
        ("http://${HOST}:80/", "http://a.b:81/", ("", "http://${HOST}:80/", "http://a.b:81/")),
        ({"labels": ["a", "b"]}, {"labels": ["b", "b"]}, ("labels[0]", "a", "b")),
        ({"matchers": ["a", "b"]}, {"matchers": ["a", "c"]}, ("matchers[1]", "b", "c")),
    ],
)
def test_what_is_not_loaded_as_declared_is_told(declared: object, loaded: object, told: tuple[str, str, str]) -> None:
    assert list(differences(declared, loaded)) == [told]


class Programs:
    """A cluster whose Prometheus runs with another interval; its Alertmanager as it should."""

    def service(self, namespace: str, name: str, port: str, path: str) -> dict[str, Any]:
        assert (namespace, port) == (SPACE, "http")
        assert path in ("api/v1/status/config", "api/v2/status")
        if name == "prometheus":
            return {"data": {"yaml": "global: {scrape_interval: 15s, scrape_timeout: 10s}"}}
        return {"config": {"original": "global: {resolve_timeout: 5m0s}"}}


def test_programs_are_asked_what_they_run_with() -> None:
    declared = {
        (SPACE, "prometheus-config"): {"prometheus.yml": "global: {scrape_interval: 30s}"},
        (SPACE, "alertmanager-config"): {"alertmanager.yml": "global: {resolve_timeout: 5m}"},
    }
    told = running(cast(Kube, Programs()), declared)
    assert told == (Running(program="prometheus", path="global.scrape_interval", declared="30s", loaded="15s"),)
