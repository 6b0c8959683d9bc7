"""The bucket of the logs: each control is there, and holds in an S3 and IAM API that answers like AWS's."""

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as some

from components.log_storage import access_policy, lifecycle_rules, role_arn, tls_only_policy, trust_policy
from components.platform import part
from model.documents import each, mapping
from model.logs import Bucket, Lifecycle
from tests.components.environments import NAMES, environment, resources

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/A"
BUCKET = Bucket(name="logs-of-test", region="eu-central-1", oidc_provider=PROVIDER)
LOKI = part(environment("prod"), "loki")


def inputs(name: str, kind: str) -> dict[str, object]:
    """What one AWS resource of an environment is given."""
    [found] = [resource.manifest for resource in resources(name) if resource.type.startswith("aws:") and resource.type.endswith(f":{kind}")]
    return found


def statements(policy: object) -> list[dict[str, object]]:
    return [mapping(statement) for _, statement in each(policy, "Statement", "*")]


@pytest.mark.parametrize("name", NAMES)
def test_nobody_else_can_read_the_bucket(name: str) -> None:
    blocked = inputs(name, "BucketPublicAccessBlock")
    assert [blocked[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")] == [True] * 4
    assert mapping(inputs(name, "BucketOwnershipControls")["rule"]) == {"objectOwnership": "BucketOwnerEnforced"}
    [tls] = statements(json.loads(str(inputs(name, "BucketPolicy")["policy"])))
    assert (tls["Effect"], tls["Principal"], tls["Action"]) == ("Deny", "*", "s3:*")
    assert tls["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert len(cast("list[str]", tls["Resource"])) == 2


@pytest.mark.parametrize("name", NAMES)
def test_what_is_stored_is_encrypted_and_what_is_deleted_can_be_had_back(name: str) -> None:
    [(_, rule)] = each(inputs(name, "BucketServerSideEncryptionConfiguration"), "rules", "*")
    assert mapping(rule)["bucketKeyEnabled"] is True
    assert mapping(mapping(rule)["applyServerSideEncryptionByDefault"])["sseAlgorithm"] == "aws:kms"
    assert inputs(name, "BucketVersioning")["versioningConfiguration"] == {"status": "Enabled"}


def test_only_one_service_account_takes_the_role_and_only_for_aws() -> None:
    [trust] = statements(trust_policy(BUCKET, LOKI))
    issuer = "oidc.eks.eu-central-1.amazonaws.com/id/A"
    assert trust["Principal"] == {"Federated": PROVIDER}
    assert trust["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert trust["Condition"] == {
        "StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": "system:serviceaccount:observability:loki"}
    }


def test_the_role_may_do_four_things_with_this_bucket_alone() -> None:
    allowed = {
        str(resource): action for resource, action in ((one["Resource"], one["Action"]) for one in statements(access_policy(BUCKET)))
    }
    assert allowed == {
        "arn:aws:s3:::logs-of-test": "s3:ListBucket",
        "arn:aws:s3:::logs-of-test/*": ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"],
    }


def test_a_key_of_the_buckets_own_may_be_used_and_nothing_else() -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/0a"
    *_, use = statements(access_policy(BUCKET.model_copy(update={"kms_key": key})))
    assert (use["Action"], use["Resource"]) == (["kms:GenerateDataKey", "kms:Decrypt"], key)


def test_names_follow_the_partition() -> None:
    china = BUCKET.model_copy(update={"oidc_provider": PROVIDER.replace("arn:aws:", "arn:aws-cn:")})
    assert role_arn(china, "loki") == "arn:aws-cn:iam::123456789012:role/loki"
    assert statements(tls_only_policy(china))[0]["Resource"] == ["arn:aws-cn:s3:::logs-of-test", "arn:aws-cn:s3:::logs-of-test/*"]


@given(some.none() | some.integers(30, 400), some.integers(401, 5000))
def test_age_deletes_nothing_but_the_chunks_of_the_tenant(transition: int | None, expiration: int) -> None:
    rules = lifecycle_rules(Lifecycle(prefix="fake/", transition_days=transition, expiration_days=expiration))
    logs, remains = rules
    assert (logs.id, remains.id) == ("logs", "remains")
    assert remains.expiration is None
    assert remains.transitions is None
    assert bool(logs.transitions) == (transition is not None)


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_that_deletes_by_age_is_below_the_tenant(name: str) -> None:
    for _, rule in each(inputs(name, "BucketLifecycleConfiguration"), "rules", "*"):
        if {"expiration", "transitions"} & set(mapping(rule)):
            assert mapping(mapping(rule)["filter"])["prefix"] == "fake/"


@pytest.mark.parametrize(("name", "protected"), [("dev", False), ("staging", True), ("prod", True)])
def test_logs_that_matter_are_not_deleted_with_the_stack(name: str, protected: bool) -> None:
    assert inputs(name, "Bucket").get("forceDestroy") is not protected
