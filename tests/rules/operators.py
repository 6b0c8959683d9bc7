"""Each way to break a rule a little. A test suite that does not notice one of them does not say what the rule means."""

import re
from collections.abc import Iterator, Mapping

import promql_parser

from model.documents import mapping
from tests.rules.rulebook import Rule

Fields = Mapping[str, object]

_COMPARISONS = {"==": "!=", "!=": "==", ">=": "<", "<=": ">", ">": "<=", "<": ">="}
_BOUNDARIES = {">=": ">", "<=": "<", ">": ">=", "<": "<="}
_FUNCTIONS = {
    "rate": ("increase", "delta"),
    "increase": ("rate", "delta"),
    "max": ("min", "sum"),
    "min": ("max",),
    "sum": ("max",),
    "count": ("sum",),
    "avg": ("max",),
    "max_over_time": ("min_over_time",),
    "avg_over_time": ("max_over_time",),
    "sum_over_time": ("avg_over_time",),
}
_SET_OPERATORS = {"and": ("unless",), "unless": ("and",)}
_SEVERITIES = {"critical": "warning", "warning": "info", "info": "critical"}

_ASIDE = re.compile(r"(\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\")")
"""A selector's braces, a range, a text: what is between them are operators, functions and numbers."""

_NUMBER = re.compile(r"(?<![\w.:])\d+(\.\d+)?(?![\w.:])")
_GROUPING = re.compile(r"\b(by|on|group_left) \(([^)]+)\)")


def mutants(rule: Rule) -> Iterator[tuple[str, Fields]]:
    """All of them: (what was done, the rule's fields after it). What no longer parses is none."""
    seen = {_canonical(rule.expression)}
    for what, expression in _expressions(rule.expression):
        try:
            canonical = _canonical(expression)
        except ValueError:
            continue
        if canonical not in seen:
            seen.add(canonical)
            yield what, {**rule.fields, "expr": expression}
    if rule.is_alert:
        yield from _around(rule.fields)


def _canonical(expression: str) -> str:
    return promql_parser.parse(expression).prettify()


def _around(fields: Fields) -> Iterator[tuple[str, Fields]]:
    """The time that an alert waits, its labels, its texts."""
    if "for" in fields:
        yield "for: nothing", {**fields, "for": "0s"}
        yield "for: twice as long", {**fields, "for": re.sub(r"\d+", lambda match: str(2 * int(match.group())), str(fields["for"]))}
    labels, annotations = mapping(fields.get("labels")), mapping(fields.get("annotations"))
    for name, value in labels.items():
        changed = _SEVERITIES[str(value)] if name == "severity" else f"{value}-other"
        yield f"label {name}: {changed}", {**fields, "labels": {**labels, name: changed}}
        yield f"without label {name}", {**fields, "labels": {other: kept for other, kept in labels.items() if other != name}}
    for name, text in annotations.items():
        for index, match in enumerate(re.finditer(r"\{\{.*?\}\}", str(text))):
            cut = str(text)[: match.start()] + str(text)[match.end() :]
            yield f"{name} without template {index + 1}", {**fields, "annotations": {**annotations, name: cut}}


def _expressions(expression: str) -> Iterator[tuple[str, str]]:
    parts = _ASIDE.split(expression)
    for index, part in enumerate(parts):
        changes = _plain(part) if index % 2 == 0 else _aside(part)
        for what, changed in changes:
            yield f"{what} (part {index})", "".join([*parts[:index], changed, *parts[index + 1 :]])
    yield from _arms(expression)


def _plain(part: str) -> Iterator[tuple[str, str]]:
    """Operators, groupings, functions and numbers."""
    for match in re.finditer(r"==|!=|>=|<=|>|<", part):
        for table in (_COMPARISONS, _BOUNDARIES):
            if changed := table.get(match.group()):
                yield f"{match.group()} to {changed} at {match.start()}", _put(part, match, changed)
    for match in _GROUPING.finditer(part):
        labels = match.group(2).split(", ")
        for label in labels:
            kept = ", ".join(other for other in labels if other != label)
            yield f"{match.group(1)} without {label} at {match.start()}", _put(part, match, f"{match.group(1)} ({kept})")
    for table in (_FUNCTIONS, _SET_OPERATORS):
        for match in re.finditer(r"(?<![\w:])[a-z_]+(?![\w:])", part):
            for changed in table.get(match.group(), ()):
                yield f"{match.group()} to {changed} at {match.start()}", _put(part, match, changed)
    for match in _NUMBER.finditer(part):
        for factor in (2, 0.5):
            number = float(match.group()) * factor if float(match.group()) else factor
            yield f"{match.group()} to {number:g} at {match.start()}", _put(part, match, f"{number:.10g}")


def _aside(part: str) -> Iterator[tuple[str, str]]:
    """The matchers of a selector, the length of a range."""
    if part.startswith("{"):
        matchers = re.findall(r"[^,{}]+?(?:=~|!~|!=|=)\"[^\"]*\"", part)
        for matcher in matchers:
            yield f"without {matcher}", "{" + ",".join(other for other in matchers if other != matcher) + "}"
    elif part.startswith("["):
        yield f"{part} three times as long", re.sub(r"\d+", lambda match: str(3 * int(match.group())), part)


def _put(text: str, match: re.Match[str], changed: str) -> str:
    return text[: match.start()] + changed + text[match.end() :]


def _arms(expression: str) -> Iterator[tuple[str, str]]:
    """Each `and`, `or` and `unless` with one of its sides alone."""
    count = sum(1 for _ in _set_operations(promql_parser.parse(expression)))
    for index in range(count):
        for side in ("lhs", "rhs"):
            tree = promql_parser.parse(expression)
            target = list(_set_operations(tree))[index]
            alone = promql_parser.transform(
                tree, lambda node, target=target, side=side: getattr(node, side) if _same(node, target) else None
            )
            yield f"{target.op} {index + 1}: {side} alone", alone.prettify()


def _same(node: promql_parser.Expr, target: promql_parser.Expr) -> bool:
    return isinstance(node, promql_parser.BinaryExpr) and node.prettify() == target.prettify()


def _set_operations(tree: promql_parser.Expr) -> Iterator[promql_parser.BinaryExpr]:
    found: list[promql_parser.BinaryExpr] = []

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.BinaryExpr) and str(node.op) in ("and", "or", "unless"):
            found.append(node)
        return True

    promql_parser.walk(tree, visit)
    yield from found
