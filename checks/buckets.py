"""What every S3 bucket must be, as rules on the resources of a stack: what secures a bucket are resources beside it."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from checks.pods import Problem
from model.documents import each, mapping

BUCKET = "aws:s3/bucket:Bucket"
LASTING_STACK = "prod"
"""Whose buckets outlive every change of the program."""

_CLOSED = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A resource that is asked for."""

    type: str
    name: str
    properties: Mapping[str, object]
    protected: bool = False
    """Whether the engine refuses to delete it."""


def bucket_problems(stack: str, resources: Iterable[Asked]) -> Iterator[tuple[str, Problem]]:
    """What is wrong with each bucket of a stack, by the bucket's name in the program."""
    known = tuple(resources)
    for bucket in known:
        if bucket.type != BUCKET:
            continue
        name = bucket.properties.get("bucket")
        beside = {
            other.type.rpartition(":")[2]: dict(other.properties)
            for other in known
            if other.type != BUCKET and name is not None and other.properties.get("bucket") == name
        }
        for wanted, kept in _COMPANIONS.items():
            if not kept(beside.get(wanted, {})):
                yield bucket.name, (f"bucket {name}", f"has no {wanted} that does what it must", _MEANING[wanted])
        if stack == LASTING_STACK and (not bucket.protected or bucket.properties.get("forceDestroy")):
            yield bucket.name, (f"bucket {name}", "can be deleted with all that is in it", "protect, and no forceDestroy")


def _closed(block: dict[str, object]) -> bool:
    return all(block.get(key) is True for key in _CLOSED)


def _owned(controls: dict[str, object]) -> bool:
    return mapping(controls.get("rule")).get("objectOwnership") == "BucketOwnerEnforced"


def _encrypted(encryption: dict[str, object]) -> bool:
    found = [algorithm for _, algorithm in each(encryption, "rules", "*", "applyServerSideEncryptionByDefault", "sseAlgorithm")]
    return bool(found) and set(found) == {"aws:kms"}


def _tls_only(policy: dict[str, object]) -> bool:
    said = policy.get("policy")
    document = mapping(json.loads(said) if isinstance(said, str) else said)
    refused = [
        statement
        for _, statement in each(document, "Statement", "*")
        if mapping(statement).get("Effect") == "Deny" and mapping(statement).get("Action") == "s3:*"
    ]
    return any(mapping(mapping(mapping(one).get("Condition")).get("Bool")).get("aws:SecureTransport") == "false" for one in refused)


def _versioned(versioning: dict[str, object]) -> bool:
    return mapping(versioning.get("versioningConfiguration")).get("status") == "Enabled"


_COMPANIONS: Mapping[str, Callable[[dict[str, object]], bool]] = {
    "BucketPublicAccessBlock": _closed,
    "BucketOwnershipControls": _owned,
    "BucketServerSideEncryptionConfiguration": _encrypted,
    "BucketPolicy": _tls_only,
    "BucketVersioning": _versioned,
}
_MEANING: Mapping[str, str] = {
    "BucketPublicAccessBlock": f"{', '.join(_CLOSED)}: true",
    "BucketOwnershipControls": "objectOwnership: BucketOwnerEnforced",
    "BucketServerSideEncryptionConfiguration": "sseAlgorithm: aws:kms",
    "BucketPolicy": "a statement that denies s3:* without TLS",
    "BucketVersioning": "status: Enabled",
}
