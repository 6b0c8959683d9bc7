"""Recording a program: everything it asks for, and its errors."""

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import ConfigMap

from checks.record import LATER, readable, record
from model.secrets import MASK


def test_errors_of_the_program_are_raised() -> None:
    def program() -> None:
        raise LookupError("no such team")

    with pytest.raises(LookupError, match="no such team"):
        record(program, stack="dev")


def test_errors_within_outputs_are_raised() -> None:
    def fail(_: str) -> str:
        raise LookupError("no such value")

    def program() -> None:
        ConfigMap("a", data={"b": pulumi.Output.from_input("c").apply(fail)})

    with pytest.raises(LookupError, match="no such value"):
        record(program, stack="dev")


def test_a_program_that_needs_a_cloud_is_refused() -> None:
    with pytest.raises(Exception, match="aws:index/getCallerIdentity"):
        record(lambda: pulumi.runtime.invoke("aws:index/getCallerIdentity:getCallerIdentity", {}), stack="dev")


def test_what_only_the_cluster_knows_is_said_to_be_so() -> None:
    def program() -> None:
        first = ConfigMap("first", data={})
        ConfigMap("second", data={"version": first.metadata.apply(lambda metadata: metadata.resource_version or "")})

    [_, second] = record(program, stack="dev")
    assert second.manifest["data"] == {"version": LATER}
    assert second.manifest["metadata"] == {}


def test_values_are_written_as_people_write_them() -> None:
    envelope = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", "value": {"key": "hunter2"}}
    assert readable({"b": 2.0, "a": [1.5, True], "none": None, "secret": envelope}) == {"a": [1.5, True], "b": 2, "secret": {"key": MASK}}
