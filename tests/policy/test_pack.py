"""The pack with the real engine: what breaks a promise is refused at preview, by its name, and nothing is made."""

from dataclasses import replace
from pathlib import Path

import pulumi
import pytest
from pulumi_aws import Provider as Aws
from pulumi_aws.s3 import Bucket
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap
from pulumi_kubernetes.networking.v1 import Ingress
from pulumi_kubernetes.rbac.v1 import ClusterRole

from checks.objects import RULES
from model.documents import mapping
from sandbox.engine import Engine, EngineError, Target
from tests.policy.test_promises import workload

pytestmark = pytest.mark.cluster

NAME = "breaks-promises"
MOUNT = {"name": "data", "mountPath": "/data", "subPath": "a"}
VARIABLE = {"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "a", "key": "a"}}}
WRONG: dict[str, object] = {
    "image": "registry.example/web:latest",
    "volumeMounts": [MOUNT],
    "env": [VARIABLE],
    "resources": None,
    "livenessProbe": None,
    "readinessProbe": None,
}


def broken() -> None:
    """A program that breaks every promise about single resources; the API server would take nearly all of it."""
    on_cluster = pulumi.ResourceOptions(provider=Provider("cluster"))
    metadata = {"name": NAME, "namespace": "default"}
    pod: dict[str, object] = {"serviceAccountName": "default", "hostNetwork": True, "volumes": [{"name": "data", "emptyDir": {}}]}
    spec = {**pulumi_spec(pod), "replicas": 0, "selector": {"matchLabels": {"app": NAME}}}
    Deployment(NAME, metadata=metadata, spec=spec, opts=on_cluster)  # pyright: ignore[reportArgumentType, reportCallIssue]
    password = pulumi.Output.unsecret(pulumi.Config("observability").require_secret("grafanaAdminPassword"))
    ConfigMap(NAME, metadata=metadata, data={"password": password, "much": "x" * 2**20}, opts=on_cluster)  # pyright: ignore[reportArgumentType]
    ClusterRole(NAME, metadata={"name": NAME}, rules=[{"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["get"]}], opts=on_cluster)  # pyright: ignore[reportArgumentType]
    Ingress(NAME, metadata=metadata, spec=open_way(), opts=on_cluster)  # pyright: ignore[reportArgumentType, reportCallIssue]


def open_way() -> dict[str, object]:
    """The spec of an Ingress without TLS, for everybody, to a page that asks nobody who they are."""
    backend = {"service": {"name": "jaeger-query", "port": {"name": "http"}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return {"ingressClassName": "alb", "rules": [{"host": "jaeger.example.org", "http": {"paths": paths}}]}


def pulumi_spec(pod: dict[str, object]) -> dict[str, object]:
    """The spec of a Deployment whose pod and container break promises."""
    template = mapping(mapping(workload(pod=pod, container=WRONG)["spec"])["template"])
    return {"template": {**template, "metadata": {"labels": {"app": NAME}}}}


def open_bucket() -> None:
    """A program with a bucket, and nothing that would secure it."""
    Bucket(NAME, bucket=NAME, opts=pulumi.ResourceOptions(provider=Aws("aws", region="eu-central-1")))


def harmless() -> None:
    """The twin: nothing that a promise is about."""
    pulumi.export("name", NAME)


@pytest.fixture
def place(simulated: Target, tmp_path: Path) -> Target:
    """A cluster, with a state of the test's own."""
    return replace(simulated, state=tmp_path / "pulumi")


def test_what_breaks_promises_is_refused_by_the_name_of_each(place: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.engine.run_program", broken)
    said: list[str] = []
    with pytest.raises(EngineError, match="the policy pack refuses it") as refused:
        Engine(place, "dev", say=said.append).preview()
    for promise in (*RULES, "secrets-in-secrets"):
        assert promise in str(refused.value)
    told = "\n".join(said)
    assert "allows nodes/proxy" in told
    assert "data.password holds a secret of the stack" in told


def test_an_open_bucket_is_refused(place: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.engine.run_program", open_bucket)
    said: list[str] = []
    with pytest.raises(EngineError, match="the policy pack refuses it: closed-buckets"):
        Engine(place, "dev", say=said.append).preview()
    assert "has no BucketPublicAccessBlock that does what it must" in "\n".join(said)


def test_what_breaks_none_passes(place: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.engine.run_program", harmless)
    said: list[str] = []
    Engine(place, "dev", say=said.append).preview()
    assert "observability@v1.0.0" in "\n".join(said)
