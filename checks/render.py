"""Every document and manifest of an environment as files: what people review, and what the golden tests compare."""

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from checks.record import Recorded, record_platform
from components.intent import intent
from components.platform import documents
from model.documents import to_yaml
from model.environment import Environment

INDEX = "files.txt"
"""Lists what was rendered, so that the next rendering can remove what it no longer makes, and nothing else."""

INTENT = "guard/intent.json"
"""What cannot be changed freely (docs/decisions/0013-change-guard.md)."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def render(environment: Environment) -> dict[str, str]:
    """All files of an environment by path; secrets are masked. The same input always gives the same files."""
    return rendered(environment, record_platform(environment))


def rendered(environment: Environment, resources: Iterable[Recorded]) -> dict[str, str]:
    """The same from the resources of the environment, which somebody has recorded already with whatever secrets."""
    resources = list(resources)
    facts = {INTENT: json.dumps(intent(environment).exported(), indent=2) + "\n"}
    return dict(sorted({**documents(environment), **manifests(resources), **cloud(resources), **facts}.items()))


def manifests(resources: Iterable[Recorded]) -> dict[str, str]:
    """The Kubernetes objects, one file a component."""
    files: dict[str, list[str]] = {}
    for resource in resources:
        if resource.type.startswith("kubernetes:"):
            files.setdefault(manifest_file(resource), []).append(to_yaml(resource.manifest))
    return {path: "---\n".join(objects) for path, objects in files.items()}


def cloud(resources: Iterable[Recorded]) -> dict[str, str]:
    """What is made in AWS, one file a resource, called after its kind; policies are written out."""
    files: dict[str, str] = {}
    for resource in resources:
        if resource.type.startswith("aws:"):
            kind = _kebab(resource.type.rpartition(":")[2])
            inputs = {key: _policy(value) for key, value in resource.manifest.items()}
            files[f"aws/{resource.name}-{kind}.json"] = json.dumps(inputs, indent=2, sort_keys=True) + "\n"
    return files


def _policy(value: object) -> object:
    """A policy as what it says, anything else as it is."""
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def manifest_file(resource: Recorded) -> str:
    """The file of an object, called after the component that makes it."""
    component = resource.parents[-1].rpartition(":")[2]
    return f"manifests/{_kebab(component)}.yaml"


def _kebab(name: str) -> str:
    return _CAMEL.sub("-", name).lower()


def write(files: Mapping[str, str], directory: Path) -> None:
    """Write files below a directory, and remove those that an earlier rendering left there."""
    index = directory / INDEX
    earlier = index.read_text().splitlines() if index.is_file() else []
    for path in set(earlier) - set(files):
        (directory / path).unlink(missing_ok=True)
    for path, text in files.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    index.write_text("".join(f"{path}\n" for path in files))
