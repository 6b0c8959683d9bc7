"""The project's own environments load, both ways, and nothing unknown gets in at any level."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

import model
from model.base import Model
from model.documents import children, is_mapping, mapping, read, to_yaml
from model.environment import from_config, load
from model.errors import InvalidConfiguration
from model.secrets import required
from model.stack import read_stack
from model.validation import validate
from tests.model.breaking import DEV, DHARMA, ROUTING, VERSIONS, complaints, put
from tests.model.conftest import ROOT

ENVIRONMENTS = ("dev", "staging", "prod")
PROD = "Pulumi.prod.yaml"


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_environments_of_the_project_load(name: str) -> None:
    environment = load(ROOT, name)
    assert environment.name == name
    assert [catalogue.system for catalogue in environment.catalogues] == ["dharma"]
    assert len(environment.catalogues[0].services) == 9
    written = {path.name for path in (ROOT / "configs/rules").glob("*.yaml")}
    without = set[str]() if environment.settings.traces else {"traces.yaml"}
    assert set(environment.rule_files) == (written - without) | {"catalogue.yaml", "system-dharma.yaml"}
    assert set(environment.log_rule_files) == {path.name for path in (ROOT / "configs/log_rules").glob("*.yaml")}


def test_production_survives_the_loss_of_a_node() -> None:
    settings = load(ROOT, "prod").settings
    assert (settings.prometheus.replicas, settings.alertmanager.replicas) == (2, 3)


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_engine_and_the_stack_file_give_the_same(name: str) -> None:
    stack, _ = read_stack(ROOT, name)
    assert from_config(ROOT, name, stack.values) == load(ROOT, name)


def test_the_engine_hears_of_unknown_keys_and_plain_secrets() -> None:
    stack, _ = read_stack(ROOT, "dev")
    with pytest.raises(InvalidConfiguration) as invalid:
        from_config(ROOT, "dev", {**stack.values, "grafanna": {}, "webhookUrl": "http://hook.example"})
    keys = [finding.key for finding in invalid.value.findings]
    assert keys == ["observability:grafanna", "observability:webhookUrl"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_an_environment_has_just_the_secrets_that_it_needs(name: str) -> None:
    environment = load(ROOT, name)
    stack, _ = read_stack(ROOT, name)
    assert {secret.key for secret in required(environment.settings, environment.catalogues, environment.routing)} == set(
        stack.secrets or ()
    )


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_secret_is_encrypted(name: str) -> None:
    config = mapping(read(ROOT, f"Pulumi.{name}.yaml").content["config"])
    secrets = [mapping(value)["secure"] for value in config.values() if "secure" in mapping(value)]
    assert secrets
    assert all(str(secret).startswith("v1:") for secret in secrets)


def mappings(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every mapping within mappings."""
    if is_mapping(value):
        yield path
        for key, item in children(value):
            yield from mappings(item, (*path, key))


EVERYWHERE = [
    (file, path)
    for file in (PROD, DHARMA, ROUTING, VERSIONS)
    for path in mappings(read(ROOT, file).content)
    # A secret with a second key is no secret any more, which is told in other words.
    if not (file == PROD and len(path) > 1 and "secure" in mapping(mapping(read(ROOT, PROD).content["config"])[path[1]]))
]


@pytest.mark.parametrize(("file", "path"), EVERYWHERE, ids=[f"{file}:{'.'.join(path)}" for file, path in EVERYWHERE])
def test_an_unknown_key_is_refused_at_every_level(project: Path, file: str, path: tuple[str, ...]) -> None:
    put(project, file, (*path, "bogusKey"), {})
    assert any("bogusKey" in line for line in complaints(project, "prod"))


def models() -> Iterator[type[BaseModel]]:
    """Every class of every module of ``model`` that reads what people write, whoever imports it."""
    for module in pkgutil.iter_modules(model.__path__, "model."):
        for value in vars(importlib.import_module(module.name)).values():
            if isinstance(value, type) and issubclass(value, BaseModel) and value.__module__ == module.name and value is not Model:
                yield value


def test_every_module_is_looked_through_for_models() -> None:
    assert {"model.settings", "model.catalogue", "model.routing", "model.prices"} <= {found.__module__ for found in models()}


@pytest.mark.parametrize("model", list(models()), ids=lambda model: f"{model.__module__}.{model.__name__}")
def test_every_model_is_closed_and_frozen(model: type[BaseModel]) -> None:
    assert model.model_config.get("frozen")
    with pytest.raises(InvalidConfiguration) as invalid:
        validate(model, {"bogusKey": 1}, file="f")
    assert any(finding.problem == "unknown key 'bogusKey'" for finding in invalid.value.findings)


def test_what_is_written_in_another_order_is_the_same(project: Path) -> None:
    content = read(project, DEV).content
    content["config"] = dict(reversed(mapping(content["config"]).items()))
    (project / DEV).write_text(to_yaml(content))
    assert load(project, "dev") == load(ROOT, "dev")
