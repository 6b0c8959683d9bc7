"""Editors that use the schemas agree with what the program accepts."""

from collections.abc import Iterator
from typing import Protocol, cast

from jsonschema import Draft202012Validator, ValidationError

from model.documents import mapping, read
from model.schema import catalogue_schema, pipeline_schema, stack_schema
from tests.model.conftest import ROOT


class Checker(Protocol):
    """What is used of jsonschema's validators, whose own types are incomplete."""

    def iter_errors(self, instance: object) -> Iterator[ValidationError]: ...


def errors(schema: dict[str, object], content: object) -> list[str]:
    Draft202012Validator.check_schema(schema)
    checker = cast("Checker", Draft202012Validator(schema))
    return [error.message for error in checker.iter_errors(content)]


def test_the_files_of_the_project_fit_their_schemas() -> None:
    for name in ("dev", "staging", "prod"):
        assert errors(stack_schema(), read(ROOT, f"Pulumi.{name}.yaml").content) == []
    assert errors(catalogue_schema(), read(ROOT, "configs/catalogues/dharma.yaml").content) == []
    assert errors(pipeline_schema(), read(ROOT, "configs/pipelines/containers.yaml").content) == []


def test_the_schemas_refuse_what_the_program_refuses() -> None:
    catalogue = read(ROOT, "configs/catalogues/dharma.yaml").content
    assert errors(catalogue_schema(), {**catalogue, "servces": {}}) == ["Additional properties are not allowed ('servces' was unexpected)"]
    assert len(errors(catalogue_schema(), {**catalogue, "namespace": "No Name"})) == 1
    assert len(errors(pipeline_schema(), {"stages": [{"match": {"line": "x", "stages": [{"jsn": "x"}]}}]})) == 1
    stack = read(ROOT, "Pulumi.dev.yaml").content
    for key, value in {"prometheus": {"retention": "30"}, "promethues": {}, "webhookUrl": "plain"}.items():
        changed = {**stack, "config": {**mapping(stack["config"]), f"observability:{key}": value}}
        assert len(errors(stack_schema(), changed)) >= 1, key
