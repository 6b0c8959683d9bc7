"""What holds data that nobody may lose is protected, and left where it is, by the settings alone."""

from dataclasses import replace

import pytest

from checks.record import Recorded, record_platform
from model.environment import Environment
from tests.components.environments import NAMES, environment, resources

BUCKET = {
    *("aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy", "aws:s3/bucketVersioning:BucketVersioning"),
    *("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "aws:s3/bucketOwnershipControls:BucketOwnershipControls"),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
}
"""The bucket, and what keeps it closed, encrypted and no longer than promised: without that its data would be worse than lost."""

SPACE = "kubernetes:core/v1:Namespace"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"


def kept(found: tuple[Recorded, ...]) -> set[str]:
    """The kinds of what is protected and left where it is; what is only one of both is a mistake."""
    assert [one.name for one in found if one.protected != one.retained] == []
    return {one.type for one in found if one.protected}


def with_cluster(name: str, **settings: bool) -> Environment:
    """An environment with other settings of its cluster."""
    given = environment(name)
    cluster = given.settings.cluster.model_copy(update=settings)
    return replace(given, settings=given.settings.model_copy(update={"cluster": cluster}))


@pytest.mark.parametrize(("name", "expected"), [("dev", set[str]()), ("staging", BUCKET), ("prod", {*BUCKET, SPACE})])
def test_an_environment_keeps_what_its_settings_say(name: str, expected: set[str]) -> None:
    assert kept(resources(name)) == expected


def test_only_the_namespace_with_the_volumes_is_kept() -> None:
    assert [one.manifest["metadata"]["name"] for one in resources("prod") if one.type == SPACE and one.protected] == ["observability"]  # type: ignore[index]  # JSON


@pytest.mark.parametrize("name", NAMES)
def test_volumes_are_kept_where_it_is_asked_for_and_nowhere_else(name: str) -> None:
    assert SPACE in kept(record_platform(with_cluster(name, keep_volumes=True)))
    assert not {SPACE, CLAIM} & kept(record_platform(with_cluster(name, keep_volumes=False)))


def test_a_volume_that_the_program_itself_makes_is_kept_too() -> None:
    assert CLAIM in kept(record_platform(with_cluster("dev", keep_volumes=True)))


@pytest.mark.parametrize("name", NAMES)
def test_volumes_of_stateful_sets_outlive_them(name: str) -> None:
    policies = [one.manifest["spec"] for one in resources(name) if one.type.endswith(":StatefulSet")]
    retained = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    assert policies
    assert {str(policy["persistentVolumeClaimRetentionPolicy"]) for policy in policies} == {str(retained)}  # type: ignore[index]  # JSON
