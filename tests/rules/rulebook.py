"""The rules under test, rendered as they are deployed, on small catalogues of their own; for each rule, what it needs to be evaluated."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import cast

import promql_parser

from checks.expressions import selectors
from model.catalogue import Catalogue
from model.catalogue_rules import generated_rules
from model.documents import each, mapping, parse, read
from model.quantities import Duration
from model.rules import GENERATED_FILE, alert_id, file_name, read_rules, rule_documents
from model.settings import Thresholds
from model.validation import validate

ROOT = Path(__file__).parents[2]
TESTS = Path(__file__).parent
RUNBOOKS = "https://runbooks.test"

CATALOGUES = tuple(
    validate(Catalogue, read(TESTS, f"catalogues/{name}.yaml").content, file=f"catalogues/{name}.yaml")
    for name in ("shop", "mall", "kiosk")
)
"""Small systems with namesakes in each other, so that an alert that mixes systems up is noticed; ``kiosk`` counts in its own ways."""

SYSTEMS = tuple(
    validate(Catalogue, read(ROOT, f"configs/catalogues/{path.name}").content, file=path.name)
    for path in sorted((ROOT / "configs/catalogues").glob("*.yaml"))
)
"""The catalogues of the project: what the rules in ``configs/rules/systems`` are about."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule as Prometheus gets it."""

    id: str
    """An alert's name, with its tier if it has one; a series' name, with the labels that the rule adds."""

    file: str
    """The rule file, relative to the project's directory."""

    fields: Mapping[str, object] = field(hash=False)
    """What the rule file says."""

    @property
    def expression(self) -> str:
        """The PromQL expression."""
        return str(self.fields["expr"])

    @property
    def is_alert(self) -> bool:
        """Whether it is an alert, else it makes series."""
        return "alert" in self.fields

    @property
    def makes(self) -> str:
        """The name of the series that it makes; "" of an alert."""
        return str(self.fields.get("record", ""))

    @property
    def is_constant(self) -> bool:
        """Whether it says what a catalogue says, and computes nothing."""
        return self.expression.startswith("vector(") and bool(self.makes)

    @property
    def about(self) -> tuple[str, ...]:
        """The systems whose catalogues it is tested with."""
        if "@" in self.id:
            return (CATALOGUES[2].system,)
        path = Path(self.file)
        return (path.stem,) if path.parent.name == "systems" else tuple(catalogue.system for catalogue in CATALOGUES[:2])

    def is_known_to(self, other: "Rule") -> bool:
        """Whether another rule's tests have it: what catalogues say as numbers is only there with the catalogue."""
        system = mapping(self.fields.get("labels")).get("system")
        return not self.is_constant or system is None or system in other.about

    @property
    def counts(self) -> bool:
        """Whether it looks at how counters grow."""
        return bool(re.search(r"\b(rate|increase)\(", self.expression))

    @property
    def wait_seconds(self) -> float:
        """How long its condition has to hold."""
        return Duration(str(self.fields.get("for", "0s"))).seconds


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, of all files and systems, in the order of evaluation: series before what is made of them."""
    files = {GENERATED_FILE: f"{GENERATED_FILE}"} | {file_name(document.file): document.file for document in read_rules(ROOT)}
    written = {file_name(document.file): document.content for document in read_rules(ROOT)}
    documents = rule_documents({GENERATED_FILE: _generated(), **written}, RUNBOOKS)
    return tuple(
        Rule(id=_identity(mapping(fields), generated=name == GENERATED_FILE), file=files[name], fields=mapping(fields))
        for name, text in documents.items()
        for _, fields in each(parse(text, name).content, "groups", "*", "rules", "*")
    )


def _generated() -> dict[str, object]:
    """What follows from the catalogues of the tests, and what those of the project say as numbers."""
    rules = generated_rules(CATALOGUES, Thresholds())
    said = generated_rules(SYSTEMS, Thresholds())
    for (_, ours), (_, theirs) in zip(each(rules, "groups", "[0]", "rules"), each(said, "groups", "[0]", "rules"), strict=True):
        cast("list[object]", ours).extend(rule for _, rule in each(theirs, "*") if mapping(rule).get("labels"))
    return rules


def _identity(fields: Mapping[str, object], *, generated: bool) -> str:
    added = ",".join(f"{name}={value}" for name, value in sorted(mapping(fields.get("labels")).items()))
    owner = re.search(r'system="kiosk",service="(\w+)"', str(fields["expr"])) if generated else None
    of = f"@{owner.group(1)}" if owner else ""
    return alert_id(dict(fields)) or f"{fields['record']}{f'{{{added}}}' if added else ''}{of}"


def alerts() -> list[Rule]:
    """All alerting rules."""
    return [rule for rule in rules() if rule.is_alert]


def recordings() -> list[Rule]:
    """All rules that compute series; what the catalogues say as numbers is not among them."""
    return [rule for rule in rules() if not rule.is_alert and not rule.is_constant]


@cache
def metrics(expression: str) -> frozenset[str]:
    """The names of the series that an expression asks for."""
    return frozenset(str(selector.name) for selector in selectors(promql_parser.parse(expression)))


def needed(rule: Rule, given: Iterable[str]) -> list[Rule]:
    """The rules that a rule is made of, each before those that use it, itself last; series that are ``given`` are not made."""
    skip, ordered = set(given), list[Rule]()
    by_name: dict[str, list[Rule]] = {}
    for other in rules():
        by_name.setdefault(other.makes, []).append(other)

    def add(current: Rule) -> None:
        for name in sorted(metrics(current.expression)):
            for other in by_name.get(name, []) if name not in skip else []:
                if other not in ordered and other is not current and other.is_known_to(rule):
                    add(other)
        if current not in ordered:
            ordered.append(current)

    # Rules of one series build on each other (`or 0 * requests`): all of them, in their order.
    for other in by_name[rule.makes] if rule.makes else []:
        if other.makes in metrics(rule.expression):
            add(other)
    add(rule)
    return ordered


def rule_groups(needs: Iterable[Rule]) -> dict[str, object]:
    """A rule file with one group that evaluates these rules in their order."""
    return {"groups": [{"name": "under-test", "rules": [dict(rule.fields) for rule in needs]}]}
