"""Where AWS is for an engine: in a sandbox at its own S3, elsewhere at AWS, and logs never go to an S3 that is not there."""

import pytest
from moto.iam.access_control import IAMPolicyStatement, PermissionResult

from sandbox.cloud import ENDPOINT, adapted, variables
from sandbox.cluster.s3 import with_conditions

LOGS = "observability:logs"
ADDRESS = "http://10.200.9.2:5000"


def config(endpoint: str | None) -> dict[str, object]:
    bucket = {"name": "logs"} if endpoint is None else {"name": "logs", "endpoint": endpoint}
    return {"observability:cluster": {"name": "x"}, LOGS: {"retention": "2d", "bucket": bucket}}


@pytest.mark.parametrize("endpoint", [None, ENDPOINT, "https://s3.example.org"])
def test_in_a_sandbox_logs_go_to_its_own_s3(endpoint: str | None) -> None:
    assert adapted(config(endpoint), ADDRESS) == config(ENDPOINT)


def test_elsewhere_the_s3_of_a_sandbox_is_not_there() -> None:
    assert LOGS not in adapted(config(ENDPOINT), None)


@pytest.mark.parametrize("endpoint", [None, "https://s3.example.org"])
def test_elsewhere_all_other_settings_stay(endpoint: str | None) -> None:
    assert adapted(config(endpoint), None) == config(endpoint)


@pytest.mark.parametrize("broken", [{}, {LOGS: "x"}, {LOGS: {"bucket": "x"}}])
def test_what_cannot_be_understood_is_left_to_the_program(broken: dict[str, object]) -> None:
    assert adapted(broken, ADDRESS) == broken


def test_only_a_sandbox_has_keys_that_open_nothing() -> None:
    assert variables(None) == {}
    assert variables(ADDRESS)["AWS_ENDPOINT_URL"] == ADDRESS


DENY = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*"}
TLS_ONLY = {**DENY, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}


@pytest.mark.parametrize(("statement", "expected"), [(DENY, PermissionResult.DENIED), (TLS_ONLY, PermissionResult.NEUTRAL)])
def test_the_sandbox_counts_as_safe_and_other_denials_stay(statement: dict[str, object], expected: PermissionResult) -> None:
    judge = with_conditions(IAMPolicyStatement.is_action_permitted)
    assert judge(IAMPolicyStatement(statement), "s3:GetObject", "arn:aws:s3:::x/y") == expected
