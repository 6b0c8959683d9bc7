"""S3: the bucket, and its settings, each of which is a resource of its own with the bucket's name as its id."""

from typing import ClassVar

from sandbox.providers.aws.client import Aws
from sandbox.providers.aws.kinds import Kind, attempt, from_aws, tag_list, tag_map, to_aws
from sandbox.providers.values import Json, Obj, items, mapping, text


class Bucket(Kind):
    """aws:s3/bucket:Bucket without the settings that are resources of their own."""

    properties = frozenset({"bucket", "forceDestroy", "objectLockEnabled", "tags", "region"})
    name_key = "bucket"
    replaces = frozenset({"bucket", "objectLockEnabled", "region"})

    def create(self, aws: Aws, inputs: Obj) -> str:
        """Makes the bucket in the provider's region."""
        name = text(inputs, "bucket")
        # us-east-1 is the one region that must not be named.
        where: dict[str, Json] = {} if aws.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": aws.region}}
        aws.call("s3", "create_bucket", Bucket=name, ObjectLockEnabledForBucket=inputs.get("objectLockEnabled") is True, **where)
        if mapping(inputs, "tags"):
            self.update(aws, name, inputs)
        return name

    def read(self, aws: Aws, resource_id: str) -> Obj | None:
        """Names, address and tags."""
        if attempt(aws, "s3", "head_bucket", "404", "NoSuchBucket", Bucket=resource_id) is None:
            return None
        tags = attempt(aws, "s3", "get_bucket_tagging", "NoSuchTagSet", Bucket=resource_id) or {}
        return {
            "bucket": resource_id,
            "arn": f"arn:aws:s3:::{resource_id}",
            "bucketDomainName": f"{resource_id}.s3.amazonaws.com",
            "bucketRegionalDomainName": f"{resource_id}.s3.{aws.region}.amazonaws.com",
            "region": aws.region,
            "tags": tag_map(tags, "TagSet"),
            "tagsAll": tag_map(tags, "TagSet"),
        }

    def update(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Sets the tags; nothing else can change."""
        tags = mapping(inputs, "tags")
        if tags:
            aws.call("s3", "put_bucket_tagging", Bucket=resource_id, Tagging={"TagSet": tag_list(tags)})
        else:
            aws.call("s3", "delete_bucket_tagging", Bucket=resource_id)

    def delete(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Removes the bucket, with its objects only under forceDestroy."""
        while inputs.get("forceDestroy") is True:
            page = aws.call("s3", "list_object_versions", Bucket=resource_id)
            found = [*items(page, "Versions"), *items(page, "DeleteMarkers")]
            if not found:
                break
            objects: list[Json] = [{"Key": text(one, "Key"), "VersionId": text(one, "VersionId")} for one in found]
            aws.call("s3", "delete_objects", Bucket=resource_id, Delete={"Objects": objects, "Quiet": True})
        aws.call("s3", "delete_bucket", Bucket=resource_id)


class BucketSetting(Kind):
    """A setting of a bucket, put, got and deleted as a whole."""

    operation: ClassVar[str]
    """What follows put_, get_ and delete_ in boto3's names."""
    argument: ClassVar[str]
    """The parameter of put that takes the setting."""
    absent: ClassVar[str]
    """The error code for: there is no such setting."""
    replaces = frozenset({"bucket", "region"})

    def to_setting(self, inputs: Obj) -> Json:
        """The setting for AWS; as it stands unless a kind says otherwise."""
        return to_aws({key: value for key, value in inputs.items() if key not in ("bucket", "region")})

    def from_setting(self, answer: Obj) -> Obj:
        """The inputs that the answer to get amounts to."""
        return mapping(from_aws(answer.get(self.argument, answer)))

    def create(self, aws: Aws, inputs: Obj) -> str:
        """Puts the setting."""
        self.update(aws, text(inputs, "bucket"), inputs)
        return text(inputs, "bucket")

    def read(self, aws: Aws, resource_id: str) -> Obj | None:
        """Gets the setting."""
        answer = attempt(aws, "s3", f"get_{self.operation}", self.absent, "NoSuchBucket", Bucket=resource_id)
        if answer is None:
            return None
        answer.pop("ResponseMetadata", None)
        return {**self.from_setting(answer), "bucket": resource_id, "region": aws.region}

    def update(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Puts the setting anew."""
        aws.call("s3", f"put_{self.operation}", Bucket=resource_id, **{self.argument: self.to_setting(inputs)})

    def delete(self, aws: Aws, resource_id: str, inputs: Obj) -> None:  # noqa: ARG002 - the bucket is all it takes
        """Deletes the setting."""
        operation = self.operation.removesuffix("_configuration")
        attempt(aws, "s3", f"delete_{operation}", self.absent, "NoSuchBucket", Bucket=resource_id)


class PublicAccessBlock(BucketSetting):
    """aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock."""

    properties = frozenset({"bucket", "region", "blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"})
    operation, argument, absent = "public_access_block", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"


class OwnershipControls(BucketSetting):
    """aws:s3/bucketOwnershipControls:BucketOwnershipControls."""

    properties = frozenset({"bucket", "region", "rule"})
    operation, argument, absent = "bucket_ownership_controls", "OwnershipControls", "OwnershipControlsNotFoundError"

    def to_setting(self, inputs: Obj) -> Json:
        """AWS has a list of one rule."""
        return {"Rules": [to_aws(inputs.get("rule"))]}

    def from_setting(self, answer: Obj) -> Obj:
        """The one rule."""
        return {"rule": from_aws(items(answer, "OwnershipControls", "Rules")[0])}


class Encryption(BucketSetting):
    """aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration."""

    properties = frozenset({"bucket", "region", "rules"})
    operation, argument = "bucket_encryption", "ServerSideEncryptionConfiguration"
    absent = "ServerSideEncryptionConfigurationNotFoundError"


class Lifecycle(BucketSetting):
    """aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration."""

    properties = frozenset({"bucket", "region", "rules", "transitionDefaultMinimumObjectSize"})
    operation, argument, absent = "bucket_lifecycle_configuration", "LifecycleConfiguration", "NoSuchLifecycleConfiguration"

    def to_setting(self, inputs: Obj) -> Json:
        """The rules; the minimum size is a header that the sandbox has no use for."""
        return {"Rules": to_aws(inputs.get("rules"))}


class Versioning(BucketSetting):
    """aws:s3/bucketVersioning:BucketVersioning. A bucket cannot lose the setting, only suspend it."""

    properties = frozenset({"bucket", "region", "versioningConfiguration"})
    operation, argument, absent = "bucket_versioning", "VersioningConfiguration", ""

    def to_setting(self, inputs: Obj) -> Json:
        """The status."""
        return to_aws(inputs.get("versioningConfiguration"))

    def from_setting(self, answer: Obj) -> Obj:
        """The status."""
        return {"versioningConfiguration": from_aws(answer)}

    def delete(self, aws: Aws, resource_id: str, inputs: Obj) -> None:
        """Suspends versioning, as the official provider does."""
        if text(inputs, "versioningConfiguration", "status") == "Enabled":
            suspended: Obj = {"Status": "Suspended"}
            attempt(aws, "s3", "put_bucket_versioning", "NoSuchBucket", Bucket=resource_id, VersioningConfiguration=suspended)


class Policy(BucketSetting):
    """aws:s3/bucketPolicy:BucketPolicy."""

    properties = frozenset({"bucket", "region", "policy"})
    operation, argument, absent = "bucket_policy", "Policy", "NoSuchBucketPolicy"

    def to_setting(self, inputs: Obj) -> Json:
        """The document, a text."""
        return inputs.get("policy")

    def from_setting(self, answer: Obj) -> Obj:
        """The document, a text."""
        return {"policy": text(answer, "Policy")}
