"""The aws stand-in against an S3, KMS and IAM API on this machine (moto), over the provider protocol."""

import json
import uuid
from typing import cast

import pytest
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.aws.client import Aws
from sandbox.providers.aws.provider import KINDS
from sandbox.providers.values import Json, Obj, dig, plain_map
from tests.sandbox.providers.plugin import Plugin, RefusedError, Resource, struct, urn_of

BUCKET = "aws:s3/bucket:Bucket"
TRUST = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]})
ACCESS = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]})


@pytest.fixture
def bucket(aws_plugin: Plugin) -> Resource:
    """A bucket of the test's own."""
    return aws_plugin.make("logs", {"bucket": f"logs-{uuid.uuid4().hex[:8]}", "forceDestroy": True}, kind=BUCKET)


def _changed(plugin: Plugin, old: Resource, inputs: Obj) -> list[str]:
    return sorted(plugin.diff(old, plugin.check(old.urn, struct(inputs), old.inputs).inputs).detailedDiff)


SETTINGS: dict[str, tuple[Obj, Obj]] = {
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": True},
        {"blockPublicAcls": True, "blockPublicPolicy": True, "ignorePublicAcls": True, "restrictPublicBuckets": False},
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        {"rule": {"objectOwnership": "ObjectWriter"}},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "a"}, "bucketKeyEnabled": True}]},
        {"rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "b"}, "bucketKeyEnabled": True}]},
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (
        {"versioningConfiguration": {"status": "Enabled"}},
        {"versioningConfiguration": {"status": "Suspended"}},
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        {"rules": [{"id": "old", "status": "Enabled", "filter": {"prefix": "fake/"}, "expiration": {"days": 30}}]},
        {"rules": [{"id": "old", "status": "Enabled", "filter": {"prefix": "fake/"}, "expiration": {"days": 40}}]},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": ({"policy": TRUST}, {"policy": ACCESS}),
}


@pytest.mark.parametrize("token", SETTINGS)
def test_setting_of_a_bucket_goes_through_its_life(aws_plugin: Plugin, bucket: Resource, token: str) -> None:
    first, second = ({"bucket": bucket.id, **fields} for fields in SETTINGS[token])
    made = aws_plugin.make("setting", first, kind=token)
    assert made.id == bucket.id
    assert _changed(aws_plugin, made, first) == []
    assert _changed(aws_plugin, aws_plugin.read(made), first) == []
    assert len(_changed(aws_plugin, made, second)) == 1
    updated = aws_plugin.update(made, second)
    assert _changed(aws_plugin, aws_plugin.read(updated), second) == []
    # The old resource still believes in the first inputs: what it reads is drift.
    assert len(_changed(aws_plugin, aws_plugin.read(made), first)) == 1
    aws_plugin.delete(updated)
    if not token.endswith("BucketVersioning"):
        assert aws_plugin.read(updated).id == ""


def _role(name: str) -> Obj:
    return {"name": name, "assumeRolePolicy": TRUST, "description": "for a test", "tags": {"team": "platform"}}


def test_role_and_its_policy_go_through_their_lives(aws_plugin: Plugin, aws: Aws) -> None:
    name = f"loki-{uuid.uuid4().hex[:8]}"
    role = aws_plugin.make("loki", _role(name), kind="aws:iam/role:Role")
    assert str(role.outputs()["arn"]).endswith(f"role/{name}")
    policy_inputs: Obj = {"role": name, "name": "access", "policy": ACCESS}
    policy = aws_plugin.make("access", policy_inputs, kind="aws:iam/rolePolicy:RolePolicy")
    assert policy.id == f"{name}:access"
    for resource, inputs in ((role, _role(name)), (policy, policy_inputs)):
        assert _changed(aws_plugin, aws_plugin.read(resource), inputs) == []
    changed: Obj = {**_role(name), "tags": {"team": "database"}}
    assert _changed(aws_plugin, role, changed) == ["tags.team"]
    role = aws_plugin.update(role, changed)
    aws.call("iam", "put_role_policy", RoleName=name, PolicyName="access", PolicyDocument=ACCESS.replace("Get", "Put"))
    assert _changed(aws_plugin, aws_plugin.read(policy), policy_inputs) == ["policy"]
    aws_plugin.delete(policy)
    assert aws_plugin.read(policy).id == ""
    aws_plugin.delete(role)
    assert aws_plugin.read(role).id == ""


def test_key_and_alias_go_through_their_lives(aws_plugin: Plugin) -> None:
    inputs: Obj = {"description": "logs", "enableKeyRotation": True, "deletionWindowInDays": 7, "tags": {"team": "platform"}}
    key = aws_plugin.make("logs", inputs, kind="aws:kms/key:Key")
    alias_inputs: Obj = {"name": f"alias/logs-{uuid.uuid4().hex[:8]}", "targetKeyId": key.id}
    alias = aws_plugin.make("logs", alias_inputs, kind="aws:kms/alias:Alias")
    assert _changed(aws_plugin, aws_plugin.read(key), inputs) == []
    assert _changed(aws_plugin, aws_plugin.read(alias), alias_inputs) == []
    changed: Obj = {**inputs, "enableKeyRotation": False, "tags": {}}
    assert _changed(aws_plugin, key, changed) == ["enableKeyRotation", "tags.team"]
    assert _changed(aws_plugin, aws_plugin.read(aws_plugin.update(key, changed)), changed) == []
    aws_plugin.delete(alias)
    aws_plugin.delete(key)
    assert aws_plugin.read(alias).id == ""
    assert aws_plugin.read(key).id == ""


def test_bucket_name_is_made_kept_and_replaced(aws_plugin: Plugin) -> None:
    made = aws_plugin.make("Logs", {"forceDestroy": True}, kind=BUCKET)
    assert made.id.startswith("logs-")
    assert _changed(aws_plugin, made, {"forceDestroy": True}) == []
    diff = aws_plugin.diff(made, struct({"bucket": "another", "forceDestroy": True}))
    assert list(diff.replaces) == ["bucket"]
    assert not diff.deleteBeforeReplace


def test_bucket_tags_are_drift(aws_plugin: Plugin, aws: Aws, bucket: Resource) -> None:
    tagged: Obj = {"bucket": bucket.id, "forceDestroy": True, "tags": {"team": "platform"}}
    bucket = aws_plugin.update(bucket, tagged)
    tags: list[Json] = [{"Key": "team", "Value": "someone"}]
    aws.call("s3", "put_bucket_tagging", Bucket=bucket.id, Tagging={"TagSet": tags})
    assert _changed(aws_plugin, aws_plugin.read(bucket), tagged) == ["tags.team"]


def test_bucket_with_objects_goes_only_by_force(aws_plugin: Plugin, aws: Aws, bucket: Resource) -> None:
    aws.call("s3", "put_object", Bucket=bucket.id, Key="a", Body="b")
    kept = aws_plugin.update(bucket, {"bucket": bucket.id, "forceDestroy": False})
    with pytest.raises(RefusedError, match="BucketNotEmpty"):
        aws_plugin.delete(kept)
    aws_plugin.delete(bucket)
    assert aws_plugin.read(bucket).id == ""
    aws_plugin.delete(bucket)


def test_preview_makes_nothing(aws_plugin: Plugin) -> None:
    previewed = aws_plugin.make("p", {"bucket": "previewed-only"}, kind=BUCKET, preview=True)
    assert previewed.id == ""
    assert aws_plugin.read(Resource(previewed.urn, "previewed-only", previewed.inputs, previewed.state)).id == ""


def test_import_reads_by_id_alone(aws_plugin: Plugin, bucket: Resource) -> None:
    imported = aws_plugin.read(Resource(bucket.urn, bucket.id, struct({}), struct({})))
    assert plain_map(PropertyValue.unmarshal_map(imported.inputs))["bucket"] == bucket.id


def test_secret_input_stays_secret(aws_plugin: Plugin, bucket: Resource) -> None:
    properties = {"bucket": PropertyValue(bucket.id), "policy": PropertyValue(ACCESS, is_secret=True)}
    made = aws_plugin.make("s", properties, kind="aws:s3/bucketPolicy:BucketPolicy")
    for wire in (made.state, aws_plugin.read(made).state):
        assert PropertyValue.unmarshal_map(wire)["policy"].is_secret


@pytest.mark.parametrize(
    ("token", "inputs", "told"),
    [
        (BUCKET, {"forceDestory": True}, "did you mean forceDestroy?"),
        ("aws:ec2/instance:Instance", {}, "is not available here"),
        ("aws:eks/podIdentityAssociation:PodIdentityAssociation", {}, "is not available here"),
    ],
)
def test_what_it_does_not_have_is_refused(aws_plugin: Plugin, token: str, inputs: Obj, told: str) -> None:
    failures = aws_plugin.check(urn_of("x", {}, token), struct(inputs)).failures
    assert told in failures[0].reason


def test_unknown_setting_is_refused(aws_plugin: Plugin) -> None:
    answer = aws_plugin.call(
        "CheckConfig", provider_pb2.CheckRequest(urn="urn:pulumi:a::b::pulumi:providers:aws::x", news=struct({"regoin": "a"}))
    )
    assert "did you mean region?" in cast(provider_pb2.CheckResponse, answer).failures[0].reason


def test_caller_identity(aws_plugin: Plugin) -> None:
    answer = aws_plugin.call("Invoke", provider_pb2.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity"))
    assert dig(plain_map(PropertyValue.unmarshal_map(cast(provider_pb2.InvokeResponse, getattr(answer, "return")))), "accountId")  # pyright: ignore[reportArgumentType]


def test_every_setting_of_a_bucket_is_tested() -> None:
    assert {token for token in KINDS if token.startswith("aws:s3/bucket") and token != BUCKET} == set(SETTINGS)
