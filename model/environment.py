"""Everything that describes one environment, loaded and checked together."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from model.access import Access
from model.access_consistency import check_access
from model.catalogue import Catalogue
from model.catalogue_rules import generated_rules
from model.consistency import check_catalogue, check_catalogues, check_rule_teams, check_settings, teams_of
from model.documents import Document, each, is_mapping, mapping, read
from model.errors import Finding, InvalidConfiguration, Problems
from model.grafana import Grafana
from model.grafana_consistency import check_grafana
from model.log_consistency import check_logs
from model.log_schema import FILE as LOG_SCHEMA
from model.log_schema import RECORD as DEPLOYED_LOG_SCHEMA
from model.log_schema import LogSchema, check_log_schema
from model.pages import Pages, read_pages
from model.pipeline import FILE as PIPELINE
from model.pipeline import HOSTS_FILE as HOST_PIPELINE
from model.pipeline import Pipeline, check_pipeline
from model.routing import Routing
from model.routing_consistency import check_matches, check_notifications, check_routing, check_unused, rule_labels
from model.rules import (
    GENERATED_FILE,
    LOGS_FILES,
    SYSTEMS,
    TRACES_FILE,
    check_rule_names,
    file_name,
    read_log_rules,
    read_rules,
    rule_documents,
)
from model.secrets import access_secrets, grafana_secrets, required_by, traces_secrets
from model.settings import Notifications, Settings
from model.stack import PROJECT, Stack, check_keys, read_stack
from model.trace_consistency import check_traces
from model.validation import validate
from model.versions import Versions

M = TypeVar("M", bound=BaseModel)

TEMPLATES = "configs/templates"
"""Where the message templates are."""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """One environment: what all documents and components are made from."""

    name: str
    """The stack's name, and the ``env`` label of every series and alert."""

    settings: Settings
    catalogues: tuple[Catalogue, ...]
    routing: Routing
    images: dict[str, str]
    """Image references by component, from ``configs/versions.yaml``."""

    log_schema: LogSchema
    """How Loki stores logs, from ``configs/loki/schema.yaml``."""

    pipeline: Pipeline
    """What happens to the lines of containers, from ``configs/pipelines``."""

    templates: dict[str, str]
    """Message templates by file name, from ``configs/templates``."""

    host_pipeline: Pipeline
    """What happens to the lines of nodes' own files, with the redaction of the other."""

    pages: dict[str, Pages]
    """The dashboards that ``configs/dashboards`` names, by system."""

    rule_files: dict[str, str]
    """Prometheus rule files by name, as it gets them: those of ``configs/rules`` and the one generated from the catalogues."""

    log_rule_files: dict[str, str]
    """Loki's rule files by name, as it gets them: those of ``configs/log_rules``; none without logs."""


def load(root: Path, name: str) -> Environment:
    """The environment ``name`` of the project in ``root``, from its stack file; secrets stay encrypted and need no key.

    Raises InvalidConfiguration with everything that is wrong in all files.
    """
    stack, findings = read_stack(root, name)
    problems = Problems()
    problems.add(findings)
    return _assemble(root, stack, problems)


def from_config(root: Path, name: str, values: Mapping[str, object]) -> Environment:
    """The same from what the engine has: the plain settings of the stack, as objects, by key without the project's name.

    Raises InvalidConfiguration with everything that is wrong in all files, but for missing secrets: the engine tells those.
    """
    return _assemble(root, Stack(name=name, values=values, secrets=None), Problems())


def _assemble(root: Path, stack: Stack, problems: Problems) -> Environment:
    """Reads and checks all parts, each as far as it can be, before telling what is wrong."""
    settings = _settings(stack, problems)
    routing_file = problems.attempt(lambda: read(root, "configs/routing.yaml"))
    routing = _understood(Routing, routing_file, problems)
    versions = _understood(Versions, problems.attempt(lambda: read(root, "configs/versions.yaml")), problems)
    pipeline, host_pipeline = (_pipeline(root, file, problems) for file in (PIPELINE, HOST_PIPELINE))
    log_schema = _log_schema(root, problems)
    rules, log_rules = (problems.attempt(lambda reading=reading: reading(root)) or [] for reading in (read_rules, read_log_rules))
    names = [str(name) for _, name in each(stack.values, "catalogues", "*")]
    files = [problems.attempt(lambda name=name: read(root, f"configs/catalogues/{name}.yaml")) for name in dict.fromkeys(names)]
    catalogue_files = [file for file in files if file]
    understood = [_understood(Catalogue, file, problems) for file in catalogue_files]
    catalogues = tuple(catalogue for catalogue in understood if catalogue)

    teams = teams_of(routing_file) if routing_file else None
    if routing_file:
        problems.add(check_routing(routing_file))
    for file in catalogue_files:
        problems.add(check_catalogue(file, teams))
    problems.add(check_catalogues(catalogue_files))
    problems.add(check_rule_names([*rules, *log_rules]))
    for file in [*rules, *log_rules] if teams is not None else ():
        problems.add(check_rule_teams(file, teams or []))
    complete = 0 < len(set(names)) == len(catalogues)
    if settings and routing_file and rules and complete:
        rule_files = [*(file.content for file in [*rules, *log_rules]), generated_rules(catalogues, settings.thresholds)]
        problems.attempt(lambda: problems.add(_check_reach(root, routing_file, rule_files)))
    _check_secrets(stack, catalogues, routing, complete=complete, problems=problems)

    pages = problems.attempt(lambda: read_pages(root, catalogues))
    if problems.findings or not (settings and routing and versions and pipeline and host_pipeline and log_schema and pages is not None):
        raise InvalidConfiguration(problems.findings)
    return Environment(
        name=stack.name,
        settings=settings,
        catalogues=catalogues,
        routing=routing,
        images=versions.by_component(),
        log_schema=log_schema,
        pipeline=pipeline,
        templates={path.name: path.read_text(encoding="utf-8") for path in sorted((root / TEMPLATES).glob("*.tmpl"))},
        pages=pages,
        host_pipeline=host_pipeline.redacting(pipeline),
        rule_files=rule_documents(_rule_files(settings, rules, catalogues), settings.runbooks_url),
        log_rule_files=rule_documents({Path(file.file).name: file.content for file in log_rules if settings.logs}, settings.runbooks_url),
    )


def _pipeline(root: Path, file: str, problems: Problems) -> Pipeline | None:
    document = problems.attempt(lambda: read(root, file))
    if document:
        problems.add(check_pipeline(document))
    return _understood(Pipeline, document, problems)


def _log_schema(root: Path, problems: Problems) -> LogSchema | None:
    """The schema of Loki, held against the record of what was deployed."""
    schema, record = (problems.attempt(lambda file=file: read(root, file)) for file in (LOG_SCHEMA, DEPLOYED_LOG_SCHEMA))
    understood = [_understood(LogSchema, document, problems) for document in (schema, record)]
    if schema and record:
        problems.add(check_log_schema(schema, record, datetime.now(UTC).date()))
    return understood[0]


def _rule_files(settings: Settings, rules: list[Document], catalogues: tuple[Catalogue, ...]) -> dict[str, dict[str, object]]:
    """The rule files by name; those on logs and traces only where there are such, and those on enabled systems."""
    enabled = [file for file in rules if not file.file.startswith(f"{SYSTEMS}/") or Path(file.file).stem in settings.catalogues]
    absent = {name for names, part in ((LOGS_FILES, settings.logs), ((TRACES_FILE,), settings.traces)) for name in names if not part}
    files = {file_name(file.file): file.content for file in enabled}
    written = {name: content for name, content in files.items() if name not in absent}
    return {**written, GENERATED_FILE: generated_rules(catalogues, settings.thresholds)}


def _understood(model: type[M], document: Document | None, problems: Problems) -> M | None:
    return problems.attempt(lambda: validate(model, document.content, file=document.file)) if document else None


def _settings(stack: Stack, problems: Problems) -> Settings | None:
    """The settings, without the keys that are none: ``check_keys`` tells those, with the secrets among what is allowed."""
    known = {field.alias for field in Settings.model_fields.values()}
    content = {key: value for key, value in stack.values.items() if key in known}
    settings = problems.attempt(lambda: validate(Settings, content, file=stack.file, prefix=f"{PROJECT}:"))
    document = Document(file=stack.file, content=content)
    findings = [*check_settings(document), *check_notifications(document), *check_logs(document), *check_traces(document)]
    findings += [*check_grafana(document), *check_access(document)]
    problems.add(replace(finding, key=f"{PROJECT}:{finding.key}") for finding in findings)
    return settings


def _check_reach(root: Path, routing: Document, rules: list[dict[str, object]]) -> Iterator[Finding]:
    """What the routing file names that nothing is about. A team may own services of another environment's catalogue alone."""
    catalogues = [read(root, f"configs/catalogues/{path.name}").content for path in (root / "configs/catalogues").glob("*.yaml")]
    owners = {str(team) for content in catalogues for kind in ("services", "datastores") for _, team in each(content, kind, "*", "team")}
    labels = rule_labels(rules)
    yield from check_unused(routing, owners | labels.get("team", set()))
    yield from check_matches(routing, labels)


def _check_secrets(stack: Stack, catalogues: tuple[Catalogue, ...], routing: Routing | None, *, complete: bool, problems: Problems) -> None:
    """Checks the stack's keys against the secrets that the parts need which could be understood."""
    unheard = Problems()
    content = stack.values.get("notifications")
    notifications = unheard.attempt(lambda: validate(Notifications, content, file=stack.file)) if is_mapping(content) else None
    traces = mapping(stack.values.get("traces"))
    own = stack.values.get("grafana", {})
    grafana = unheard.attempt(lambda: validate(Grafana, own, file=stack.file)) if is_mapping(own) else None
    way_in = stack.values.get("access")
    access = unheard.attempt(lambda: validate(Access, way_in, file=stack.file)) if is_mapping(way_in) else None
    others = {
        **traces_secrets(kept=bool(traces), own="elasticsearch" in traces),
        **grafana_secrets(grafana or Grafana()),
        **access_secrets(access),
    }
    understood = notifications is not None and routing is not None and grafana is not None and (access is not None or way_in is None)
    problems.add(check_keys(stack, required_by(notifications, catalogues, routing, others), complete=complete and understood))
