"""What holds for every component, found by looking at the package: nobody has to remember to add a test."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from pulumi import ResourceOptions
from pulumi_kubernetes.core.v1 import ConfigMap

import components
from checks.record import Recorded, record
from components.base import Component
from tests.components.environments import NAMES, ROOT, resources

TOKENS = {
    "Alertmanager": "observability:index:Alertmanager",
    "Collector": "observability:index:Collector",
    "DatastoreExporter": "observability:index:DatastoreExporter",
    "Elasticsearch": "observability:index:Elasticsearch",
    "Grafana": "observability:index:Grafana",
    "Jaeger": "observability:index:Jaeger",
    "KubeStateMetrics": "observability:index:KubeStateMetrics",
    "LogAgent": "observability:index:LogAgent",
    "LogCanary": "observability:index:LogCanary",
    "LogStorage": "observability:index:LogStorage",
    "Loki": "observability:index:Loki",
    "Namespaces": "observability:index:Namespaces",
    "NodeExporter": "observability:index:NodeExporter",
    "Platform": "observability:index:Platform",
    "Prometheus": "observability:index:Prometheus",
    "Rbac": "observability:index:Rbac",
    "TraceStorage": "observability:index:TraceStorage",
    "Traces": "observability:index:Traces",
    "VolumeClass": "observability:index:VolumeClass",
    "WebAccess": "observability:index:WebAccess",
}
"""The type of each component for ever: it is in the URN of all that it made, and another one would replace all of that."""

READER = "stack.py"
"""The one file that reads the engine's configuration, for ``__main__.py``. It makes no resource, and no component imports it."""

FORBIDDEN = {
    "Config": re.compile(r"\bpulumi\.Config\b|\bimport .*\bConfig\b"),
    "stack": re.compile(r"\bcomponents\.stack\b|\bfrom components import .*\bstack\b"),
    "get_stack": re.compile(r"\bget_stack\b"),
    "provider": re.compile(r"\bprovider=|\bproviders="),
    "environment names": re.compile(r"""["'](dev|staging|prod)["']"""),
}
"""What a component must not know: where its settings come from, and which environment it is in."""


def modules() -> list[ModuleType]:
    return [importlib.import_module(f"components.{module.name}") for module in pkgutil.iter_modules(components.__path__)]


def classes() -> dict[str, type]:
    """Every class of the package by name, where it is defined."""
    return {
        name: value
        for module in modules()
        for name, value in inspect.getmembers(module, inspect.isclass)
        if value.__module__ == module.__name__
    }


def component_classes() -> set[str]:
    return {name for name, value in classes().items() if issubclass(value, Component) and value is not Component}


def orphans(found: Iterable[Recorded]) -> list[str]:
    """Resources that hang on nothing of ours."""
    return [
        resource.name for resource in found if not resource.parents[-1].startswith("observability:") and resource.type != TOKENS["Platform"]
    ]


def unfinished(found: Iterable[Recorded]) -> list[str]:
    """Components that never registered their outputs."""
    return [resource.name for resource in found if resource.type.startswith("observability:") and not resource.complete]


def loose_args(candidates: Iterable[type]) -> Iterator[str]:
    """What is wrong with classes of arguments: they cannot be changed, take nothing by position, and say what each field is."""
    for candidate in candidates:
        source = inspect.getsource(candidate)
        if not source.startswith("@dataclass(frozen=True, kw_only=True)\n"):
            yield f"{candidate.__name__} is not frozen and by keyword only"
        for field in undocumented(source):
            yield f"{candidate.__name__}.{field} says nothing about itself"


def undocumented(source: str) -> list[str]:
    """Fields of a class that no text follows."""
    [definition] = ast.parse(source.lstrip()).body
    assert isinstance(definition, ast.ClassDef)
    pairs = zip(definition.body, [*definition.body[1:], None], strict=True)
    return [
        node.target.id
        for node, following in pairs
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not is_text(following)
    ]


def is_text(node: ast.stmt | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def forbidden(source: str) -> list[str]:
    return [name for name, pattern in FORBIDDEN.items() if pattern.search(source)]


def test_every_component_has_its_pinned_type() -> None:
    assert component_classes() == set(TOKENS)
    recorded = {resource.type for name in NAMES for resource in resources(name) if resource.type.startswith("observability:")}
    assert recorded == set(TOKENS.values())


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_hangs_on_a_component(name: str) -> None:
    assert orphans(resources(name)) == []


def test_an_orphan_is_seen() -> None:
    assert orphans(record(lambda: ConfigMap("stray", data={}), stack="dev")) == ["stray"]


@pytest.mark.parametrize("name", NAMES)
def test_every_component_registers_its_outputs(name: str) -> None:
    assert unfinished(resources(name)) == []


def test_a_component_that_does_not_is_seen() -> None:
    assert unfinished(record(lambda: Component("observability:index:Half", "half"), stack="dev")) == ["half"]


def test_args_are_frozen_by_keyword_and_documented() -> None:
    args = {name: value for name, value in classes().items() if inspect.getsource(value).startswith("@dataclass") or name.endswith("Args")}
    assert {f"{name}Args" for name in TOKENS} <= set(args)
    assert list(loose_args(args.values())) == []


@dataclass
class ChangeableArgs:
    """What the guard must see."""

    name: str


@dataclass(frozen=True)
class PositionalArgs:
    """What the guard must see."""

    name: str
    """Its name."""


def test_loose_args_are_seen() -> None:
    assert list(loose_args([ChangeableArgs, PositionalArgs])) == [
        "ChangeableArgs is not frozen and by keyword only",
        "ChangeableArgs.name says nothing about itself",
        "PositionalArgs is not frozen and by keyword only",
    ]


@pytest.mark.parametrize("path", sorted((ROOT / "components").glob("*.py")), ids=lambda path: path.name)
def test_components_know_neither_configuration_nor_environment(path: Path) -> None:
    assert forbidden(path.read_text()) == (["Config"] if path.name == READER else [])


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import pulumi\npulumi.Config('x')", ["Config"]),
        ("from components.stack import stack_secrets", ["stack"]),
        ("from components import rbac, stack", ["stack"]),
        ("pulumi.get_stack()", ["get_stack"]),
        ("ResourceOptions(provider=p)", ["provider"]),
        ("if env == 'prod': pass", ["environment names"]),
    ],
)
def test_what_they_must_not_know_is_seen(source: str, expected: list[str]) -> None:
    assert forbidden(source) == expected


def test_children_take_the_options_of_their_component() -> None:
    made: list[ResourceOptions] = []

    def program() -> None:
        parent = Component("observability:index:Test", "test")
        made.append(parent.child(after=[parent], timeout="20m", ignore=["spec"]))

    record(program, stack="dev")
    [options] = made
    assert options.parent is not None
    assert options.ignore_changes == ["spec"]
    assert options.custom_timeouts is not None
    assert (options.custom_timeouts.create, options.custom_timeouts.update) == ("20m", "20m")
