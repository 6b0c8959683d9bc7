"""Where logs are kept: an S3 bucket that nobody but Loki may read, with a lifecycle that is later than every promise."""

import json
from dataclasses import dataclass

from pulumi import ResourceOptions
from pulumi_aws.eks import PodIdentityAssociation
from pulumi_aws.iam import Role, RolePolicy
from pulumi_aws.s3 import (
    Bucket,
    BucketLifecycleConfiguration,
    BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs,
    BucketLifecycleConfigurationRuleArgs,
    BucketLifecycleConfigurationRuleExpirationArgs,
    BucketLifecycleConfigurationRuleFilterArgs,
    BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs,
    BucketLifecycleConfigurationRuleTransitionArgs,
    BucketOwnershipControls,
    BucketOwnershipControlsRuleArgs,
    BucketPolicy,
    BucketPublicAccessBlock,
    BucketServerSideEncryptionConfiguration,
    BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs,
    BucketServerSideEncryptionConfigurationRuleArgs,
    BucketVersioning,
    BucketVersioningVersioningConfigurationArgs,
)

from components.base import OWNER, Component, Identity, kept
from model.logs import Bucket as BucketSettings
from model.logs import Lifecycle, Logs, lifecycle

ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
"""What Loki does with objects; besides, it lists them."""

OLD_VERSIONS_DAYS = 7
"""How long what was overwritten or deleted can be had back."""

UNFINISHED_UPLOADS_DAYS = 3
"""How long the parts of an upload wait for the rest."""

Document = dict[str, object]
"""A mapping of a JSON document."""


@dataclass(frozen=True, kw_only=True)
class LogStorageArgs:
    """What the bucket is made from."""

    settings: Logs
    """The bucket, the retention from which its lifecycle follows, and who vouches for accounts."""

    account: Identity
    """The service account that may use it."""

    role: str
    """The name of the IAM role that the account takes."""

    environment: str
    """The ``env`` tag of all that costs money."""


class LogStorage(Component):
    """The bucket, its settings, and the role that Loki takes.

    The bucket is protected, and left where it is, unless the settings say it may be lost; so are its settings, without which what is in
    it would be open, in plain text or there for ever.
    """

    def __init__(self, name: str, args: LogStorageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:LogStorage", name, opts)
        chosen = args.settings.bucket
        tags = {"part-of": OWNER, "env": args.environment}
        keep = kept(self.child(), data=chosen.protect)
        bucket = Bucket(name, bucket=chosen.name, force_destroy=not chosen.protect, tags=tags, opts=keep)
        self._secure(name, bucket, chosen)
        BucketLifecycleConfiguration(name, bucket=bucket.bucket, rules=lifecycle_rules(lifecycle(args.settings)), opts=keep)
        role = Role(name, name=args.role, assume_role_policy=to_json(trust_policy(chosen, args.account)), tags=tags, opts=self.child())
        RolePolicy(name, role=role.name, name="bucket", policy=to_json(access_policy(chosen)), opts=self.child())
        if chosen.eks_cluster:
            PodIdentityAssociation(
                name,
                cluster_name=chosen.eks_cluster.rpartition("/")[2],
                namespace=args.account.namespace,
                service_account=args.account.name,
                role_arn=role_arn(chosen, args.role),
                tags=tags,
                opts=self.child(after=[role]),
            )
        self.register_outputs({"bucket": bucket.bucket, "role": role.name})

    def _secure(self, name: str, bucket: Bucket, chosen: BucketSettings) -> None:
        """Never public, encrypted on the way and at rest, owned by the account, and what is deleted by mistake can be had back."""
        keep = kept(self.child(), data=chosen.protect)
        block = BucketPublicAccessBlock(
            name,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=keep,
        )
        ownership = BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced")
        BucketOwnershipControls(name, bucket=bucket.bucket, rule=ownership, opts=keep)
        BucketServerSideEncryptionConfiguration(name, bucket=bucket.bucket, rules=[encryption_rule(chosen)], opts=keep)
        versioning = BucketVersioningVersioningConfigurationArgs(status="Enabled")
        BucketVersioning(name, bucket=bucket.bucket, versioning_configuration=versioning, opts=keep)
        after_block = kept(self.child(after=[block]), data=chosen.protect)
        BucketPolicy(name, bucket=bucket.bucket, policy=to_json(tls_only_policy(chosen)), opts=after_block)


def role_arn(settings: BucketSettings, role: str) -> str:
    """The ARN of a role in the account of the bucket."""
    return f"arn:{settings.partition}:iam::{settings.account}:role/{role}"


def bucket_arn(settings: BucketSettings) -> str:
    """The ARN of the bucket."""
    return f"arn:{settings.partition}:s3:::{settings.name}"


def encryption_rule(settings: BucketSettings) -> BucketServerSideEncryptionConfigurationRuleArgs:
    """Encryption by KMS, with a key of the bucket's own in between: without it every object is a paid call to KMS."""
    by_default = BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
        sse_algorithm="aws:kms", kms_master_key_id=settings.kms_key
    )
    return BucketServerSideEncryptionConfigurationRuleArgs(apply_server_side_encryption_by_default=by_default, bucket_key_enabled=True)


def lifecycle_rules(derived: Lifecycle) -> list[BucketLifecycleConfigurationRuleArgs]:
    """Age moves and deletes the tenant's chunks alone; everywhere, what nobody can reach any more goes away."""
    transition = BucketLifecycleConfigurationRuleTransitionArgs(days=derived.transition_days, storage_class="STANDARD_IA")
    logs = BucketLifecycleConfigurationRuleArgs(
        id="logs",
        status="Enabled",
        filter=BucketLifecycleConfigurationRuleFilterArgs(prefix=derived.prefix),
        transitions=[transition] if derived.transition_days is not None else None,
        expiration=BucketLifecycleConfigurationRuleExpirationArgs(days=derived.expiration_days),
    )
    # No expiration here: this one is about the index too.
    remains = BucketLifecycleConfigurationRuleArgs(
        id="remains",
        status="Enabled",
        filter=BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
        noncurrent_version_expiration=BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(noncurrent_days=OLD_VERSIONS_DAYS),
        abort_incomplete_multipart_upload=BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
            days_after_initiation=UNFINISHED_UPLOADS_DAYS
        ),
    )
    return [logs, remains]


def tls_only_policy(settings: BucketSettings) -> Document:
    """Nobody reaches the bucket without TLS."""
    arn = bucket_arn(settings)
    return _policy(
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def trust_policy(settings: BucketSettings, account: Identity) -> Document:
    """One service account of one cluster may take the role."""
    trust = agent_trust if settings.eks_cluster else token_trust
    return _policy(trust(settings.voucher, account))


def token_trust(provider: str, account: Identity) -> Document:
    """IRSA: with a token of the account that was made for AWS."""
    issuer = provider.partition(":oidc-provider/")[2]
    subject = f"system:serviceaccount:{account.namespace}:{account.name}"
    return {
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": {f"{issuer}:aud": "sts.amazonaws.com", f"{issuer}:sub": subject}},
    }


def agent_trust(cluster: str, account: Identity) -> Document:
    """Pod Identity: the service takes the role for whoever is associated with it, anywhere in the AWS account; so its tags say for whom."""
    tags = {"eks-cluster-arn": cluster, "kubernetes-namespace": account.namespace, "kubernetes-service-account": account.name}
    return {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {f"aws:RequestTag/{tag}": value for tag, value in tags.items()}},
    }


def access_policy(settings: BucketSettings) -> Document:
    """Four actions on this bucket, and two on its key where it has one of its own."""
    arn = bucket_arn(settings)
    use_key: Document = {"Effect": "Allow", "Action": ["kms:GenerateDataKey", "kms:Decrypt"], "Resource": settings.kms_key}
    return _policy(
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": arn},
        {"Effect": "Allow", "Action": list(ACTIONS), "Resource": f"{arn}/*"},
        *([use_key] if settings.kms_key else []),
    )


def _policy(*statements: Document) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def to_json(policy: Document) -> str:
    """A policy as AWS takes it."""
    return json.dumps(policy)
