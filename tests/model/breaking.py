"""Ways to break a project's data, and to read what is said about it."""

from pathlib import Path

import pytest

from model.documents import mapping, read, to_yaml
from model.environment import load
from model.errors import InvalidConfiguration

DHARMA = "configs/catalogues/dharma.yaml"
ROUTING = "configs/routing.yaml"
VERSIONS = "configs/versions.yaml"
DEV = "Pulumi.dev.yaml"
REMOVED = object()
"""The value of a key that goes away."""

GATEWAY = ("services", "api-gateway")
AUTH = ("services", "auth")
SERVICE_KEYS = "description, team, tier, port, metricsPath, slo, signals, metrics, thresholds, sampling, estimate, dependencies"
TEAMS = "ai, database, delivery, finops, infrastructure, platform, security"
DURATION = "a duration with a unit of ms, s, m, h, d, w or y, such as 30d, 15s or 500ms"
SECURE = {"secure": "v1:x:y"}
NOTIFICATIONS = mapping(mapping(read(Path(__file__).parents[2], DEV).content["config"])["observability:notifications"])
"""How dev tells people, as it is in the repository."""

RULES = "configs/rules/services.yaml"


def put(project: Path, file: str, path: tuple[str, ...], value: object) -> None:
    """Sets or removes one key of a file."""
    content = read(project, file).content
    place = content
    for step in path[:-1]:
        place = mapping(place[step])
    if value is REMOVED:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    (project / file).write_text(to_yaml(content))


def complaints(project: Path, env: str = "dev") -> list[str]:
    """What is said about a project that cannot be loaded, line by line."""
    with pytest.raises(InvalidConfiguration) as invalid:
        load(project, env)
    return str(invalid.value).splitlines()
