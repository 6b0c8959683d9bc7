"""The program that answers for Alertmanager: ``sandbox/tools/alertmanager/delivery``, made of Alertmanager's own packages."""

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

PROGRAM = "alertmanager-delivery"

Labels = Mapping[str, str]
"""The labels of an alert."""


class UnansweredError(Exception):
    """The program is not there, or Alertmanager does not accept the configuration; the text says which."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """What a route does with an alert that ends there."""

    receiver: str
    group_by: tuple[str, ...]
    group_wait: float
    """Seconds until the first message of a group."""

    group_interval: float
    """Seconds until changes of a group are told."""

    repeat_interval: float
    """Seconds until an unchanged group is told again."""

    muted: tuple[bool, ...]
    """For each instant that was asked about: whether nothing is sent then."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What Alertmanager would do."""

    deliveries: tuple[tuple[Route, ...], ...]
    """For each alert, the routes that take it."""

    inhibited: tuple[tuple[str, int, int], ...]
    """The name of a rule, a source and a target that it silences, as indices of those that were asked about."""

    messages: tuple[dict[str, Any], ...]
    """For each group, its receiver's integrations with all templates written out, or under ``error`` what is wrong with one."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked about one configuration."""

    alerts: Sequence[Labels] = ()
    times: Sequence[datetime] = ()
    sources: Sequence[Labels] = ()
    targets: Sequence[Labels] = ()
    messages: Sequence[Mapping[str, object]] = ()


def ask(config: Path, question: Question, find: Callable[[str], str | None] = shutil.which) -> Answer:
    """What Alertmanager would do with this ``alertmanager.yml``. Raises UnansweredError."""
    program = find(PROGRAM)
    if program is None:
        raise UnansweredError(f"not checked: {PROGRAM} is not on the PATH")
    asked = {
        "config": str(config),
        "alerts": question.alerts,
        "times": [time.isoformat() for time in question.times],
        "sources": question.sources,
        "targets": question.targets,
        "messages": question.messages,
    }
    result = subprocess.run([program], input=json.dumps(asked), capture_output=True, text=True, check=False)
    if result.returncode != 0:
        raise UnansweredError(f"Alertmanager refuses it: {' '.join(result.stderr.split())}")
    return _understood(cast("dict[str, Any]", json.loads(result.stdout)))


def _understood(told: dict[str, Any]) -> Answer:
    routes = [
        Route(
            receiver=route["receiver"],
            group_by=tuple(sorted(route["groupBy"])),
            group_wait=route["groupWait"],
            group_interval=route["groupInterval"],
            repeat_interval=route["repeatInterval"],
            muted=tuple(route["muted"]),
        )
        for route in told["routes"]
    ]
    taken = cast("list[list[int]]", told["deliveries"])
    return Answer(
        deliveries=tuple(tuple(routes[index] for index in indices) for indices in taken),
        inhibited=tuple((pair["rule"], pair["source"], pair["target"]) for pair in told["inhibited"]),
        messages=tuple(message["integrations"] if not message["error"] else {"error": message["error"]} for message in told["messages"]),
    )
