"""Whether every message can be written: a template with an unknown field fails only when Alertmanager has an alert to tell."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from checks.delivery.program import Question, UnansweredError, ask
from checks.delivery.proof import FILE, integrations
from model.documents import parse
from model.errors import Finding

_PLACE = re.compile(r"template: (?P<file>[\w.-]+\.tmpl):(?P<line>\d+)(:\d+)?: (?P<problem>.*)")
_START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
_MANY = 11
"""One more than a message writes out."""


def message_findings(directory: Path, find: Callable[[str], str | None] = shutil.which) -> list[Finding]:
    """What is wrong with the templates of rendered files: each receiver is sent one alert and many, firing and over."""
    receivers = integrations(parse((directory / FILE).read_text(), FILE).content)
    groups = [group(receiver, size, firing=firing) for receiver in receivers for size in (1, _MANY) for firing in (True, False)]
    try:
        answer = ask(directory / FILE, Question(messages=groups), find)
    except UnansweredError as unanswered:
        return [_finding(str(unanswered))]
    return list(dict.fromkeys(_finding(str(message["error"])) for message in answer.messages if "error" in message))


def group(receiver: str, size: int, *, firing: bool) -> dict[str, object]:
    """One alert, or many that have little in common, as they go to a receiver, firing or over."""
    now = datetime.now(UTC)
    place = {"alertname": "Sample", "env": "any", "cluster": "any", "namespace": "any", "service": "any", "severity": "critical"}

    def own(number: int) -> dict[str, str]:
        return {"alertname": f"Sample{number}", "service": f"any-{number}", "severity": "critical" if number else "info"}

    alerts = [
        {
            "labels": {**place, **(own(number) if size > 1 else {}), "team": "any", "category": "any", "pod": f"any-{number}"},
            "annotations": {"summary": "Something is wrong", "description": "Very.", "runbook_url": "https://runbooks.example/Sample.md"},
            "startsAt": _START.isoformat(),
            "endsAt": (now + timedelta(hours=1) if firing else now - timedelta(hours=1)).isoformat(),
        }
        for number in range(size)
    ]
    return {"receiver": receiver, "externalURL": "https://alertmanager.example", "groupLabels": place, "alerts": alerts}


def _finding(error: str) -> Finding:
    place = _PLACE.search(error)
    if place is None:
        return Finding(file=FILE, problem=error)
    return Finding(file=f"configs/templates/{place['file']}", key=f"line {place['line']}", problem=place["problem"])
