"""Logs: how long they are kept, where, and by how many servers. What follows from the one retention intent is derived here."""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from model.base import Model
from model.pipeline import Level
from model.quantities import Cpu, Duration, Name, Size, Text
from model.resources import Resources

TENANT = "fake"
"""What Loki calls its only tenant; the chunks of its logs, and nothing else, are below this prefix of the bucket."""

DELETE_DELAY = Duration("2h")
"""How long the compactor waits between marking a chunk and deleting it."""

SHORTEST_RETENTION = Duration("24h")
"""Loki's index has a period of one day, and it deletes nothing younger."""

SHORTEST_TRANSITION_DAYS = 30
"""S3 moves no younger object to infrequent access."""

_DAY = 86400
_MARGIN_DAYS = 7
"""The lifecycle is a safety net: the compactor has a week to come first, so no query finds a chunk gone that its index still names."""

BucketName = Annotated[
    str,
    Text(
        r"(?!xn--|sthree-|amzn-s3-demo-)[a-z0-9][a-z0-9-]{1,61}[a-z0-9](?<!-s3alias)(?<!--ol-s3)(?<!--x-s3)(?<!--table-s3)",
        "a bucket name that S3 takes: 3 to 63 lower-case letters, digits and hyphens, none of AWS's own prefixes and suffixes; no dots",
    ),
]
"""A name that S3 accepts. Dots are allowed by S3, but a host name with them does not fit its certificate."""

Region = Annotated[str, Text(r"[a-z]{2}(-[a-z]+)+-\d", "an AWS region, such as eu-central-1")]
"""An AWS region."""

Address = Annotated[str, Text(r"https?://[a-z0-9][a-z0-9.-]*(:\d{1,5})?", "a web address without a path, such as https://s3.example.org")]
"""Where an S3 API answers."""

KeyArn = Annotated[str, Text(r"arn:aws[a-z-]*:kms:[a-z0-9-]+:\d{12}:key/[0-9a-f-]+", "the ARN of a KMS key")]
"""A KMS key."""

OidcProviderArn = Annotated[
    str, Text(r"arn:aws[a-z-]*:iam::\d{12}:oidc-provider/[A-Za-z0-9./_-]+", "the ARN of the cluster's OIDC identity provider in IAM")
]
"""The identity provider that vouches for a cluster's service accounts."""

EksClusterArn = Annotated[str, Text(r"arn:aws[a-z-]*:eks:[a-z0-9-]+:\d{12}:cluster/[A-Za-z0-9][A-Za-z0-9_-]*", "the ARN of an EKS cluster")]
"""A cluster of EKS."""


class Bucket(Model):
    """The S3 bucket that holds the logs, and who may use it."""

    name: BucketName
    """Its name, unique among all buckets there are."""

    region: Region
    """Where it is."""

    endpoint: Address | None = None
    """The S3 API, when it is not that of AWS in this region."""

    kms_key: KeyArn | None = None
    """The key that encrypts it; the account's own key for S3 when absent."""

    oidc_provider: OidcProviderArn | None = None
    """Vouches for Loki's service account (IRSA), so that no key has to be kept anywhere."""

    eks_cluster: EksClusterArn | None = None
    """Instead of it, the EKS cluster that vouches for the account by its Pod Identity agent, which must run there."""

    protect: bool = True
    """Whether the bucket and its logs outlive every change of the program. Only what may be lost at any time is not protected."""

    transition: Duration | None = Duration("30d")
    """The age at which logs move to infrequent access; never when null. Without effect on logs that do not get as old."""

    expiration: Duration | None = None
    """The age at which S3 itself deletes logs that the compactor has not; derived from the retention when absent."""

    @property
    def voucher(self) -> str:
        """The ARN of who vouches for Loki's service account."""
        return self.oidc_provider or self.eks_cluster or ""

    @property
    def partition(self) -> str:
        """The partition of AWS that it is in, such as ``aws`` or ``aws-cn``: that of who vouches for its user."""
        return self.voucher.split(":")[1]

    @property
    def account(self) -> str:
        """The number of the AWS account that it is in: that of who vouches for its user."""
        return self.voucher.split(":")[4]


class LogClass(Model):
    """Streams that are kept for another time than the rest, such as those of audits."""

    selector: Annotated[str, Text(r"\{.+\}", 'a stream selector, such as {namespace="auth"}')]
    """Which streams."""

    retention: Duration
    """How long they are kept."""


HostFile = Annotated[
    str,
    Text(
        r"/var/log/(?!pods/|containers/)(?!.*\.\./)[\w.*/-]+",
        "files of a node below /var/log, such as /var/log/syslog or /var/log/audit/*.log",
    ),
]
"""A file of a node that is no container's, or several by a pattern."""


class LogAgent(Model):
    """What reads the logs of every node and sends them to Loki."""

    program: Literal["promtail", "alloy"] = "promtail"
    """Both do the same: Promtail is past its end of life, Alloy is what follows it."""

    drop_levels: tuple[Level, ...] = ()
    """Lines of these levels are not kept."""

    host_files: tuple[HostFile, ...] = tuple(f"/var/log/{name}" for name in ("syslog", "messages", "kern.log", "auth.log", "secure"))
    """Files of each node that are read too, where it has them and root owns them; none with an empty list. The journal is not read."""

    resources: Resources = Resources(cpu=Cpu("50m"), memory=Size("128Mi"))
    """What it gets on each node."""


class Logs(Model):
    """Logs: Loki, which keeps them on S3, and the agent that reads them on every node."""

    bucket: Bucket
    retention: Duration = Duration("30d")
    """How long logs are kept; the compactor, the lifecycle of the bucket and the length of queries follow from it."""

    classes: dict[Name, LogClass] = Field(default_factory=dict[Name, LogClass])
    """Streams with a retention of their own."""

    replicas: int = Field(default=1, ge=1, le=9)
    """Loki servers. From three on, each line is on three of them before it is on S3; two would not survive the loss of one."""

    storage: Size = Size("10Gi")
    """The volume of each server, for what is not on S3 yet."""

    result_cache: Size = Size("512Mi")
    """Memory of each server for results of queries."""

    resources: Resources = Resources(cpu=Cpu("200m"), memory=Size("2Gi"))

    agent: LogAgent = LogAgent()
    canary: Resources = Resources(cpu=Cpu("10m"), memory=Size("64Mi"))
    """What the canary gets, which looks in Loki for lines that it prints."""

    @property
    def replication_factor(self) -> int:
        """On how many servers each line is before it is on S3."""
        return min(self.replicas, 3)

    @property
    def longest_retention(self) -> Duration:
        """The longest time that any stream is kept."""
        return max([self.retention, *(other.retention for other in self.classes.values())], key=lambda duration: duration.seconds)


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """What S3 does by itself with the objects below one prefix, by their age in days."""

    prefix: str
    """The beginning of the keys that it touches."""

    transition_days: int | None
    """When they move to infrequent access."""

    expiration_days: int
    """When they are deleted."""


def lifecycle(logs: Logs) -> Lifecycle:
    """The lifecycle of the logs: chunks of the tenant alone, never the index, and later than every promise and the compactor."""
    chosen = logs.bucket.expiration
    expiration = math.floor(chosen.seconds / _DAY) if chosen else shortest_expiration_days(logs.longest_retention) + _MARGIN_DAYS
    wanted = logs.bucket.transition
    transition = max(math.ceil(wanted.seconds / _DAY), SHORTEST_TRANSITION_DAYS) if wanted else None
    return Lifecycle(
        prefix=f"{TENANT}/",
        transition_days=transition if transition is not None and transition < expiration else None,
        expiration_days=expiration,
    )


def shortest_expiration_days(retention: Duration) -> int:
    """The first day on which S3 may delete what is kept for ``retention``: after the compactor's delay, and a day for clocks."""
    return math.ceil((retention.seconds + DELETE_DELAY.seconds) / _DAY) + 1


def region_of(endpoint: str) -> str | None:
    """The region in the name of one of AWS's own endpoints; None for any other server."""
    found = re.search(r"\bs3[.-](?:dualstack\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com", endpoint)
    return found[1] if found else None
