"""``__main__.py`` as the engine runs it: the whole stack's configuration in, the platform out, or an error that people can read."""

import json
import runpy
from collections.abc import Mapping

import pulumi
import pytest
import yaml
from pulumi_kubernetes.core.v1 import ConfigMap

from checks.leaks import canary, leak_findings
from checks.record import Recorded, record
from components.base import Component
from components.stack import stack_secrets
from model.documents import mapping
from model.secrets import required
from tests.components.environments import NAMES, ROOT, environment, resources

Config = dict[str, object]


def plain(name: str) -> Config:
    """The settings of a stack file, without its secrets."""
    config = mapping(mapping(yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text()))["config"])
    return {key: value for key, value in config.items() if key.startswith("observability:") and "secure" not in mapping(value)}


def run(name: str, config: Mapping[str, object], outputs: Mapping[str, object] | None = None) -> tuple[Recorded, ...]:
    """The program, given its configuration as text as the engine gives it, and the outputs of its last deployment."""
    given = environment(name)
    needed = required(given.settings, given.catalogues, given.routing)
    secrets = {f"observability:{secret.key}": f"https://{canary(secret.key)}" for secret in needed}
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in config.items()}

    def program() -> None:
        pulumi.runtime.set_all_config({**texts, **secrets}, list(secrets))
        runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")

    return record(program, stack=name, outputs=outputs)


def kubernetes(found: tuple[Recorded, ...]) -> list[dict[str, object]]:
    return [resource.manifest for resource in found if resource.type.startswith("kubernetes:")]


@pytest.mark.parametrize("name", NAMES)
def test_the_program_deploys_what_is_rendered_and_leaks_nothing(name: str) -> None:
    found = run(name, plain(name))
    assert kubernetes(found) == kubernetes(resources(name))
    assert leak_findings(found) == []


def marks() -> set[str]:
    """What is said of the secrets as `components/stack.py` reads them, each put where nobody else marks it: Secrets are marked anyway."""
    given = environment("dev")
    secrets = {
        f"observability:{one.key}": f"https://{canary(one.key)}" for one in required(given.settings, given.catalogues, given.routing)
    }

    def program() -> None:
        pulumi.runtime.set_all_config(secrets, list(secrets))
        options = Component("observability:index:Leaky", "leaky").child()
        for key, value in stack_secrets(given).items():
            ConfigMap(key, data={"value": value}, opts=options)

    found = leak_findings(record(program, stack="dev"))
    assert len(found) == len(secrets)
    return {finding.problem for finding in found}


def test_every_secret_is_marked_before_it_goes_anywhere() -> None:
    assert marks() == {"holds a secret"}


def test_a_secret_that_is_read_as_a_setting_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    def unmarked(config: pulumi.Config, key: str) -> pulumi.Output[str]:
        return pulumi.Output.from_input(config.require(key))

    monkeypatch.setattr(pulumi.Config, "require_secret", unmarked)
    assert marks() == {"holds a secret in plain text"}


def test_the_provider_changes_config_maps_and_secrets_in_place_and_knows_its_cluster() -> None:
    [provider] = [resource.inputs for resource in run("prod", plain("prod")) if resource.type == "pulumi:providers:kubernetes"]
    assert provider["enableConfigMapMutable"] in (True, "true")
    assert provider["enableSecretMutable"] in (True, "true")
    assert (provider["clusterIdentifier"], provider["context"]) == ("prod", "prod")


@pytest.mark.parametrize(
    ("key", "value", "place", "said"),
    [
        (
            "observability:promtheus",
            {"replicas": 2},
            "Pulumi.dev.yaml: observability:promtheus: ",
            "did you mean 'observability:prometheus'?",
        ),
        ("observability:prometheus", {"replica": 2}, "Pulumi.dev.yaml: observability:prometheus.replica: ", "did you mean 'replicas'?"),
        ("observability:catalogues", ["darma"], "configs/catalogues/darma.yaml: there is no such file", "did you mean 'dharma.yaml'?"),
        (
            "observability:prometheus",
            "2",
            "Pulumi.dev.yaml: observability:prometheus: ",
            "'2' was given; allowed: a mapping of keys to values",
        ),
    ],
)
def test_bad_settings_are_told_in_words(key: str, value: object, place: str, said: str) -> None:
    with pytest.raises(pulumi.RunError) as error:
        run("dev", {**plain("dev"), key: value})
    assert str(error.value).startswith(f"the configuration cannot be used:\n{place}")
    assert said in str(error.value)
    assert error.value.__suppress_context__


def test_several_mistakes_are_told_at_once() -> None:
    with pytest.raises(pulumi.RunError) as error:
        run("dev", {**plain("dev"), "observability:promtheus": {}, "observability:grafana": {"storage": "1GB"}})
    assert "promtheus" in str(error.value)
    assert "1GB" in str(error.value)
