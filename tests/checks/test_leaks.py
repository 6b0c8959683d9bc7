"""Secrets: every one arrives, each in a Secret alone, and a leak anywhere else is seen."""

import pulumi
import pytest
from pulumi_kubernetes.core.v1 import ConfigMap, Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from checks.leaks import CANARY, canary, leak_findings
from checks.record import Recorded, record
from components.base import Component
from model.documents import to_yaml
from model.secrets import MASK, required
from tests.components.environments import NAMES, environment, resources


@pytest.mark.parametrize("name", NAMES)
def test_no_secret_is_anywhere_but_in_a_secret(name: str) -> None:
    assert leak_findings(resources(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_every_secret_arrives(name: str) -> None:
    settings = environment(name)
    arrived = str([resource.inputs for resource in resources(name) if resource.type.endswith(":Secret")])
    for secret in required(settings.settings, settings.catalogues, settings.routing):
        assert canary(secret.key) in arrived


@pytest.mark.parametrize("name", NAMES)
def test_manifests_mask_secrets_and_keep_the_names_of_their_files(name: str) -> None:
    text = "".join(to_yaml(resource.manifest) for resource in resources(name) if resource.type.startswith("kubernetes:"))
    assert CANARY not in text
    assert f"admin-password: '{MASK}'" in text


def leaky(kind: str, value: pulumi.Input[str]) -> tuple[Recorded, ...]:
    """A component that puts a value where it does not belong."""

    def program() -> None:
        options = Component("observability:index:Leaky", "leaky").child()
        match kind:
            case "ConfigMap":
                ConfigMap("leak", data={"file": value}, opts=options)
            case "Secret":
                Secret("leak", metadata=ObjectMetaArgs(annotations={"hint": value}), opts=options)
            case _:
                raise AssertionError(kind)

    return record(program, stack="dev")


@pytest.mark.parametrize(
    ("kind", "value", "key", "problem"),
    [
        ("ConfigMap", canary("password"), "data.file", "holds a secret in plain text"),
        ("Secret", canary("password"), "metadata.annotations.hint", "holds a secret in plain text"),
    ],
)
def test_a_secret_in_plain_text_is_seen(kind: str, value: str, key: str, problem: str) -> None:
    [finding] = leak_findings(leaky(kind, f"password = {value}"))
    assert finding.key == f"leak: {key}"
    assert finding.problem == problem


def test_a_secret_that_is_sealed_but_in_the_wrong_place_is_seen() -> None:
    [finding] = leak_findings(leaky("ConfigMap", pulumi.Output.secret(canary("password"))))
    assert finding.key == "leak: data.file"
    assert finding.problem == "holds a secret"
