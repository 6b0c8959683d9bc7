"""The bucket of production and the role that may use it: each of their controls, changed or taken away behind our back, is drift."""

import json
from collections.abc import Callable, Iterator

import pytest

from sandbox.providers.aws.client import Aws
from sandbox.providers.values import Json, Obj, items, mapping, text
from tests.components.environments import resources
from tests.sandbox.providers.plugin import Plugin, Resource, struct

BUCKET = "dharma-observability-logs-prod"
ROLE = "observability-prod-loki"
SETTINGS = {"PublicAccessBlock", "OwnershipControls", "ServerSideEncryptionConfiguration", "Versioning", "LifecycleConfiguration", "Policy"}
KINDS = {"Bucket", *SETTINGS, "Role", "RolePolicy"}
"""What the log storage consists of, in short."""

Storage = dict[str, tuple[Resource, Obj]]
"""What was made and from what, by kind."""

Break = Callable[[Aws], object]
"""Somebody's change by hand."""


def short(token: str) -> str:
    """``Versioning`` for ``aws:s3/bucketVersioning:BucketVersioning``."""
    kind = token.rsplit(":", 1)[-1]
    return kind if kind == "Bucket" else kind.removeprefix("Bucket")


@pytest.fixture(scope="module")
def storage(aws_plugin: Plugin) -> Iterator[Storage]:
    """All that the program of production asks of AWS, made."""
    asked = [resource for resource in resources("prod") if resource.type.startswith("aws:")]
    # The bucket and the role come before what is theirs.
    asked.sort(key=lambda resource: (short(resource.type) not in ("Bucket", "Role"), resource.type))
    inputs: dict[str, Obj] = {resource.type: json.loads(json.dumps(resource.manifest)) for resource in asked}
    made = {short(token): (aws_plugin.make("log-storage", given, kind=token), given) for token, given in inputs.items()}
    yield made
    for resource, _ in reversed(made.values()):
        aws_plugin.delete(resource)


def drifted(plugin: Plugin, storage: Storage) -> set[str]:
    """The kinds that are not any more as they were made."""
    found: set[str] = set()
    for kind, (made, inputs) in storage.items():
        now = plugin.read(made)
        if not now.id or plugin.diff(now, plugin.check(made.urn, struct(inputs), made.inputs).inputs).detailedDiff:
            found.add(kind)
    return found


def repair(plugin: Plugin, storage: Storage, kinds: set[str]) -> None:
    """What the engine does about drift: makes again what is gone, brings the rest to what was asked for."""
    for kind, (made, inputs) in storage.items():
        if kind not in kinds:
            continue
        now = plugin.read(made)
        again = plugin.update(now, inputs) if now.id else plugin.make("log-storage", inputs, kind=made.urn.split("::")[-2])
        storage[kind] = (again, inputs)


def test_every_control_of_the_issue_is_made_and_none_drifts_by_itself(aws_plugin: Plugin, storage: Storage) -> None:
    assert set(storage) == KINDS
    assert drifted(aws_plugin, storage) == set()


def unblocked(control: str) -> Break:
    """One of the four ways in which public access is blocked is open."""
    rest: Obj = dict.fromkeys(("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True)
    return lambda aws: aws.call("s3", "put_public_access_block", Bucket=BUCKET, PublicAccessBlockConfiguration={**rest, control: False})


def encrypted(algorithm: str, *, key: str | None = None, through_bucket_key: bool = True) -> Break:
    """The bucket encrypts in another way."""
    default: Obj = {"SSEAlgorithm": algorithm, **({"KMSMasterKeyID": key} if key else {})}
    rules: list[Json] = [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": through_bucket_key}]
    return lambda aws: aws.call("s3", "put_bucket_encryption", Bucket=BUCKET, ServerSideEncryptionConfiguration={"Rules": rules})


def lifecycle(edit: Callable[[Obj, Obj], list[Obj]]) -> Break:
    """The lifecycle has other rules, made from the two that there are: ``logs`` and ``remains``."""

    def change(aws: Aws) -> None:
        logs, remains = items(aws.call("s3", "get_bucket_lifecycle_configuration", Bucket=BUCKET), "Rules")
        rules = list[Json](edit(logs, remains))
        aws.call("s3", "put_bucket_lifecycle_configuration", Bucket=BUCKET, LifecycleConfiguration={"Rules": rules})

    return change


def without(rule: Obj, key: str) -> Obj:
    return {name: value for name, value in rule.items() if name != key}


def bucket_policy(**changes: Json) -> Break:
    """The only statement of the bucket's policy says something else."""

    def change(aws: Aws) -> None:
        document = mapping(json.loads(text(aws.call("s3", "get_bucket_policy", Bucket=BUCKET), "Policy")))
        [statement] = items(document, "Statement")
        aws.call("s3", "put_bucket_policy", Bucket=BUCKET, Policy=json.dumps({**document, "Statement": [{**statement, **changes}]}))

    return change


def trusted(claim: str, value: str) -> Break:
    """The role trusts tokens with another claim."""

    def change(aws: Aws) -> None:
        document = mapping(aws.call("iam", "get_role", RoleName=ROLE), "Role", "AssumeRolePolicyDocument")
        told = json.dumps(document)
        conditions = mapping(items(document, "Statement")[0], "Condition", "StringEquals")
        [old] = [text(conditions, key) for key in conditions if key.endswith(f":{claim}")]
        aws.call("iam", "update_assume_role_policy", RoleName=ROLE, PolicyDocument=told.replace(json.dumps(old), json.dumps(value)))

    return change


def allowed(old: str, new: str) -> Break:
    """The role may do something else."""

    def change(aws: Aws) -> None:
        document = json.dumps(aws.call("iam", "get_role_policy", RoleName=ROLE, PolicyName="bucket")["PolicyDocument"])
        assert old in document
        aws.call("iam", "put_role_policy", RoleName=ROLE, PolicyName="bucket", PolicyDocument=document.replace(old, new))

    return change


def of_bucket(operation: str, **parameters: Json) -> Break:
    return lambda aws: aws.call("s3", operation, Bucket=BUCKET, **parameters)


def unroled(aws: Aws) -> None:
    aws.call("iam", "delete_role_policy", RoleName=ROLE, PolicyName="bucket")
    aws.call("iam", "delete_role", RoleName=ROLE)


EVERYTHING_GOES: Obj = {"ID": "tidy", "Status": "Enabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}
OTHER_KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-0000-4000-8000-000000000000"
OWN_KEY = OTHER_KEY.replace("11111111", "00000000")
OTHER_TAGS: list[Json] = [{"Key": "env", "Value": "dev"}, {"Key": "part-of", "Value": "observability"}]

BROKEN: dict[str, tuple[set[str], Break]] = {
    "the tags": ({"Bucket"}, of_bucket("put_bucket_tagging", Tagging={"TagSet": OTHER_TAGS})),
    "public ACLs are taken": ({"PublicAccessBlock"}, unblocked("BlockPublicAcls")),
    "public policies are taken": ({"PublicAccessBlock"}, unblocked("BlockPublicPolicy")),
    "public ACLs count": ({"PublicAccessBlock"}, unblocked("IgnorePublicAcls")),
    "a public policy lets everybody in": ({"PublicAccessBlock"}, unblocked("RestrictPublicBuckets")),
    "no block of public access": ({"PublicAccessBlock"}, of_bucket("delete_public_access_block")),
    "writers own objects": (
        {"OwnershipControls"},
        of_bucket("put_bucket_ownership_controls", OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}),
    ),
    "no owner": ({"OwnershipControls"}, of_bucket("delete_bucket_ownership_controls")),
    "another encryption": ({"ServerSideEncryptionConfiguration"}, encrypted("AES256")),
    "another key": ({"ServerSideEncryptionConfiguration"}, encrypted("aws:kms", key=OTHER_KEY)),
    "no bucket key": ({"ServerSideEncryptionConfiguration"}, encrypted("aws:kms", key=OWN_KEY, through_bucket_key=False)),
    "no encryption": ({"ServerSideEncryptionConfiguration"}, of_bucket("delete_bucket_encryption")),
    "no versions": ({"Versioning"}, of_bucket("put_bucket_versioning", VersioningConfiguration={"Status": "Suspended"})),
    "logs expire too early": (
        {"LifecycleConfiguration"},
        lifecycle(lambda logs, remains: [{**logs, "Expiration": {"Days": 7}}, remains]),
    ),
    "logs never expire": ({"LifecycleConfiguration"}, lifecycle(lambda logs, remains: [without(logs, "Expiration"), remains])),
    "the index expires": ({"LifecycleConfiguration"}, lifecycle(lambda logs, remains: [{**logs, "Filter": {"Prefix": ""}}, remains])),
    "logs move too early": (
        {"LifecycleConfiguration"},
        lifecycle(lambda logs, remains: [{**logs, "Transitions": [{"Days": 1, "StorageClass": "STANDARD_IA"}]}, remains]),
    ),
    "logs move to where they cannot be read": (
        {"LifecycleConfiguration"},
        lifecycle(lambda logs, remains: [{**logs, "Transitions": [{"Days": 30, "StorageClass": "GLACIER"}]}, remains]),
    ),
    "logs do not move": ({"LifecycleConfiguration"}, lifecycle(lambda logs, remains: [without(logs, "Transitions"), remains])),
    "a rule is off": ({"LifecycleConfiguration"}, lifecycle(lambda logs, remains: [{**logs, "Status": "Disabled"}, remains])),
    "old versions go at once": (
        {"LifecycleConfiguration"},
        lifecycle(lambda logs, remains: [logs, {**remains, "NoncurrentVersionExpiration": {"NoncurrentDays": 1}}]),
    ),
    "old versions stay": (
        {"LifecycleConfiguration"},
        lifecycle(lambda logs, remains: [logs, without(remains, "NoncurrentVersionExpiration")]),
    ),
    "uploads are never given up": (
        {"LifecycleConfiguration"},
        lifecycle(lambda logs, remains: [logs, without(remains, "AbortIncompleteMultipartUpload")]),
    ),
    "a rule is gone": ({"LifecycleConfiguration"}, lifecycle(lambda logs, _: [logs])),
    "a rule of somebody else": ({"LifecycleConfiguration"}, lifecycle(lambda logs, remains: [logs, remains, EVERYTHING_GOES])),
    "no lifecycle": ({"LifecycleConfiguration"}, of_bucket("delete_bucket_lifecycle")),
    "reading without TLS": ({"Policy"}, bucket_policy(Action="s3:PutObject")),
    "TLS for the bucket but not for objects": ({"Policy"}, bucket_policy(Resource=[f"arn:aws:s3:::{BUCKET}"])),
    "TLS under no condition": ({"Policy"}, bucket_policy(Condition={"Bool": {"aws:SecureTransport": "true"}})),
    "no policy": ({"Policy"}, of_bucket("delete_bucket_policy")),
    "another account takes the role": ({"Role"}, trusted("sub", "system:serviceaccount:default:default")),
    "tokens that were not made for AWS": ({"Role"}, trusted("aud", "kubernetes")),
    "more actions": ({"RolePolicy"}, allowed('"s3:DeleteObject"', '"s3:*"')),
    "every bucket": ({"RolePolicy"}, allowed(f"arn:aws:s3:::{BUCKET}/*", "arn:aws:s3:::*")),
    "every key": ({"RolePolicy"}, allowed(OWN_KEY, "*")),
    "no rights": (
        {"RolePolicy"},
        lambda aws: aws.call("iam", "delete_role_policy", RoleName=ROLE, PolicyName="bucket"),
    ),
    "no role": ({"Role", "RolePolicy"}, unroled),
    "no bucket": ({"Bucket", *SETTINGS}, of_bucket("delete_bucket")),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_control_that_was_changed_or_taken_away_is_drift_and_is_repaired(
    aws_plugin: Plugin, aws: Aws, storage: Storage, what: str
) -> None:
    expected, change = BROKEN[what]
    change(aws)
    found = drifted(aws_plugin, storage)
    repair(aws_plugin, storage, found | expected)
    assert found == expected
    assert drifted(aws_plugin, storage) == set()


def test_every_kind_of_control_is_broken_at_least_once() -> None:
    assert {kind for expected, _ in BROKEN.values() for kind in expected} == KINDS
