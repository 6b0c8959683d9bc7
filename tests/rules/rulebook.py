"""The rules under test, rendered as they are deployed, on small catalogues of their own; and promtool to judge them."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from model.catalogue import Catalogue
from model.documents import each, mapping, read, to_yaml
from model.environment import load
from model.rules import GENERATED_FILE, generated_rules, rule_documents
from model.validation import validate

ROOT = Path(__file__).parents[2]
TESTS = Path(__file__).parent
RULE_TESTS = ("services.yaml", "kubernetes.yaml", "datastores.yaml", "platform.yaml", "logs.yaml")
"""The promtool tests, each of the rule file of the same name."""

CATALOGUES = [
    validate(Catalogue, read(TESTS, f"catalogues/{name}.yaml").content, file=f"catalogues/{name}.yaml") for name in ("shop", "mall")
]
"""Two small systems with namesakes in each other, so that an alert that mixes systems up is noticed."""


def rule_texts() -> dict[str, str]:
    """The rule files of the project, rendered for the catalogues of the tests."""
    dev = load(ROOT, "dev")
    return rule_documents(
        replace(
            dev,
            settings=dev.settings.model_copy(update={"runbooks_url": "https://runbooks.test"}),
            rule_files=dev.rule_files | {GENERATED_FILE: to_yaml(generated_rules(CATALOGUES))},
        )
    )


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alerting rule and the file that it is in."""

    name: str
    file: str
    rule: dict[str, object]


def alerts() -> list[Alert]:
    """All alerting rules that people wrote."""
    return [
        Alert(name=str(mapping(rule)["alert"]), file=file, rule=mapping(rule))
        for file in RULE_TESTS
        for _, rule in each(read(ROOT, f"configs/rules/{file}").content, "groups", "*", "rules", "*")
        if "alert" in mapping(rule)
    ]


def with_alert(texts: Mapping[str, str], alert: Alert, changed: dict[str, object]) -> dict[str, str]:
    """The rule files with one alert changed; its runbook address stays."""
    content = deepcopy(read(ROOT, f"configs/rules/{alert.file}").content)
    for _, rule in each(content, "groups", "*", "rules", "*"):
        fields = mapping(rule)
        if "alert" in fields:
            annotations = mapping(fields["annotations"])
            annotations["runbook_url"] = f"https://runbooks.test/{fields['alert']}.md"
            if fields["alert"] == alert.name:
                fields.update(changed)
    return {**texts, alert.file: to_yaml(content)}


def judge(promtool: Path, folder: Path, texts: Mapping[str, str], test_file: str, only: str = ".*") -> subprocess.CompletedProcess[str]:
    """Runs the promtool tests of one file, those whose name matches ``only``, on rule files."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    target = folder / f"test-{test_file}"
    target.write_text((TESTS / test_file).read_text())
    command = [promtool, "test", "rules", "--run", only, target]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


_COMPARISONS = {"==": "!=", "!=": "==", ">=": "<", "<=": ">", ">": "<", "<": ">"}
_SEVERITIES = {"critical": "warning", "warning": "info", "info": "critical"}


def mutants(rule: Mapping[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Each way to break an alert a little: (what was done, the fields that change)."""
    labels = mapping(rule["labels"])
    severity = _SEVERITIES[str(labels["severity"])]
    yield f"severity {severity}", {"labels": {**labels, "severity": severity}}
    if "for" in rule:
        yield "for 0s", {"for": "0s"}
        yield "for twice as long", {"for": _twice(cast("str", rule["for"]))}
    expression = str(rule["expr"])
    for what, changed in _mutated_expressions(expression):
        yield what, {"expr": changed}


def _mutated_expressions(expression: str) -> Iterator[tuple[str, str]]:
    # Every second part is a selector's braces, a range or a text; operators and numbers are in the others.
    parts = re.split(r"(\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\")", expression)
    for index, part in enumerate(parts):

        def put(text: str, index: int = index) -> str:
            return "".join([*parts[:index], text, *parts[index + 1 :]])

        if index % 2 == 0:
            for match in re.finditer(r"\b(by|on) \(([^)]*)\)", part):
                labels = match.group(2).split(", ")
                for label in labels:
                    kept = ", ".join(other for other in labels if other != label)
                    yield f"{match.group(1)} without {label}", put(f"{part[: match.start(2)]}{kept}{part[match.end(2) :]}")
            for match in re.finditer(r"==|!=|>=|<=|>|<", part):
                flipped = _COMPARISONS[match.group()]
                yield f"{match.group()} to {flipped}", put(part[: match.start()] + flipped + part[match.end() :])
            for match in re.finditer(r"\bunless\b", part):
                yield "unless to and", put(part[: match.start()] + "and" + part[match.end() :])
            for match in re.finditer(r"(?<![\w.])\d+(\.\d+)?(?![\w.])", part):
                for factor in (2, 0.5):
                    number = float(match.group()) * factor if float(match.group()) else factor
                    yield f"{match.group()} to {number:g}", put(f"{part[: match.start()]}{number:g}{part[match.end() :]}")
        elif part.startswith("{"):
            matchers = part[1:-1].split(",")
            for matcher in matchers:
                yield f"without {matcher}", put("{" + ",".join(other for other in matchers if other != matcher) + "}")


def _twice(duration: str) -> str:
    return re.sub(r"\d+", lambda match: str(2 * int(match.group())), duration)
