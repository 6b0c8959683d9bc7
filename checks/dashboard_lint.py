"""What every dashboard must be: what Grafana needs of it, and what a reader needs of each panel."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.cog.runtime import panelcfg_config
from grafana_foundation_sdk.models.dashboard import Dashboard

from checks.dashboard_metrics import Metrics
from checks.dashboard_queries import Query, asked_for, log_query_problem, queries, questions, substituted, variables_in
from model.documents import each, mapping
from model.errors import Finding, nearest
from model.pages import LONGEST_UID

GREATEST = 2**20
"""What a ConfigMap, and so a dashboard in one, may have in bytes."""

_SOURCES = re.compile(r"\$\{\w*datasource\}")
_RATE = re.compile(r"\b(?:rate|irate)\((?:[^()]|\([^()]*\))*?\[([^\]]+)\]\)")
_PATH = re.compile(r"^/d/([\w-]+)")

Document = dict[str, object]
Problem = tuple[str, str, str]
"""The panel (or "" for the dashboard as a whole), what is wrong, and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Library:
    """All dashboards of an environment, and what they may ask for."""

    boards: Mapping[str, str]
    """Their JSON, by the name of the file."""

    metrics: Metrics


def dashboard_findings(library: Library) -> list[Finding]:
    """Everything that is wrong with the dashboards; each finding names the file and the panel."""
    found: list[Finding] = []
    parsed = {name: cast("Document", json.loads(text)) for name, text in library.boards.items()}
    context = Context(metrics=library.metrics, variables={str(board.get("uid")): variable_names(board) for board in parsed.values()})
    for name, board in parsed.items():
        size = len(library.boards[name].encode())
        problems = [("", f"has {size} bytes", f"at most {GREATEST}: it has to fit into a ConfigMap")] if size > GREATEST else []
        for rule in RULES:
            problems.extend(rule(board, context))
        for panel, problem, allowed in problems:
            found.append(Finding(file=name, key=panel and f"panel '{panel}'", problem=problem, allowed=allowed))
    uids = Counter(str(board.get("uid")) for board in parsed.values())
    for name, board in parsed.items():
        if uids[str(board.get("uid"))] > 1:
            found.append(Finding(file=name, key="uid", problem=f"'{board.get('uid')}' is there twice"))
    return found


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a rule wants to know besides the dashboard itself."""

    metrics: Metrics
    variables: Mapping[str, set[str]]
    """The variables of every dashboard, by its identity."""


def panels(board: Document) -> Iterator[Document]:
    """The panels, without the lines between them."""
    for _, panel in each(board, "panels", "*"):
        if mapping(panel).get("type") != "row":
            yield mapping(panel)


def variable_names(board: Document) -> set[str]:
    """The names of the variables."""
    return {str(name) for _, name in each(board, "templating", "list", "*", "name")}


def whole(board: Document, _context: Context) -> Iterator[Problem]:
    """What the dashboard itself needs."""
    for key in ("uid", "title", "description"):
        if not board.get(key):
            yield "", f"has no {key}", "one"
    if len(str(board.get("uid"))) > LONGEST_UID:
        yield "", f"has the identity '{board['uid']}'", f"at most {LONGEST_UID} characters"
    if board.get("editable") is not False:
        yield "", "can be edited by hand, and the next deployment takes that away", "editable: false"
    if any(mapping(panel).get("type") == "row" and mapping(panel).get("panels") for _, panel in each(board, "panels", "*")):
        yield "", "hides panels in a folded row", "rows that are open"


def variables(board: Document, _context: Context) -> Iterator[Problem]:
    """One variable for the metrics, no variable that nothing uses, none that is used and not there, choices that follow the time."""
    declared = variable_names(board)
    sources = [mapping(item) for _, item in each(board, "templating", "list", "*") if mapping(item).get("type") == "datasource"]
    if [item.get("label") for item in sources if item.get("query") == "prometheus"] != ["Data source"]:
        yield "", "does not have exactly one variable of type datasource for Prometheus, labelled 'Data source'", "one"
    used: set[str] = set()
    for panel in panels(board):
        mine = variables_in(json.dumps(panel))
        for name in sorted(mine - declared):
            yield str(panel.get("title")), f"uses variable '{name}', which is not there", one_of(declared, name)
        used |= mine
    for _, item in [*each(board, "templating", "list", "*"), *each(board, "annotations", "list", "*")]:
        used |= variables_in(json.dumps(item))
    for name in sorted(declared - used):
        yield "", f"has variable '{name}', which nothing uses", "variables that are used"
    for _, item in each(board, "templating", "list", "*"):
        if mapping(item).get("type") == "query" and mapping(item).get("refresh") != 2:
            yield "", f"reads the choices of variable '{mapping(item)['name']}' once", "refresh when the time changes (2)"


def described(board: Document, _context: Context) -> Iterator[Problem]:
    """What a reader needs of each panel, and what Grafana does."""
    for panel in panels(board):
        title = str(panel.get("title") or f"number {panel.get('id')}")
        for key in ("title", "description"):
            if not panel.get(key):
                yield title, f"has no {key}", "one"
        if not mapping(mapping(panel.get("fieldConfig")).get("defaults")).get("unit"):
            yield title, "has no unit", "a unit of dashboards/style.py"
        targets = [mapping(target) for _, target in each(panel, "targets", "*")]
        references = [target.get("refId") for target in targets]
        if not targets or not all(references) or len(set(references)) < len(references):
            yield title, f"has queries with the references {references}", "at least one query, each with a reference of its own"
        for source in (panel.get("datasource"), *(target.get("datasource") for target in targets)):
            if not _SOURCES.fullmatch(str(mapping(source).get("uid"))):
                yield title, f"asks '{mapping(source).get('uid')}'", "a data source that people can choose: ${datasource}"


def known_types(board: Document, _context: Context) -> Iterator[Problem]:
    """Panels of a type that Grafana has: the Angular ones (graph, singlestat, ...) are gone."""
    register_default_plugins()
    for panel in panels(board):
        if panelcfg_config(str(panel.get("type"))) is None:
            yield str(panel.get("title")), f"is of type '{panel.get('type')}', which Grafana does not have (any more)", "a type of today"


def schema(board: Document, _context: Context) -> Iterator[Problem]:
    """The schema of Grafana as the SDK has it in types: what it does not know is lost when it is read and written again."""
    register_default_plugins()
    try:
        again = cast("Document", json.loads(json.dumps(Dashboard.from_json(board), cls=JSONEncoder)))
    except (KeyError, TypeError, ValueError) as error:
        yield "", f"does not fit the schema: {error}", "what grafana-foundation-sdk can read"
        return
    for key in sorted(lost("", board, again)):
        yield "", f"has '{key}', which is not in the schema", "what grafana-foundation-sdk can read"


def lost(key: str, given: object, kept: object) -> Iterator[str]:
    """The keys of ``given`` that are not in ``kept``, or not with the same value."""
    if isinstance(given, dict):
        for name, value in cast("Document", given).items():
            if not isinstance(kept, dict) or name not in kept:
                yield f"{key}.{name}".lstrip(".")
            else:
                yield from lost(f"{key}.{name}".lstrip("."), value, cast("Document", kept)[name])
    elif isinstance(given, list):
        others = cast("list[object]", kept) if isinstance(kept, list) else []
        for index, value in enumerate(cast("list[object]", given)):
            yield from lost(f"{key}[{index}]", value, others[index]) if index < len(others) else (f"{key}[{index}]",)
    elif given != kept:
        yield key


def places(board: Document, _context: Context) -> Iterator[Problem]:
    """Panels beside and below each other, never over each other, each with a number of its own."""
    taken: dict[tuple[int, int], str] = {}
    numbers = Counter(mapping(panel).get("id") for _, panel in each(board, "panels", "*"))
    for _, item in each(board, "panels", "*"):
        panel = mapping(item)
        title, place = str(panel.get("title")), cast("dict[str, int]", panel.get("gridPos") or {})
        x, y, width, height = (place.get(key, 0) for key in ("x", "y", "w", "h"))
        if numbers[panel.get("id")] > 1 or not panel.get("id"):
            yield title, f"has the number {panel.get('id')}", "a number that no other panel has"
        if not (0 <= x < x + width <= 24 and height > 0):
            yield title, f"takes the columns {x} to {x + width}", "within 24 columns"
        over = {taken[cell] for cell in cells(x, y, width, height) if cell in taken}
        for other in sorted(over):
            yield title, f"lies over '{other}'", "a place of its own"
        taken |= dict.fromkeys(cells(x, y, width, height), title)


def cells(x: int, y: int, width: int, height: int) -> Iterable[tuple[int, int]]:
    """The places that a panel takes."""
    return [(column, row) for column in range(x, x + width) for row in range(y, y + height)]


def asks(board: Document, context: Context) -> Iterator[Problem]:
    """Queries that can be understood, of metrics and labels that somebody provides."""
    values = dict.fromkeys(variable_names(board), "x")
    for query in queries(board):
        where = f"{query.panel}' query '{query.reference}"
        if query.kind == "loki":
            if problem := log_query_problem(query.expression):
                yield where, f"{problem}: {query.expression}", "LogQL"
            if "[" in re.sub(r'"[^"]*"|`[^`]*`', "", query.expression) and "[$__auto]" not in query.expression:
                yield where, "counts lines over a fixed time", "[$__auto], which follows the time that is shown"
            continue
        yield from ((where, problem, allowed) for problem, allowed in metric_problems(query, values, context.metrics))
    for question in questions(board):
        if not question.path or (question.path == "api/traces" and not question.parameters.get("service")):
            yield question.panel, "asks Jaeger something that it does not answer", "the search of one service, or the dependency graph"


def metric_problems(query: Query, values: Mapping[str, str], metrics: Metrics) -> Iterator[tuple[str, str]]:
    """What is wrong with a query in PromQL."""
    try:
        asked = asked_for(substituted(query.expression, values))
    except ValueError as error:
        yield f"is no PromQL: {error}", "PromQL"
        return
    for window in _RATE.findall(query.expression):
        if window != "$__rate_interval":
            yield f"has a rate over [{window}]", "[$__rate_interval], which always holds enough samples"
    for name in sorted(asked.plain):
        if name.endswith("_total") and not metrics.is_gauge(name):
            yield f"shows the counter {name} as it is", "its rate or increase"
    known = {name: labels for name, labels in asked.matchers.items() if metrics.knows(name)}
    for name, labels in known.items():
        for label in sorted(labels - metrics.labels_of(name)):
            yield f"matches label '{label}', which {name} does not have", one_of(metrics.labels_of(name), label)
    for name in asked.matchers.keys() - known.keys() - {""}:
        near = nearest(name, metrics.names)
        allowed = "a metric of a catalogue, of a rule or of checks/dashboard_metrics.yaml"
        yield f"asks for metric '{name}', which nobody provides", f"{allowed}; did you mean {near}?" if near else allowed
    if known.keys() == asked.matchers.keys():
        made = set(re.findall(r'label_replace\(.*?,\s*"(\w+)"', query.expression))
        every = made | {"le"} | {label for name in known for label in metrics.labels_of(name)}
        for label in sorted(asked.labels - every):
            yield f"sums by label '{label}', which none of its metrics has", one_of(every, label)


def links(board: Document, context: Context) -> Iterator[Problem]:
    """Links to dashboards that are there, with choices that they have."""
    for panel in panels(board):
        for _, url in each(panel, "fieldConfig", "defaults", "links", "*", "url"):
            path = _PATH.match(str(url))
            if not path:
                continue
            if path[1] not in context.variables:
                yield str(panel.get("title")), f"leads to dashboard '{path[1]}', which is not there", one_of(context.variables, path[1])
                continue
            there = context.variables[path[1]]
            for name in set(re.findall(r"[?&]var-(\w+)=", str(url))) - there:
                yield str(panel.get("title")), f"sets variable '{name}', which dashboard '{path[1]}' does not have", one_of(there, name)


def one_of(allowed: Iterable[str], given: str) -> str:
    """What would be right, the nearest first."""
    words = sorted(allowed)
    near = nearest(given, words)
    return ", ".join([*([f"{near} (the nearest)"] if near else []), *(word for word in words if word != near)])


RULES: tuple[Callable[[Document, Context], Iterator[Problem]], ...] = (
    whole,
    variables,
    described,
    known_types,
    schema,
    places,
    asks,
    links,
)
"""All rules; each gives the problems of one dashboard."""
