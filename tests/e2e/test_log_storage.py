"""Logs reach the bucket that the engine made, under the prefixes that the lifecycle knows, and are found there after a restart."""

import json
import time
import urllib.parse
import urllib.request

import pytest

from sandbox.kube import Kube
from sandbox.providers.aws.client import Aws
from sandbox.providers.values import items, mapping, text
from tests.conftest import Platform
from tests.waiting import until

pytestmark = pytest.mark.cluster

BUCKET = "observability-logs-dev"
LOKI = "/api/v1/namespaces/observability/pods/loki-0"
PREFIXES = {"fake", "index", "deletion-markers", "loki_cluster_seed.json"}


@pytest.fixture
def aws(platform: Platform) -> Aws:
    """The sandbox's S3, seen from outside the cluster."""
    address = dict.fromkeys(("s3", "iam"), platform.instance.s3_endpoint)
    return Aws({"region": "eu-central-1", "accessKey": "test", "secretKey": "test", "endpoints": json.dumps([address])})


def keys(aws: Aws) -> set[str]:
    return {text(item, "Key") for item in items(aws.call("s3", "list_objects_v2", Bucket=BUCKET), "Contents")}


def address(kube: Kube) -> str:
    service = kube.get("/api/v1/namespaces/observability/services/loki")
    return f"http://{service['spec']['clusterIP']}:3100"


def ask(url: str, body: object = None) -> bytes:
    """GET without a body, POST with one."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data, headers={"Content-Type": "application/json"})  # noqa: S310 - http, ours
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        return bytes(answer.read())


def found(kube: Kube, line: str) -> bool:
    """Whether Loki finds a line of this test."""
    query = urllib.parse.urlencode({"query": f'{{namespace="storage-test"}} |= "{line}"', "since": "1h"})
    try:
        answer = json.loads(ask(f"{address(kube)}/loki/api/v1/query_range?{query}"))
    except OSError:
        return False
    return line in json.dumps(answer["data"]["result"])


def test_a_line_is_in_the_bucket_under_the_tenant_and_is_found_after_a_restart(platform: Platform, aws: Aws) -> None:
    line = f"kept on S3 at {time.time_ns()}"
    stream = {"stream": {"namespace": "storage-test", "service": "test"}, "values": [[str(time.time_ns()), line]]}
    before = keys(aws)
    ask(f"{address(platform.kube)}/loki/api/v1/push", {"streams": [stream]})
    server = platform.kube.get(LOKI)["metadata"]["uid"]
    # It puts on S3 what it holds before it goes.
    platform.kube.call("DELETE", LOKI)
    until(lambda: another(platform.kube, server), seconds=180, what="Loki is back")
    new = keys(aws) - before
    assert any(key.startswith("fake/") for key in new)
    assert any(key.startswith("index/index_") for key in new)
    assert {key.split("/")[0] for key in keys(aws)} <= PREFIXES
    until(lambda: found(platform.kube, line), seconds=60, what="the line is found")


def another(kube: Kube, uid: object) -> bool:
    """Whether the server is a new one, and ready."""
    pod = next((one for one in kube.list("/api/v1/namespaces/observability/pods") if one["metadata"]["name"] == "loki-0"), None)
    if pod is None or pod["metadata"]["uid"] == uid:
        return False
    return any(status["type"] == "Ready" and status["status"] == "True" for status in pod["status"].get("conditions", []))


def test_the_bucket_that_the_engine_made_has_its_controls(platform: Platform, aws: Aws) -> None:
    del platform
    block = mapping(aws.call("s3", "get_public_access_block", Bucket=BUCKET), "PublicAccessBlockConfiguration")
    assert set(block.values()) == {True}
    assert text(aws.call("s3", "get_bucket_versioning", Bucket=BUCKET), "Status") == "Enabled"
    rules = items(aws.call("s3", "get_bucket_lifecycle_configuration", Bucket=BUCKET), "Rules")
    assert [text(rule, "Filter", "Prefix") for rule in rules if "Expiration" in rule] == ["fake/"]
    assert "aws:SecureTransport" in text(aws.call("s3", "get_bucket_policy", Bucket=BUCKET), "Policy")
    role = mapping(aws.call("iam", "get_role", RoleName="observability-dev-loki"), "Role")
    assert "system:serviceaccount:observability:loki" in json.dumps(role["AssumeRolePolicyDocument"])
