"""Loki's alerting rules, and each way to break one of them a little: like ``operators``, for LogQL, which nothing here can parse."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from model.documents import each, mapping, read
from model.rules import LOG_DIRECTORY
from tests.rules.rulebook import ROOT


@dataclass(frozen=True, kw_only=True)
class LogAlert:
    """One alerting rule of Loki and the file that it is in."""

    name: str
    file: str
    rule: dict[str, object]


def log_alerts() -> list[LogAlert]:
    """All of them."""
    return [
        LogAlert(name=str(mapping(rule)["alert"]), file=path.name, rule=mapping(rule))
        for path in sorted((ROOT / LOG_DIRECTORY).glob("*.yaml"))
        for _, rule in each(read(ROOT, f"{LOG_DIRECTORY}/{path.name}").content, "groups", "*", "rules", "*")
    ]


_ASIDE = re.compile(r"(\{[^}]*\}|`[^`]*`|\[[^\]]*\])")
"""A selector's braces, a pattern, a range: what is between them are operators, groupings and numbers."""

_COMPARISONS = {"==": "!=", "!=": "==", ">=": "<", "<=": ">", ">": "<", "<": ">="}
_SEVERITIES = {"critical": "warning", "warning": "info", "info": "critical"}


def mutants(rule: Mapping[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Each way to break an alert: (what was done, the fields that change)."""
    labels = mapping(rule["labels"])
    severity = _SEVERITIES[str(labels["severity"])]
    yield f"severity {severity}", {"labels": {**labels, "severity": severity}}
    parts = _ASIDE.split(str(rule["expr"]))
    for index, part in enumerate(parts):
        for what, changed in _plain(part) if index % 2 == 0 else _selector(part):
            yield what, {"expr": "".join([*parts[:index], changed, *parts[index + 1 :]])}


def _plain(part: str) -> Iterator[tuple[str, str]]:
    for match in re.finditer(r"\b(by|on) \(([^)]*)\)", part):
        labels = match.group(2).split(", ")
        for label in labels:
            kept = ", ".join(other for other in labels if other != label)
            yield f"{match.group(1)} without {label}", _put(part, match, f"{match.group(1)} ({kept})")
    for match in re.finditer(r"==|!=|>=|<=|>|<", part):
        yield f"{match.group()} to {_COMPARISONS[match.group()]}", _put(part, match, _COMPARISONS[match.group()])
    for match in re.finditer(r"\bunless\b", part):
        yield "unless to and", _put(part, match, "and")
    for match in re.finditer(r"(?<![\w.])\d+(?![\w.])", part):
        for factor in (2, 0.5):
            yield f"{match.group()} to {int(match.group()) * factor:g}", _put(part, match, f"{int(match.group()) * factor:g}")


def _selector(part: str) -> Iterator[tuple[str, str]]:
    """A selector without one of its matchers; Loki refuses one that selects everything, so that is no mutant."""
    matchers = part[1:-1].split(",") if part.startswith("{") else []
    for matcher in matchers if len(matchers) > 1 else ():
        yield f"without {matcher}", "{" + ",".join(other for other in matchers if other != matcher) + "}"


def _put(text: str, match: re.Match[str], changed: str) -> str:
    return text[: match.start()] + changed + text[match.end() :]
