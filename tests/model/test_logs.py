"""What follows from the one retention: the lifecycle of the bucket, and what is refused."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import TypeAdapter, ValidationError

from model.logs import DELETE_DELAY, SHORTEST_TRANSITION_DAYS, Bucket, BucketName, Lifecycle, LogClass, Logs, lifecycle, region_of
from model.quantities import Duration

PROVIDER = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.eu-central-1.amazonaws.com/id/A"
DAY = 86400
NEVER_TOUCHED = ("index/index_20778/1-compactor.tsdb.gz", "index/delete_requests/x.gz", "loki_cluster_seed.json", "deletion-markers/1")


def bucket(transition: Duration | None = None) -> Bucket:
    return Bucket(name="logs-of-test", region="eu-central-1", oidc_provider=PROVIDER, transition=transition)


DURATIONS = some.integers(24, 24 * 4000).map(lambda hours: Duration(f"{hours}h"))


@some.composite
def settings(draw: some.DrawFn) -> Logs:
    """Logs with a retention, classes and a transition of any length that is allowed."""
    others = draw(some.lists(DURATIONS, max_size=3))
    return Logs(
        bucket=bucket(draw(some.none() | DURATIONS)),
        retention=draw(DURATIONS),
        classes={f"class-{index}": LogClass(selector='{a="b"}', retention=retention) for index, retention in enumerate(others)},
    )


def faults(rule: Lifecycle, logs: Logs) -> list[str]:
    """What a lifecycle would do that no lifecycle may."""
    found = [key for key in NEVER_TOUCHED if key.startswith(rule.prefix)]
    promised = logs.longest_retention.seconds + DELETE_DELAY.seconds
    if rule.expiration_days * DAY <= promised:
        found.append("deletes what is promised to be there")
    if rule.transition_days is not None and not SHORTEST_TRANSITION_DAYS <= rule.transition_days < rule.expiration_days:
        found.append("moves when S3 does not")
    return found


@given(settings())
def test_no_lifecycle_touches_the_index_or_anything_younger_than_the_promise(logs: Logs) -> None:
    assert faults(lifecycle(logs), logs) == []
    assert lifecycle(logs).prefix == "fake/"


@given(settings())
def test_the_compactor_comes_first_by_a_week(logs: Logs) -> None:
    compacted = math.ceil((logs.longest_retention.seconds + DELETE_DELAY.seconds) / DAY)
    assert lifecycle(logs).expiration_days >= compacted + 7


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (Lifecycle(prefix="", transition_days=None, expiration_days=90), [*NEVER_TOUCHED]),
        (Lifecycle(prefix="i", transition_days=None, expiration_days=90), [*NEVER_TOUCHED[:2]]),
        (Lifecycle(prefix="fake/", transition_days=None, expiration_days=30), ["deletes what is promised to be there"]),
        (Lifecycle(prefix="fake/", transition_days=29, expiration_days=90), ["moves when S3 does not"]),
        (Lifecycle(prefix="fake/", transition_days=90, expiration_days=90), ["moves when S3 does not"]),
    ],
)
def test_a_lifecycle_that_loses_logs_is_noticed(rule: Lifecycle, said: list[str]) -> None:
    assert faults(rule, Logs(bucket=bucket())) == said


def test_the_seed() -> None:
    logs = Logs(bucket=Bucket(name="logs-of-test", region="eu-central-1", oidc_provider=PROVIDER))
    assert logs.retention == "30d"
    assert lifecycle(logs) == Lifecycle(prefix="fake/", transition_days=30, expiration_days=39)


def test_logs_that_do_not_get_old_stay_where_they_are() -> None:
    assert lifecycle(Logs(bucket=bucket(Duration("30d")), retention=Duration("2d"))).transition_days is None


@pytest.mark.parametrize(("replicas", "factor"), [(1, 1), (3, 3), (5, 3)])
def test_a_line_is_on_three_servers_where_there_are_as_many(replicas: int, factor: int) -> None:
    assert Logs(bucket=bucket(), replicas=replicas).replication_factor == factor


REFUSED_NAMES = (
    *("ab", "a" * 64, "Logs", "logs_x", "-logs", "logs-", "lo.gs", "192.168.0.1", "lo gs", ""),
    *("xn--logs", "sthree-logs", "amzn-s3-demo-logs", "logs-s3alias", "logs--ol-s3", "logs--x-s3", "logs--table-s3"),
)


@pytest.mark.parametrize("name", REFUSED_NAMES)
def test_names_that_s3_refuses(name: str) -> None:
    with pytest.raises(ValidationError, match="a bucket name that S3 takes"):
        TypeAdapter[str](BucketName).validate_python(name)


@pytest.mark.parametrize("name", ["abc", "a" * 63, "4-logs", "observability-logs-dev", "sthreelogs"])
def test_names_that_s3_takes(name: str) -> None:
    assert TypeAdapter[str](BucketName).validate_python(name) == name


@pytest.mark.parametrize(
    ("endpoint", "region"),
    [
        ("https://s3.eu-west-1.amazonaws.com", "eu-west-1"),
        ("https://s3.dualstack.us-east-2.amazonaws.com", "us-east-2"),
        ("https://s3-us-west-2.amazonaws.com", "us-west-2"),
        ("http://s3.sandbox.svc.cluster.local:5000", None),
        ("https://s3.amazonaws.com.example.org", None),
    ],
)
def test_the_region_of_an_endpoint(endpoint: str, region: str | None) -> None:
    assert region_of(endpoint) == region
