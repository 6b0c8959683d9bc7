"""Every promise: what we deploy keeps it, and what breaks it is told, without ever telling a secret."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from checks.buckets import Asked, bucket_problems
from checks.leaks import canary
from checks.objects import RULES
from model.end_of_life import read_ends_of_life
from policy.promises import image_problems, leaked, object_problems
from tests.components.environments import NAMES, ROOT, resources
from tests.components.test_program import plain

POD = {
    "serviceAccountName": "web",
    "automountServiceAccountToken": False,
    "enableServiceLinks": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
}
CONTAINER = {
    "name": "main",
    "image": "registry.example/web:1.0",
    "securityContext": {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "16Mi"}},
    "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
    "livenessProbe": {"httpGet": {"path": "/", "port": 80}},
}
LABELS = {f"app.kubernetes.io/{name}": "web" for name in ("component", "instance", "managed-by", "name", "part-of")}
TODAY = date(2026, 11, 30)
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def workload(pod: dict[str, object] | None = None, container: dict[str, object] | None = None) -> dict[str, object]:
    """A Deployment that keeps every promise, but for what is given; None takes away."""
    main = {key: value for key, value in {**CONTAINER, **(container or {})}.items() if value is not None}
    spec = {**POD, "containers": [main], **(pod or {})}
    return {"kind": "Deployment", "metadata": {"name": "web", "labels": LABELS}, "spec": {"template": {"spec": spec}}}


def ingress(annotations: dict[str, str], service: str = "grafana") -> dict[str, object]:
    """An Ingress of a load balancer of AWS that keeps every promise, but for what is given; an empty text takes away."""
    prefix = "alb.ingress.kubernetes.io"
    kept = {
        "certificate-arn": "arn:a",
        "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
        "ssl-redirect": "443",
        "inbound-cidrs": "10.0.0.0/8",
    }
    given = {f"{prefix}/{key}": value for key, value in {**kept, **annotations}.items() if value}
    paths = [{"backend": {"service": {"name": service}}}]
    spec = {"ingressClassName": "alb", "rules": [{"host": "a.example", "http": {"paths": paths}}]}
    return {"kind": "Ingress", "metadata": {"name": "a", "labels": LABELS, "annotations": given}, "spec": spec}


INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
SECRET_VARIABLE = {"name": "A", "valueFrom": {"secretKeyRef": {"name": "a", "key": "a"}}}
BROKEN: dict[str, tuple[str, dict[str, object]]] = {
    "standard-labels": (DEPLOYMENT, {**workload(), "metadata": {"name": "web"}}),
    "own-identity": (DEPLOYMENT, workload(pod={"serviceAccountName": "default"})),
    "restricted-pods": (DEPLOYMENT, workload(pod={"hostNetwork": True})),
    "pinned-images": (DEPLOYMENT, workload(container={"image": "registry.example/web:latest"})),
    "bounded-resources": (DEPLOYMENT, workload(container={"resources": {"requests": {"cpu": "1"}}})),
    "current-files": (DEPLOYMENT, workload(container={"volumeMounts": [{"name": "a", "mountPath": "/a", "subPath": "a"}]})),
    "secrets-as-files": (
        DEPLOYMENT,
        workload(container={"env": [SECRET_VARIABLE]}),
    ),
    "probes": (DEPLOYMENT, workload(container={"livenessProbe": None, "readinessProbe": None})),
    "least-privilege": (
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
        {"kind": "ClusterRole", "rules": [{"apiGroups": [""], "resources": ["nodes/proxy"], "verbs": ["get"]}]},
    ),
    "encrypted-ingresses": (INGRESS, ingress({"ssl-redirect": ""})),
    "known-networks": (INGRESS, ingress({"scheme": "internet-facing", "inbound-cidrs": ""})),
    "asked-who-they-are": (INGRESS, ingress({}, service="jaeger-query")),
    "plain-config-maps": ("kubernetes:core/v1:ConfigMap", {"kind": "ConfigMap", "data": {"file": "x" * 2**20}}),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("promise", RULES)
def test_what_we_deploy_keeps_every_promise(name: str, promise: str) -> None:
    assert [problem for one in resources(name) for problem in object_problems(promise, one.type, one.manifest)] == []


def test_every_promise_has_a_case_that_breaks_it() -> None:
    assert set(BROKEN) == set(RULES)


@pytest.mark.parametrize("promise", RULES)
def test_what_breaks_a_promise_is_told(promise: str) -> None:
    kind, properties = BROKEN[promise]
    assert list(object_problems(promise, kind, properties))
    others = set(RULES) - {promise, "standard-labels"}
    assert [other for other in others if list(object_problems(other, kind, properties))] == []


@pytest.mark.parametrize(("named", "told"), [({"resourceNames": ["client"]}, 0), ({}, 1)])
def test_a_secret_may_be_read_by_its_name_alone(named: dict[str, object], told: int) -> None:
    rule = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"], **named}
    kind = "kubernetes:rbac.authorization.k8s.io/v1:Role"
    assert len(list(object_problems("least-privilege", kind, {"kind": "Role", "rules": [rule]}))) == told


def test_what_is_no_object_of_kubernetes_has_no_promises_of_one() -> None:
    assert list(object_problems("standard-labels", "aws:s3/bucket:Bucket", {"bucket": "logs"})) == []


def config(name: str) -> dict[str, str]:
    """A stack's configuration as the engine gives it to a pack."""
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in plain(name).items()}


@pytest.mark.parametrize("name", NAMES)
def test_our_images_keep_their_promise(name: str) -> None:
    ends = read_ends_of_life(ROOT)
    assert [problem for one in resources(name) for problem in image_problems(one.type, one.manifest, config(name), ends, TODAY)] == []


def test_an_image_of_production_without_a_digest_or_past_its_end_is_told_unless_it_is_accepted() -> None:
    ends, labelled = read_ends_of_life(ROOT), {"metadata": {"labels": {"app.kubernetes.io/name": "promtail"}}}
    old = {**workload(container={"image": "registry.example/promtail:3.6.15"}), **labelled}
    production = {"observability:cluster": '{"name": "prod", "production": true}'}
    without, past = image_problems(DEPLOYMENT, old, production, ends, TODAY)
    assert without == (
        "spec.template.spec.containers[0].image 'registry.example/promtail:3.6.15' is refused (images: without a digest); allowed: "
        "`make digests` writes the digest of each tag into configs/versions.yaml; it needs the registries"
    )
    assert "(promtail 3: past its end of life on 2026-03-02); allowed: run `logs.agent.program: alloy`" in past
    accepting = {**production, "observability:accept": '["images: without a digest", "promtail 3: past its end of life on 2026-03-02"]'}
    for passing in ({"observability:cluster": '{"name": "dev"}'}, accepting):
        assert list(image_problems(DEPLOYMENT, old, passing, ends, TODAY)) == []


def test_a_secret_is_told_wherever_it_is_no_secret_any_more() -> None:
    found = list(leaked("kubernetes:core/v1:ConfigMap", {"data": {"lines": ["a", "key = hunter2-hunter2"]}}, ["hunter2-hunter2"]))
    assert found == ["data.lines[1] holds a secret of the stack; allowed: Secret objects only"]
    assert list(leaked("kubernetes:core/v1:Secret", {"stringData": {"a": "hunter2-hunter2"}}, ["hunter2-hunter2"])) == []
    assert list(leaked("kubernetes:core/v1:ConfigMap", {"data": {"a": "dev and prod"}}, ["dev"])) == []


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_of_ours_leaks(name: str) -> None:
    known = [canary("grafanaAdminPassword"), canary("slackApiUrl")]
    plain = [problem for one in resources(name) for problem in leaked(one.type, one.manifest, known)]
    assert plain == []


def asked(name: str) -> list[Asked]:
    """What an environment asks of AWS."""
    found = [one for one in resources(name) if one.type.startswith("aws:")]
    return [Asked(type=one.type, name=one.name, properties=one.manifest, protected=one.protected) for one in found]


@pytest.mark.parametrize("name", NAMES)
def test_our_buckets_keep_their_promises(name: str) -> None:
    assert any(one.type.endswith(":Bucket") for one in asked(name))
    assert list(bucket_problems(name, asked(name))) == []


COMPANIONS = (
    "BucketPublicAccessBlock",
    "BucketOwnershipControls",
    "BucketServerSideEncryptionConfiguration",
    "BucketPolicy",
    "BucketVersioning",
)


@pytest.mark.parametrize("companion", COMPANIONS)
def test_a_bucket_without_what_secures_it_is_told(companion: str) -> None:
    [(_, (_, wrong, _))] = bucket_problems("prod", [one for one in asked("prod") if not one.type.endswith(f":{companion}")])
    assert wrong == f"has no {companion} that does what it must"


@pytest.mark.parametrize(
    ("companion", "change"),
    [
        ("BucketPublicAccessBlock", {"blockPublicPolicy": False}),
        ("BucketOwnershipControls", {"rule": {"objectOwnership": "ObjectWriter"}}),
        ("BucketServerSideEncryptionConfiguration", {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]}),
        ("BucketPolicy", {"policy": '{"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}'}),
        ("BucketVersioning", {"versioningConfiguration": {"status": "Suspended"}}),
        ("BucketVersioning", {"bucket": "another"}),
    ],
)
def test_a_bucket_whose_safety_is_weakened_is_told(companion: str, change: dict[str, object]) -> None:
    weaker = [replace(one, properties={**one.properties, **change}) if one.type.endswith(f":{companion}") else one for one in asked("prod")]
    [(_, (_, wrong, _))] = bucket_problems("prod", weaker)
    assert wrong == f"has no {companion} that does what it must"


def unprotected(one: Asked) -> Asked:
    return replace(one, protected=False)


def forced(one: Asked) -> Asked:
    return replace(one, properties={**one.properties, "forceDestroy": True})


@pytest.mark.parametrize("weaken", [unprotected, forced])
def test_a_bucket_of_prod_that_can_be_deleted_is_told(weaken: Callable[[Asked], Asked]) -> None:
    loose = [weaken(one) if one.type.endswith(":Bucket") else one for one in asked("prod")]
    [(_, (_, wrong, _))] = bucket_problems("prod", loose)
    assert wrong == "can be deleted with all that is in it"
    assert list(bucket_problems("dev", loose)) == []
