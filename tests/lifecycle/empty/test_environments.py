"""Staging and production on simulated nodes and the sandbox's AWS: deployed, changed, deleted; what is protected is left."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from subprocess import CalledProcessError

import pytest

from model.environment import Environment, load
from sandbox import confirmation
from sandbox.confirmation import NotConfirmedError
from sandbox.destroying import destroy, phrase
from sandbox.engine import ROOT, Target
from sandbox.kube import Kube
from sandbox.providers.aws.client import Aws
from sandbox.providers.values import Obj, text
from sandbox.teardown import plan
from tests.e2e import projects
from tests.e2e.projects import ProjectEngine
from tests.guard.deploying import Deployment, deployment
from tests.lifecycle.guarding import assert_done_once_accepted, assert_planned, assert_refused
from tests.lifecycle.inventory import Known, await_only, cloud, objects

pytestmark = [pytest.mark.cluster, pytest.mark.nightly]

DESTROYED_SECONDS = 600
PREVIEWS = 6
"""Half of them of changes that lose something."""

CONTROLS = ("public_access_block", "bucket_encryption", "bucket_policy", "bucket_ownership_controls", "bucket_lifecycle_configuration")
"""What keeps a bucket closed, encrypted and no longer than promised, as operations of S3."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where an environment was deployed, and what there was before."""

    environment: Environment
    engine: ProjectEngine
    kube: Kube
    aws: Aws
    objects: Known
    cloud: Known


@pytest.fixture(scope="module")
def aws(simulated: Target) -> Aws:
    """The AWS of the sandbox."""
    endpoints: Obj = dict.fromkeys(("s3", "iam", "kms"), simulated.s3)
    return Aws({"region": "eu-central-1", "accessKey": "sandbox", "secretKey": "sandbox", "endpoints": endpoints})


@pytest.fixture(scope="module", params=["staging", "prod"])
def place(request: pytest.FixtureRequest, simulated: Target, aws: Aws, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One of the environments, deployed; deleted at the end with all that it protects."""
    environment, kube = load(ROOT, str(request.param)), Kube(simulated.kubeconfig)
    engine = ProjectEngine(simulated, environment.name, print, projects.copy(tmp_path_factory.mktemp("project")))
    before, stored = objects(kube), cloud(aws)
    assert set(engine.preview()) == {"create"}
    assert set(engine.up()) == {"create"}
    yield Place(environment=environment, engine=engine, kube=kube, aws=aws, objects=before, cloud=stored)
    with pytest.MonkeyPatch.context() as variables:
        variables.setenv(confirmation.VARIABLE, phrase(environment.name, data=True))
        destroy(engine, kube, environment.name, with_data=True, say=print)
    await_only(kube, before)
    assert cloud(aws) == stored
    assert plan(engine.resources(), with_data=False).kept == ()


@pytest.fixture
def guarded(place: Place, simulated: Target) -> Deployment:
    """The same, to be previewed with other settings."""
    return deployment(simulated, place.environment.name, place.engine.project)


def test_a_second_deployment_changes_nothing_and_nothing_has_drifted(place: Place) -> None:
    assert set(place.engine.up()) == {"same"}
    assert place.engine.drift() == ()


def test_servers_that_must_not_share_a_node_do_not(place: Place) -> None:
    pods = place.kube.get("/api/v1/namespaces/observability/pods", {"labelSelector": "app.kubernetes.io/name=elasticsearch"})["items"]
    assert len({pod["spec"]["nodeName"] for pod in pods}) == len(pods) == 3


def test_who_does_not_know_what_he_does_deletes_nothing(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    before, stored, name = objects(place.kube), cloud(place.aws), place.environment.name
    monkeypatch.setenv(confirmation.VARIABLE, name)
    with pytest.raises(NotConfirmedError, match=f"allowed: 'delete data of {name}'"):
        destroy(place.engine, place.kube, name, with_data=True, say=print)
    with pytest.raises(CalledProcessError) as refused:
        place.engine.pulumi("destroy", "--yes")
    assert "because it is protected" in refused.value.output + refused.value.stderr
    assert (objects(place.kube), cloud(place.aws)) == (before, stored)


def test_the_engine_plans_for_what_holds_data_what_was_reckoned(guarded: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_planned(guarded, PREVIEWS, monkeypatch)


def test_what_is_refused_changes_nothing_until_it_is_accepted(guarded: Deployment, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_refused(guarded, place.kube, monkeypatch)
    assert_done_once_accepted(guarded, place.kube, monkeypatch)


def test_what_is_protected_outlives_the_platform_and_is_taken_over_by_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = place.environment.settings.logs
    assert logs
    volumes, bucket = claims(place.kube), logs.bucket.name
    place.aws.call("s3", "put_object", Bucket=bucket, Key="fake/1/line", Body="kept")
    monkeypatch.setenv(confirmation.VARIABLE, place.environment.name)
    begin = time.monotonic()
    destroy(place.engine, place.kube, place.environment.name, with_data=False, say=print)
    assert time.monotonic() - begin < DESTROYED_SECONDS

    keeps = place.environment.settings.cluster.keeps_volumes
    assert volumes
    await_only(place.kube, place.objects | left(volumes if keeps else {}))
    assert claims(place.kube) == (volumes if keeps else {})
    assert cloud(place.aws) - place.cloud == {("Bucket", bucket)}
    assert (
        text(place.aws.call("s3", "head_object", Bucket=bucket, Key="fake/1/line"), "ResponseMetadata", "HTTPHeaders", "content-length")
        == "4"
    )
    for control in CONTROLS:
        assert place.aws.call("s3", f"get_{control}", Bucket=bucket)

    destroy(place.engine, place.kube, place.environment.name, with_data=False, say=print)  # nothing more to do
    again = place.engine.up()
    assert set(again) <= {"create", "same", "update"}
    assert claims(place.kube).items() >= (volumes.items() if keeps else set())
    assert place.engine.drift() == ()


def claims(kube: Kube) -> dict[str, str]:
    """The volume of each claim of the platform."""
    found = kube.list("/api/v1/namespaces/observability/persistentvolumeclaims")
    return {claim["metadata"]["name"]: claim["spec"]["volumeName"] for claim in found}


def left(volumes: dict[str, str]) -> set[tuple[str, str]]:
    """These volumes with their namespace, if there are any."""
    return {
        *([("Namespace", "observability")] if volumes else ()),
        *(("PersistentVolumeClaim", f"observability/{claim}") for claim in volumes),
        *(("PersistentVolume", volume) for volume in volumes.values()),
    }
