"""The bucket of the logs: each control is there, and holds in an S3 and IAM API that answers like AWS's."""

import json
import math
from dataclasses import replace
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pulumi_aws.s3 import BucketLifecycleConfigurationRuleArgs as Rule
from pulumi_aws.s3 import BucketLifecycleConfigurationRuleExpirationArgs as Expiration
from pulumi_aws.s3 import BucketLifecycleConfigurationRuleFilterArgs as RuleFilter
from pulumi_aws.s3 import BucketLifecycleConfigurationRuleTransitionArgs as Transition

from checks.render import render
from components.log_storage import access_policy, lifecycle_rules, role_arn, tls_only_policy, trust_policy
from components.platform import part
from model.documents import each, mapping
from model.environment import Environment
from model.logs import DELETE_DELAY, TENANT, Bucket, Lifecycle, Logs, lifecycle
from tests.components.environments import NAMES, environment, files, resources
from tests.model.test_logs import NEVER_TOUCHED
from tests.model.test_logs import settings as any_logs

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


CLUSTER = "arn:aws-cn:eks:cn-north-1:123456789012:cluster/shop"
BY_POD_IDENTITY = BUCKET.model_copy(update={"oidc_provider": None, "eks_cluster": CLUSTER})


def test_pod_identity_gives_the_role_to_one_service_account_of_one_cluster() -> None:
    [trust] = statements(trust_policy(BY_POD_IDENTITY, LOKI))
    assert (trust["Principal"], trust["Action"]) == ({"Service": "pods.eks.amazonaws.com"}, ["sts:AssumeRole", "sts:TagSession"])
    assert trust["Condition"] == {
        "StringEquals": {
            "aws:RequestTag/eks-cluster-arn": CLUSTER,
            "aws:RequestTag/kubernetes-namespace": "observability",
            "aws:RequestTag/kubernetes-service-account": "loki",
        }
    }
    assert role_arn(BY_POD_IDENTITY, "loki") == "arn:aws-cn:iam::123456789012:role/loki"


def by_pod_identity(given: Environment) -> Environment:
    logs = given.settings.logs
    assert logs is not None
    bucket = logs.bucket.model_copy(update={"oidc_provider": None, "eks_cluster": CLUSTER})
    return replace(given, settings=given.settings.model_copy(update={"logs": logs.model_copy(update={"bucket": bucket})}))


def test_pod_identity_is_bound_to_loki_whose_pods_then_have_no_token_of_their_own() -> None:
    made = render(by_pod_identity(environment("prod")))
    association = json.loads(made["aws/log-storage-pod-identity-association.json"])
    assert {key: association[key] for key in ("clusterName", "namespace", "serviceAccount", "roleArn")} == {
        "clusterName": "shop",
        "namespace": "observability",
        "serviceAccount": "loki",
        "roleArn": "arn:aws-cn:iam::123456789012:role/observability-prod-loki",
    }
    loki = made["manifests/loki.yaml"]
    assert "AWS_REGION" in loki
    for of_a_token in ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE", "serviceAccountToken", "aws-iam-token"):
        assert of_a_token not in loki
        assert of_a_token in files("prod")["manifests/loki.yaml"]
    assert not [path for path in files("prod") if "pod-identity" in path]


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


Rules = list[Rule]

CHUNK = f"{TENANT}/1b2c3d/19a0:19b0:abc"


def moved_by(rules: Rules, key: str, age_days: int) -> list[str]:
    """The rules by which S3 moves an object of this key and age to another class."""
    moves = {str(rule.id): cast("list[Transition]", rule.transitions or []) for rule in rules if below(rule, key)}
    return [name for name, found in moves.items() if any(age_days >= cast(int, move.days) for move in found)]


def deleted_by(rules: Rules, key: str, age_days: int) -> list[str]:
    """The rules by which S3 deletes an object of this key and age."""
    ages = {str(rule.id): cast(Expiration, rule.expiration).days for rule in rules if rule.expiration and below(rule, key)}
    return [name for name, days in ages.items() if age_days >= cast(int, days)]


def below(rule: Rule, key: str) -> bool:
    """Whether a rule is about the objects of this key."""
    return key.startswith(str(cast(RuleFilter, rule.filter).prefix))


def promised_days(logs: Logs) -> int:
    """Until this day every object is there: the longest retention and the compactor's delay."""
    return math.ceil((logs.longest_retention.seconds + DELETE_DELAY.seconds) / 86400)


def harm(rules: Rules, logs: Logs, age_days: int) -> list[str]:
    """What a lifecycle does, to objects of some age and to the tenant's chunks, that no lifecycle may."""
    touched = [key for key in NEVER_TOUCHED if deleted_by(rules, key, age_days) or moved_by(rules, key, age_days)]
    early = [f"{rule} deletes what is promised" for rule in deleted_by(rules, CHUNK, promised_days(logs))]
    kept = [] if deleted_by(rules, CHUNK, promised_days(logs) + 9) else ["never deletes what the compactor forgot"]
    return [*touched, *early, *kept]


@given(any_logs(), some.integers(0, 100_000))
def test_no_rule_reaches_the_index_the_seed_or_anything_younger_than_the_promise(logs: Logs, age_days: int) -> None:
    assert harm(lifecycle_rules(lifecycle(logs)), logs, age_days) == []


LATE = "never deletes what the compactor forgot"
BROKEN: dict[str, tuple[Lifecycle, list[str]]] = {
    "everything": (Lifecycle(prefix="", transition_days=None, expiration_days=39), [*NEVER_TOUCHED]),
    "the index alone": (Lifecycle(prefix="index/", transition_days=30, expiration_days=39), [*NEVER_TOUCHED[:2], LATE]),
    "too early": (Lifecycle(prefix="fake/", transition_days=None, expiration_days=31), ["logs deletes what is promised"]),
    "too late": (Lifecycle(prefix="fake/", transition_days=None, expiration_days=400), [LATE]),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_rule_that_reaches_too_far_is_noticed(what: str) -> None:
    derived, said = BROKEN[what]
    assert harm(lifecycle_rules(derived), Logs(bucket=BUCKET), 100_000) == said


def test_the_rule_about_remains_deletes_nothing_that_can_be_reached() -> None:
    logs, remains = lifecycle_rules(lifecycle(Logs(bucket=BUCKET)))
    assert deleted_by([remains], CHUNK, 100_000) == []
    remains.expiration = Expiration(days=1)
    assert harm([logs, remains], Logs(bucket=BUCKET), 1) == [*NEVER_TOUCHED, "remains deletes what is promised"]


@pytest.mark.parametrize("name", NAMES)
def test_every_rule_that_deletes_by_age_is_below_the_tenant(name: str) -> None:
    for _, rule in each(inputs(name, "BucketLifecycleConfiguration"), "rules", "*"):
        if {"expiration", "transitions"} & set(mapping(rule)):
            assert mapping(mapping(rule)["filter"])["prefix"] == "fake/"


@pytest.mark.parametrize(("name", "protected"), [("dev", False), ("staging", True), ("prod", True)])
def test_logs_that_matter_are_not_deleted_with_the_stack(name: str, protected: bool) -> None:
    assert inputs(name, "Bucket").get("forceDestroy") is not protected
