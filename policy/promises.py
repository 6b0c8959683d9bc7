"""The promises by name, as functions on plain values: the pack gives them what the engine asks for, tests what the program records."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import cast

from checks.objects import RULES
from checks.pods import Problem, pods
from guard.images import standing
from guard.verdict import judge
from model.documents import mapping
from model.end_of_life import EndsOfLife
from model.stack import PROJECT

UNKNOWN = "known after deployment"
"""What stands where only the cluster or the cloud knows the value."""

SECRET_TYPES = ("kubernetes:core/v1:Secret",)
"""Where a secret may be."""

SHORTEST_SECRET = 8
"""Characters; what is shorter may be part of any text."""


def text_of(problem: Problem) -> str:
    """A problem in words."""
    key, wrong, right = problem
    return f"{key} {wrong}; allowed: {right}"


def object_problems(name: str, kind: str, properties: Mapping[str, object]) -> Iterator[str]:
    """What one promise about Kubernetes objects finds; nothing for other resources."""
    if kind.startswith("kubernetes:"):
        yield from map(text_of, RULES[name](dict(properties)))


def image_problems(kind: str, properties: Mapping[str, object], config: Mapping[str, str], ends: EndsOfLife, today: date) -> Iterator[str]:
    """Images without a digest and versions past their end of life, where the stack's ``config`` says that customers depend on it."""
    cluster, accepted = (json.loads(config.get(f"{PROJECT}:{key}", empty)) for key, empty in (("cluster", "{}"), ("accept", "[]")))
    program = mapping(mapping(properties.get("metadata")).get("labels")).get("app.kubernetes.io/name")
    for pod in pods(dict(properties)) if kind.startswith("kubernetes:") else ():
        for key, container in pod.containers:
            image = {str(program): str(container.get("image"))}
            found = standing(image, ends, today, production=mapping(cluster).get("production") is True)
            for change in judge(found, accepted).refused:
                yield text_of((f"{key}.image", f"'{container.get('image')}' is refused ({change.line})", change.way_out))


def leaked(kind: str, properties: object, secrets: Iterable[str]) -> Iterator[str]:
    """The keys under which one of the stack's secrets stands although it is no place for secrets. The secret itself is never told."""
    if kind not in SECRET_TYPES:
        known = [secret for secret in secrets if len(secret) >= SHORTEST_SECRET]
        for key, text in _texts("", properties):
            if any(secret in text for secret in known):
                yield f"{key} holds a secret of the stack; allowed: Secret objects only"


def _texts(key: str, value: object) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for name, item in cast("dict[str, object]", value).items():
                yield from _texts(f"{key}.{name}".lstrip("."), item)
        case list():
            for index, item in enumerate(cast("list[object]", value)):
                yield from _texts(f"{key}[{index}]", item)
        case str():
            yield key, value
        case _:
            return
