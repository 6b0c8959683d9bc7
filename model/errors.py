"""What is wrong with the configuration, in words for people: the file, the key, what was given, what is allowed."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar, cast

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong at one place."""

    file: str
    """The file, relative to the project's directory."""

    key: str = ""
    """The dotted key in it, such as ``services.auth.port``; empty when it is about the file as a whole."""

    problem: str
    """What is wrong, with what was given."""

    allowed: str = ""
    """What would be right."""

    suggestion: str = ""
    """The nearest thing that would be right, when there is one near."""

    def __str__(self) -> str:
        place = f"{self.file}: {self.key}" if self.key else self.file
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        suggestion = f"; did you mean '{self.suggestion}'?" if self.suggestion else ""
        return f"{place}: {self.problem}{allowed}{suggestion}"


class InvalidConfiguration(Exception):  # noqa: N818 - the name says what is the case; every exception here is an error
    """The configuration cannot be used; ``findings`` has everything that is wrong, and the text lists it line by line."""

    findings: tuple[Finding, ...]

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(dict.fromkeys(findings))
        super().__init__("\n".join(str(finding) for finding in self.findings))


class Problems:
    """Gathers findings from many parts, so that all of them are told at once."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def add(self, findings: Iterable[Finding]) -> None:
        """Takes findings in."""
        self.findings.extend(findings)

    def attempt(self, part: Callable[[], T]) -> T | None:
        """The result of ``part``, or None when it raised InvalidConfiguration, whose findings are then taken in."""
        try:
            return part()
        except InvalidConfiguration as invalid:
            self.add(invalid.findings)
            return None


def nearest(given: str, allowed: Iterable[str]) -> str:
    """The allowed word that looks most like the given one, or nothing when none is near."""
    by_lower_case = {word.lower(): word for word in allowed}
    found = get_close_matches(given.lower(), by_lower_case, n=1)
    return by_lower_case[found[0]] if found else ""


def shown(value: object) -> str:
    """A value as a person reads it in a message."""
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, dict):
        return "a secret" if list(cast("dict[str, object]", value)) == ["secure"] else "a mapping"
    if isinstance(value, list):
        return "a list" if value else "an empty list"
    return "nothing" if value is None else json.dumps(value)
