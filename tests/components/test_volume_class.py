"""Volumes: encrypted, able to grow, made in the zone of their pod; in production they outlive their claims."""

from dataclasses import replace

import pytest

from checks.record import Recorded, record_platform
from model.documents import each, mapping
from model.settings import Ebs
from tests.components.environments import NAMES, environment, manifest, resources

KEY = "arn:aws:kms:eu-central-1:123456789012:key/00000000-0000-4000-8000-000000000001"


def made(ebs: Ebs, *, production: bool) -> dict[str, object]:
    """The storage class of an environment with these settings."""
    given = environment("prod")
    cluster = given.settings.cluster.model_copy(update={"ebs": ebs, "production": production})
    found = record_platform(replace(given, settings=given.settings.model_copy(update={"cluster": cluster})))
    [one] = [resource.manifest for resource in found if resource.type.endswith(":StorageClass")]
    return one


@pytest.mark.parametrize(("production", "policy"), [(True, "Retain"), (False, "Delete")])
def test_volumes_are_encrypted_grow_and_are_made_where_their_pod_is(production: bool, policy: str) -> None:
    found = made(Ebs(), production=production)
    assert found["provisioner"] == "ebs.csi.aws.com"
    assert found["parameters"] == {"type": "gp3", "encrypted": "true"}
    assert (found["allowVolumeExpansion"], found["volumeBindingMode"], found["reclaimPolicy"]) == (True, "WaitForFirstConsumer", policy)


def test_they_are_encrypted_with_the_key_that_is_named() -> None:
    assert mapping(made(Ebs(kms_key=KEY), production=True)["parameters"])["kmsKeyId"] == KEY


def classes(found: tuple[Recorded, ...]) -> set[object]:
    """The storage classes that claims ask for; None where one asks for none."""
    claims = [one.manifest for one in found if one.type.endswith(":PersistentVolumeClaim")]
    claims += [mapping(claim) for one in found for _, claim in each(one.manifest, "spec", "volumeClaimTemplates", "*")]
    return {mapping(claim["spec"]).get("storageClassName") for claim in claims}


@pytest.mark.parametrize("name", NAMES)
def test_every_claim_asks_for_the_class_of_its_environment(name: str) -> None:
    cluster = environment(name).settings.cluster
    assert classes(resources(name)) == {cluster.volume_class}
    assert any(one.type.endswith(":StorageClass") for one in resources(name)) == (cluster.ebs is not None)


def test_prod_asks_for_the_class_that_it_makes() -> None:
    assert classes(resources("prod")) == {mapping(manifest("prod", "StorageClass", "volume-class")["metadata"])["name"]}
