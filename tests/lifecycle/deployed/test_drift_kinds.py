"""Drift of every kind of object that is deployed: all edits at once, then all deletions, each found as what it is, and repaired."""

import json
from collections.abc import Mapping
from subprocess import CalledProcessError

import pytest

from model.namespaces import AGENTS_NAMESPACE, NAMESPACE
from sandbox.drift import Drift
from sandbox.kube import Kube
from sandbox.providers.aws.client import Aws
from sandbox.providers.values import dig
from tests.e2e.leaking import Trail
from tests.lifecycle.drifting import AWS, BUCKET, HOLDERS, KUBERNETES, ROLE, Managed, call, edit, lacking, managed, path, touches
from tests.lifecycle.inventory import gone
from tests.waiting import until

pytestmark = pytest.mark.cluster

AS_PEOPLE_ASK = ("refresh", "--preview-only", "--expect-no-changes")
"""The words of README, for those who have the official CLI."""

Found = set[tuple[str, str, str]]
"""Type, id, and how it differs: ``update`` or ``delete``."""


OTHERS: Mapping[str, tuple[str, str, *tuple[str | int, ...]]] = {
    "Kubernetes counts the versions of a Deployment": (
        "apps/v1:Deployment",
        f"{NAMESPACE}/grafana",
        *("metadata", "annotations", "deployment.kubernetes.io/revision"),
    ),
    "a restart of pods, as a drift report advises it": (
        "apps/v1:Deployment",
        f"{NAMESPACE}/grafana",
        *("spec", "template", "metadata", "annotations", "kubectl.kubernetes.io/restartedAt"),
    ),
    "the API server gives a Service its address": ("core/v1:Service", f"{NAMESPACE}/grafana", "spec", "clusterIP"),
    "a claim is bound to the volume that was made for it": (
        "core/v1:PersistentVolumeClaim",
        f"{NAMESPACE}/grafana-data",
        "spec",
        "volumeName",
    ),
    "the API server completes the templates of claims, of which changes are ignored (components/workloads.py)": (
        "apps/v1:StatefulSet",
        f"{NAMESPACE}/loki",
        *("spec", "volumeClaimTemplates", 0, "spec", "volumeMode"),
    ),
    "controllers say how it goes": ("apps/v1:StatefulSet", f"{NAMESPACE}/loki", "status", "replicas"),
}
"""Fields that others write, with the reason why that is no drift: what is not declared is theirs."""


@pytest.fixture(scope="module")
def aws(trail: Trail) -> Aws:
    """The hand's way to AWS."""
    endpoints = json.dumps([dict.fromkeys(("s3", "iam"), trail.engine.target.s3)])
    return Aws({"region": "eu-central-1", "accessKey": "sandbox", "secretKey": "sandbox", "endpoints": endpoints})


@pytest.fixture(scope="module")
def resources(trail: Trail) -> list[Managed]:
    """All that is deployed."""
    return managed(trail.engine)


def test_there_is_a_hand_for_every_kind_that_is_deployed(resources: list[Managed]) -> None:
    assert lacking(kind for kind, _ in resources) == set()
    objects = {*resources}
    for kind, hand in KUBERNETES.items():
        assert {(f"kubernetes:{kind}", hand.edited), (f"kubernetes:{kind}", hand.deleted)} <= objects
    for kind, hand in AWS.items():
        assert (f"aws:{kind}", hand.id) in objects


def test_a_kind_without_a_hand_is_named() -> None:
    assert lacking(["core/v1:Pod", "kubernetes:core/v1:Service", "aws:sqs/queue:Queue"]) == {"core/v1:Pod", "aws:sqs/queue:Queue"}


def test_what_is_written_by_those_whose_business_it_is_is_no_drift(trail: Trail) -> None:
    restart = {"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026-11-30T00:00:00Z"}}}
    where = path(trail.kube, "apps/v1:Deployment", f"{NAMESPACE}/grafana")
    trail.kube.call("PATCH", where, body={"spec": {"template": restart}}, kind="application/merge-patch+json")
    for reason, (kind, identity, *field) in OTHERS.items():
        live = trail.kube.get(path(trail.kube, kind, identity))
        assert dig(live, *field) is not None, f"{reason}: {identity} has no {field}"
    trail.engine.pulumi(*AS_PEOPLE_ASK)
    assert set(trail.engine.up()) == {"same"}


def test_an_edit_of_each_kind_is_found_and_repaired(trail: Trail, aws: Aws) -> None:
    for kind, hand in KUBERNETES.items():
        edit(trail.kube, kind, hand)
    for hand in AWS.values():
        call(aws, hand.edit)
    found = trail.engine.drift()
    with pytest.raises(CalledProcessError):
        trail.engine.pulumi(*AS_PEOPLE_ASK)
    assert names(found) == {
        *((f"kubernetes:{kind}", hand.edited, "update") for kind, hand in KUBERNETES.items()),
        *((f"aws:{kind}", hand.id, "update") for kind, hand in AWS.items()),
    }
    for drift in found:
        hand = KUBERNETES.get(drift.type.removeprefix("kubernetes:"))
        assert drift.fields
        assert hand is None or all(touches(field.path, hand) for field in drift.fields), drift
    trail.engine.up()  # whether it has repaired everything, the next test sees: all that it finds is its own


def test_a_deleted_object_of_each_kind_is_found_and_repaired(trail: Trail, aws: Aws, resources: list[Managed]) -> None:
    """Some take others with them. Settings of a bucket that stays are taken away in tests/sandbox/providers/test_log_storage.py."""
    for kind, hand in reversed(KUBERNETES.items()):  # a namespace last, as it takes others with it
        trail.kube.call("DELETE", path(trail.kube, kind, hand.deleted))
    for cloud in reversed(AWS.values()):  # a role after its policy
        if cloud.delete:
            call(aws, cloud.delete)
    all_gone(trail.kube, {kind: hand.deleted for kind, hand in KUBERNETES.items()})
    taken = {one for one in resources if one[1].split("/")[0].split(":")[0] in (AGENTS_NAMESPACE, BUCKET, ROLE)}
    assert {kind.partition(":")[2] for kind, _ in taken} > {*HOLDERS}
    lost = taken | {(f"kubernetes:{kind}", hand.deleted) for kind, hand in KUBERNETES.items()}
    assert {kind.partition(":")[2] for kind, _ in lost} >= {*KUBERNETES, *AWS}
    assert names(trail.engine.drift()) == {(*one, "delete") for one in lost}
    trail.engine.up()
    assert trail.engine.drift() == ()


def names(found: tuple[Drift, ...]) -> Found:
    """What was found, without the fields."""
    return {(drift.type, drift.object, drift.operation) for drift in found}


def all_gone(kube: Kube, objects: dict[str, str]) -> None:
    """Wait until what was deleted is no more, finalizers and all."""
    for kind, identity in objects.items():
        where = path(kube, kind, identity)
        until(lambda where=where: gone(kube, where), seconds=60, what=f"{where} is gone")
