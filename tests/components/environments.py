"""The environments of this project, loaded and recorded once each for all tests that look at them."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from checks.leaks import canary
from checks.record import Recorded, record_platform
from checks.render import render
from model.environment import Environment, load

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("dev", "staging", "prod")


@cache
def environment(name: str) -> Environment:
    """One environment as it is in this checkout."""
    return load(ROOT, name)


@cache
def resources(name: str) -> tuple[Recorded, ...]:
    """What it would deploy, with canaries for secrets."""
    return record_platform(environment(name), canary)


@cache
def files(name: str) -> Mapping[str, str]:
    """All files that are rendered of it."""
    return MappingProxyType(render(environment(name)))


def manifest(name: str, kind: str, called: str) -> dict[str, object]:
    """One Kubernetes object of an environment."""
    found = [resource.manifest for resource in resources(name) if resource.type.endswith(f":{kind}") and resource.name == called]
    assert len(found) == 1, f"{len(found)} objects of kind {kind} are called {called}"
    return found[0]
