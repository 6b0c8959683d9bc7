"""Mistakes in the settings of logs, each of which would lose some or keep Loki from starting."""

from pathlib import Path

import pytest

from model.environment import load
from tests.model.breaking import DEV, DURATION, REMOVED, complaints, put

LOGS = ("config", "observability:logs")
BUCKET = (*LOGS, "bucket")

MISTAKES: dict[str, tuple[tuple[str, ...], object, str]] = {
    "retention shorter than Loki allows": (
        (*LOGS, "retention"),
        "12h",
        "retention: '12h' was given; allowed: 24h or longer: the index of Loki has a period of one day",
    ),
    "retention without a unit": ((*LOGS, "retention"), "30", f"retention: '30' was given; allowed: {DURATION}"),
    "a class that is kept shorter": (
        (*LOGS, "classes"),
        {"audit": {"selector": '{service="auth"}', "retention": "1h"}},
        "classes.audit.retention: '1h' was given; allowed: 24h or longer: the index of Loki has a period of one day",
    ),
    "lifecycle shorter than retention": (
        (*BUCKET, "expiration"),
        "3d",
        "bucket.expiration: '3d' was given: S3 would delete logs that are kept for 2d; "
        "allowed: 4d or longer, or nothing, and it is derived",
    ),
    "a bucket name that S3 refuses": (
        (*BUCKET, "name"),
        "Logs.Dev",
        "bucket.name: 'Logs.Dev' was given; allowed: a bucket name that S3 takes: 3 to 63 lower-case letters, digits and hyphens, "
        "none of AWS's own prefixes and suffixes; no dots",
    ),
    "a region that contradicts the endpoint": (
        (*BUCKET, "endpoint"),
        "https://s3.eu-west-1.amazonaws.com",
        "bucket.endpoint: 'https://s3.eu-west-1.amazonaws.com' is in eu-west-1, the bucket in eu-central-1; allowed: one region",
    ),
    "a key of another region": (
        (*BUCKET, "kmsKey"),
        "arn:aws:kms:us-east-1:123456789012:key/0a",
        "bucket.kmsKey: 'arn:aws:kms:us-east-1:123456789012:key/0a' is in us-east-1, the bucket in eu-central-1; "
        "allowed: a key of its region",
    ),
    "two servers": (
        (*LOGS, "replicas"),
        2,
        "replicas: 2 was given: with two copies, the loss of one server stops all writing; allowed: 1, or 3 and more",
    ),
    "a cache that leaves no memory": (
        (*LOGS, "resultCache"),
        "512Mi",
        "resultCache: '512Mi' was given; allowed: at most half of resources.memory (384Mi)",
    ),
    "nobody who vouches for Loki": (
        (*BUCKET, "oidcProvider"),
        REMOVED,
        "bucket.oidcProvider: nobody vouches for Loki's service account; allowed: either oidcProvider or eksCluster",
    ),
    "two who vouch for Loki": (
        (*BUCKET, "eksCluster"),
        "arn:aws:eks:eu-central-1:123456789012:cluster/dev",
        "bucket.oidcProvider: both were given; allowed: either oidcProvider or eksCluster",
    ),
    "files that are containers'": (
        (*LOGS, "agent", "hostFiles"),
        ["/var/log/syslog", "/var/log/pods/*/*.log"],
        "agent.hostFiles[1]: '/var/log/pods/*/*.log' was given; allowed: "
        "files of a node below /var/log, such as /var/log/syslog or /var/log/audit/*.log",
    ),
    "files elsewhere": (
        (*LOGS, "agent", "hostFiles"),
        ["/var/log/../../etc/shadow"],
        "agent.hostFiles[0]: '/var/log/../../etc/shadow' was given; allowed: "
        "files of a node below /var/log, such as /var/log/syslog or /var/log/audit/*.log",
    ),
    "a misspelt key": (
        (*BUCKET, "regoin"),
        "eu-central-1",
        "bucket.regoin: unknown key 'regoin'; allowed: name, region, endpoint, kmsKey, oidcProvider, eksCluster, protect, transition, "
        "expiration; "
        "did you mean 'region'?",
    ),
}


@pytest.mark.parametrize(("path", "value", "said"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(project: Path, path: tuple[str, ...], value: object, said: str) -> None:
    put(project, DEV, path, value)
    assert complaints(project) == [f"{DEV}: observability:logs.{said}"]


def test_the_name_of_a_cluster_does_not_say_whose_it_is(project: Path) -> None:
    put(project, DEV, (*BUCKET, "oidcProvider"), REMOVED)
    put(project, DEV, (*BUCKET, "eksCluster"), "dev")
    assert complaints(project) == [f"{DEV}: observability:logs.bucket.eksCluster: 'dev' was given; allowed: the ARN of an EKS cluster"]


def test_the_shortest_lifecycle_that_keeps_the_promise(project: Path) -> None:
    put(project, DEV, (*BUCKET, "expiration"), "4d")
    logs = load(project, "dev").settings.logs
    assert logs is not None
    assert logs.bucket.expiration == "4d"


def test_an_environment_without_logs_has_no_rules_on_them(project: Path) -> None:
    assert load(project, "dev").log_rule_files
    with_logs = set(load(project, "dev").rule_files)
    put(project, DEV, LOGS, None)
    assert with_logs - set(load(project, "dev").rule_files) == {"logs.yaml", "logs-canary.yaml"}
    assert load(project, "dev").log_rule_files == {}
