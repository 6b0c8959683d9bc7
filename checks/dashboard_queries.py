"""The queries of dashboards: which there are, what their variables stand for, and what they ask for."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import promql_parser

from model.documents import each, mapping

RANGES = {"$__rate_interval": "1m", "$__range": "1h", "$__interval": "15s", "$__auto": "1m"}
"""What Grafana puts in, of an hour that is looked at with a scrape each 15 seconds; the first is four scrapes."""

EVERYTHING: Mapping[str, str] = dict.fromkeys(("system", "service", "endpoint", "node", "datastore", "severity", "team"), ".+") | {
    "search": ""
}
"""What Grafana puts in for variables of which all values are chosen, and for words that nobody typed."""

_JAEGER = {"search": "api/traces"}
"""Where Grafana asks Jaeger, by the type of a query. Its graph of dependencies is left out: only a job that is not there would fill it."""

VARIABLE = re.compile(r"\$(?:\{(\w+)[^}]*\}|(\w+))")
"""A variable in a query or a link."""

_STAGE = re.compile(
    r"""\s*(?:
        (?:\|=|!=|\|~|!~)\s*(?:"(?:[^"\\]|\\.)*"|`[^`]*`)            # a filter of lines
        | \|\s*(?:json|logfmt|unpack|decolorize)\b                    # a parser
        | \|\s*[a-zA-Z_]\w*\s*(?:=~|!~|!=|=|>=|<=|>|<)\s*(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[\d.]+\w*)   # a filter of labels
    )""",
    re.VERBOSE,
)
_STREAMS = re.compile(r'\{\s*\w+\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*"(?:\s*,\s*\w+\s*(?:=~|!~|!=|=)\s*"(?:[^"\\]|\\.)*")*\s*\}')


@dataclass(frozen=True, kw_only=True)
class Query:
    """A query of a panel or of an annotation."""

    panel: str
    """The title of its panel."""

    reference: str
    kind: str
    """Whom it asks: prometheus, loki or jaeger."""

    expression: str
    instant: bool
    nothing: str
    """What its panel says when there are no data; "" where there must always be some."""

    legend: str = ""
    """What its series are called, with ``{{label}}`` for labels."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a query in PromQL asks for."""

    matchers: Mapping[str, set[str]]
    """The labels that are matched, by metric."""

    labels: set[str]
    """The labels that it sums by, matches on or adds."""

    plain: set[str] = field(default_factory=set[str])
    """The metrics that are used as they are, not as a rate."""


def queries(board: Mapping[str, object]) -> Iterator[Query]:
    """All queries of a dashboard that have an expression; questions to Jaeger have none."""
    for _, panel in each(board, "panels", "*"):
        fields = mapping(panel)
        nothing = str(mapping(mapping(fields.get("fieldConfig")).get("defaults")).get("noValue") or "")
        for _, target in each(panel, "targets", "*"):
            asked = mapping(target)
            if "expr" in asked:
                yield Query(
                    panel=str(fields.get("title")),
                    reference=str(asked.get("refId")),
                    kind=str(mapping(asked.get("datasource")).get("type")),
                    expression=str(asked["expr"]),
                    instant=bool(asked.get("instant")),
                    nothing=nothing,
                    legend=str(asked.get("legendFormat") or ""),
                )
    for _, annotation in each(board, "annotations", "list", "*"):
        asked = mapping(annotation)
        if "expr" in asked:
            kind = str(mapping(asked.get("datasource")).get("type"))
            title = f"annotation {asked.get('name')}"
            yield Query(panel=title, reference="A", kind=kind, expression=str(asked["expr"]), instant=False, nothing="No event")


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a panel asks Jaeger, which has no language for it."""

    panel: str
    path: str
    """Where in Jaeger's API Grafana asks; "" for what it does not know."""

    parameters: Mapping[str, str]
    """What it asks there, the time left out."""

    nothing: str
    """What its panel says when there are no data."""


def questions(board: Mapping[str, object]) -> Iterator[Question]:
    """All questions of a dashboard to Jaeger, as Grafana asks them: tags as JSON, which are ``name=value`` in the panel."""
    for _, panel in each(board, "panels", "*"):
        nothing = str(mapping(mapping(mapping(panel).get("fieldConfig")).get("defaults")).get("noValue") or "")
        for _, target in each(panel, "targets", "*"):
            asked = mapping(target)
            if mapping(asked.get("datasource")).get("type") == "jaeger":
                tags = dict(pair.split("=", 1) for pair in str(asked.get("tags") or "").split())
                given = {key: str(asked[key]) for key in ("service", "limit") if key in asked} | (
                    {"tags": json.dumps(tags)} if tags else {}
                )
                path = _JAEGER.get(str(asked.get("queryType")), "")
                yield Question(panel=str(mapping(panel).get("title")), path=path, parameters=given, nothing=nothing)


def substituted(expression: str, values: Mapping[str, str], ranges: Mapping[str, str] = RANGES) -> str:
    """A query as Grafana sends it; a variable without a value stays."""
    for name, value in ranges.items():
        expression = expression.replace(f"[{name}]", f"[{value}]").replace(name, value)
    return VARIABLE.sub(lambda found: values.get(found[1] or found[2], found[0]), expression)


def variables_in(text: str) -> set[str]:
    """The names of variables in a text, without those that are Grafana's own."""
    return {name for pair in VARIABLE.findall(text) for name in pair if name and not name.startswith("__")}


def asked_for(expression: str) -> Asked:
    """What a query asks for. Raises ValueError for what is no PromQL."""
    matchers: dict[str, set[str]] = {}
    labels: set[str] = set()
    in_ranges: set[str] = set()
    used: set[str] = set()

    def selector(node: promql_parser.VectorSelector) -> str:
        found = {matcher.name for matcher in node.matchers.matchers}
        matchers.setdefault(node.name or "", set()).update(found)
        return node.name or ""

    def visit(node: promql_parser.Expr) -> bool:
        match node:
            case promql_parser.MatrixSelector():
                in_ranges.add(selector(node.vector_selector))
            case promql_parser.VectorSelector():
                used.add(selector(node))
            case promql_parser.AggregateExpr() if node.modifier:
                labels.update(node.modifier.labels)
            case promql_parser.BinaryExpr() if node.modifier:
                labels.update(node.modifier.matching.labels if node.modifier.matching else ())
                labels.update(node.modifier.group_labels or ())
            case _:
                pass
        return True

    promql_parser.walk(promql_parser.parse(expression), visit)
    return Asked(matchers=matchers, labels=labels, plain=used - in_ranges)


def log_query_problem(expression: str) -> str:
    """What is wrong with a query in LogQL, as far as can be told without Loki; "" when nothing is."""
    inner = expression
    counted = re.fullmatch(r"(?:sum|max|min|avg|count)(?: by \([\w, ]+\))? \((?P<inner>.*)\)", inner, re.DOTALL)
    if counted:
        ranged = re.fullmatch(
            r"(?:rate|bytes_rate|count_over_time|bytes_over_time)\((?P<inner>.*)\[[^\]]+\]\)", counted["inner"], re.DOTALL
        )
        if not ranged:
            return "sums something else than lines of a time, such as rate({...}[$__auto])"
        inner = ranged["inner"]
    streams = _STREAMS.match(inner)
    if not streams:
        return 'does not begin with a stream selector such as {service="auth"}'
    rest = inner[streams.end() :]
    while rest.strip():
        stage = _STAGE.match(rest)
        if not stage:
            return f"'{rest.strip()}' is no stage of a log query"
        rest = rest[stage.end() :]
    return ""
