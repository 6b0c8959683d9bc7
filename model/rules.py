"""Rules of Prometheus (``configs/rules``) and of Loki (``configs/log_rules``), of one form; and those that follow from the catalogues."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import get_args

from pydantic import BaseModel, ConfigDict, Field

from model.documents import Document, each, mapping, read, to_yaml
from model.errors import Finding, InvalidConfiguration, Problems, nearest
from model.quantities import Duration
from model.routing import Severity
from model.validation import validate

DIRECTORY = "configs/rules"
"""The rules of Prometheus."""

LOG_DIRECTORY = "configs/log_rules"
"""The rules of Loki's ruler, in LogQL; without logs there are none."""

SYSTEMS = f"{DIRECTORY}/systems"
"""Rules about what only one system has: each file is called after its catalogue, and is left out where that one is not enabled."""

LOGS_FILES = ("logs.yaml", "logs-canary.yaml")
"""The rules on the platform's own logs; without logs they are left out."""

TRACES_FILE = "traces.yaml"
"""The rules on the way of traces; without traces they are left out."""

GENERATED_FILE = "catalogue.yaml"
"""The rule file that is made from the catalogues; no file in ``configs/rules`` may have its name."""


class _Closed(BaseModel):
    """A part of Prometheus' own format, which is Loki's too, and whose keys are in snake case."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Rule(_Closed):
    """One recording or alerting rule."""

    record: str | None = None
    alert: str | None = None
    expr: str
    """The expression, in PromQL or LogQL."""

    wait: Duration | None = Field(default=None, alias="for")
    keep_firing_for: Duration | None = None
    labels: dict[str, str] = Field(default_factory=dict[str, str])
    annotations: dict[str, str] = Field(default_factory=dict[str, str])


class Group(_Closed):
    """Rules that are evaluated one after the other."""

    name: str
    """The group's name, unique among all rule files."""

    interval: Duration
    """Time between two evaluations."""

    rules: tuple[Rule, ...]
    """Its rules in the order of evaluation."""


class RuleFile(_Closed):
    """A rule file of Prometheus or Loki."""

    groups: tuple[Group, ...]
    """Its groups."""


def read_rules(root: Path) -> list[Document]:
    """All rule files of Prometheus, each valid by itself.

    Raises InvalidConfiguration with the findings of all files.
    """
    problems = Problems()
    documents = _read(root, (DIRECTORY, SYSTEMS), problems)
    if (root / DIRECTORY / GENERATED_FILE).exists():
        problems.add([Finding(file=f"{DIRECTORY}/{GENERATED_FILE}", problem="the name is taken by the file made from the catalogues")])
    problems.add(_check_systems(root, documents))
    if problems.findings:
        raise InvalidConfiguration(problems.findings)
    return documents


def read_log_rules(root: Path) -> list[Document]:
    """The same of Loki's."""
    problems = Problems()
    documents = _read(root, (LOG_DIRECTORY,), problems)
    if problems.findings:
        raise InvalidConfiguration(problems.findings)
    return documents


def _read(root: Path, folders: Sequence[str], problems: Problems) -> list[Document]:
    documents: list[Document] = []
    for path in sorted(path for folder in folders for path in (root / folder).glob("*.yaml")):
        name = path.relative_to(root).as_posix()
        document = problems.attempt(lambda name=name: read(root, name))
        if document:
            documents.append(document)
            problems.attempt(lambda document=document: validate(RuleFile, document.content, file=document.file))
            problems.add(_check_alerts(document))
    if not documents and not problems.findings:
        problems.add([Finding(file=folders[0], problem="there is no rule file in this directory")])
    return documents


def _check_alerts(document: Document) -> Iterator[Finding]:
    """What routing, inhibition and people need of every alert."""
    for key, rule in each(document.content, "groups", "*", "rules", "*"):
        fields = mapping(rule)
        if ("alert" in fields) == ("record" in fields):
            yield Finding(file=document.file, key=key, problem="must have either 'alert' or 'record'")
        if "alert" not in fields:
            continue
        labels, annotations = mapping(fields.get("labels")), mapping(fields.get("annotations"))
        severity, severities = labels.get("severity"), get_args(Severity)
        if severity not in severities:
            yield Finding(
                file=document.file,
                key=f"{key}.labels.severity",
                problem=f"alert '{fields['alert']}' has severity '{severity}'"
                if severity
                else f"alert '{fields['alert']}' has no severity",
                allowed=", ".join(severities),
                suggestion=nearest(str(severity), severities) if severity else "",
            )
        missing = [f"labels.{name}" for name in ("category",) if name not in labels]
        missing += [f"annotations.{name}" for name in ("summary", "description") if name not in annotations]
        for name in missing:
            yield Finding(file=document.file, key=f"{key}.{name}", problem=f"is missing in alert '{fields['alert']}'")


def check_rule_names(documents: Iterable[Document]) -> Iterator[Finding]:
    """An alert has one runbook page and one test, a group is one line of Prometheus' own metrics: so each name is there once."""
    places: dict[tuple[str, object], str] = {}
    for document in documents:
        named = [("group", place) for place in each(document.content, "groups", "*", "name")]
        named += [
            ("alert", (f"{key}.alert", alert_id(rule)))
            for key, rule in each(document.content, "groups", "*", "rules", "*")
            if alert_id(rule)
        ]
        for kind, (key, name) in named:
            other = places.setdefault((kind, str(name)), f"{document.file}: {key}")
            if other != f"{document.file}: {key}":
                yield Finding(file=document.file, key=key, problem=f"{kind} '{name}' is there already, in {other}")


def alert_id(rule: object) -> str:
    """The name of an alert; of one that comes in tiers, name and tier, such as ``SLOErrorBudgetBurn/fast``; "" for a recording rule."""
    fields = mapping(rule)
    tier = mapping(fields.get("labels")).get("burn_tier")
    return f"{fields.get('alert', '')}{f'/{tier}' if tier else ''}"


def _check_systems(root: Path, documents: Iterable[Document]) -> Iterator[Finding]:
    """A file that is called after no catalogue would never be used."""
    known = [path.stem for path in (root / "configs/catalogues").glob("*.yaml")]
    for document in documents:
        name = Path(document.file).stem
        if document.file.startswith(f"{SYSTEMS}/") and name not in known:
            near = nearest(name, known)
            yield Finding(file=document.file, problem=f"there is no catalogue '{name}'", allowed=", ".join(sorted(known)), suggestion=near)


def file_name(file: str) -> str:
    """What Prometheus calls a rule file; those on one system say so, as all lie in one folder."""
    path = Path(file)
    return f"system-{path.name}" if file.startswith(f"{SYSTEMS}/") else path.name


def rule_documents(files: Mapping[str, Mapping[str, object]], runbooks_url: str) -> dict[str, str]:
    """Rule files by name as Prometheus or Loki gets them, as text: every alert with the address of its page among the runbooks."""
    documents: dict[str, str] = {}
    for name, written in sorted(files.items()):
        content = deepcopy(dict(written))
        for _, rule in each(content, "groups", "*", "rules", "*"):
            fields = mapping(rule)
            if "alert" in fields:
                mapping(fields["annotations"])["runbook_url"] = f"{runbooks_url}/{fields['alert']}.md"
        documents[name] = to_yaml(content)
    return documents
