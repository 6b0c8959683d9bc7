"""What follows from a test of an alert for targets that come in pairs.

Two that say the same, as while an exporter is replaced: an alert that takes the greatest is neither louder nor another.
One whose events two count, half and half: an alert that adds up does not notice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

import promql_parser

from model.documents import each, mapping
from tests.rules.rulebook import Rule, metrics

Test = dict[str, object]

_RUN = re.compile(r"(-?[0-9.]+)(?:([+-])([0-9.]+))?((?:x\d+)?)")
"""A part of how a series goes, such as ``5x20`` or ``0+3x20``."""


def twin_cases(rule: Rule, tests: Sequence[Test]) -> Iterator[Test]:
    """The cases of an alert that follow from when it fires and when it just does not."""
    for test in tests:
        title = str(test["name"]).partition(": ")[2]
        for name in sorted(_under(rule, "max")) if title.startswith(("fires", "boundary")) else ():
            if title.startswith("boundary"):
                yield from _with(test, f"{title} with twin of {name}", _twins(test, name, 1))
                continue
            yield from _with(test, f"lesser twin of {name}", _twins(test, name, 0.5))
            if "== 0" in rule.expression:
                # That nothing is there is only so where no twin says otherwise.
                silent: list[Test] = [{**mapping(one), "exp_alerts": list[object]()} for _, one in each(test, "alert_rule_test", "*")]
                yield from _with({**test, "alert_rule_test": silent}, f"risen twin of {name}", _risen(test, name))
        if title == "fires":
            yield from _halved(test, _under(rule, "sum"))


def _under(rule: Rule, operator: str) -> set[str]:
    """The series that an aggregation looks at, with no other one in between."""
    found: set[str] = set()

    def visit(node: promql_parser.Expr) -> bool:
        if isinstance(node, promql_parser.AggregateExpr) and str(node.op) == operator:
            inside = node.expr.prettify()
            if not re.search(r"\b(sum|count|avg|min|max|on|ignoring)\b", inside):
                found.update(name for name in metrics(inside) if ":" not in name)
        return True

    promql_parser.walk(promql_parser.parse(rule.expression), visit)
    return found


def _given(test: Test) -> dict[str, str]:
    return {str(mapping(one)["series"]): str(mapping(one)["values"]) for _, one in each(test, "input_series", "*")}


def _twins(test: Test, name: str, share: float) -> dict[str, str]:
    of_name = {series: values for series, values in _given(test).items() if series.partition("{")[0] == name}
    return {_labelled(series, "yes"): scaled for series, values in of_name.items() if (scaled := _scaled(values, share))}


def _risen(test: Test, name: str) -> dict[str, str]:
    """Twins of what is 0 that are 1."""
    at_zero = {series: values for series, values in _given(test).items() if series.partition("{")[0] == name and values.startswith("0x")}
    return {_labelled(series, "yes"): f"1{values[1:]}" for series, values in at_zero.items()}


def _halved(test: Test, names: set[str]) -> Iterator[Test]:
    given = _given(test)
    for number, (series, values) in enumerate(given.items()):
        if series.partition("{")[0] in names and (half := _scaled(values, 0.5)):
            others = {other: kept for other, kept in given.items() if other != series}
            halves = {_labelled(series, "one"): half, _labelled(series, "other"): half}
            yield _of(test, f"half and half {number + 1}", {**others, **halves})


def _scaled(values: str, share: float) -> str | None:
    """A series at a share of its height; None when it is 0, or goes in ways that have no height."""
    scaled = [part if part.startswith(("_", "stale")) else _run(part, share) for part in values.split()]
    return " ".join(part for part in scaled if part) if None not in scaled and re.search(r"[1-9]", re.sub(r"x\d+", "", values)) else None


def _run(part: str, share: float) -> str | None:
    match = _RUN.fullmatch(part)
    if not match:
        return None
    grows = f"{match.group(2)}{float(match.group(3)) * share:.12g}" if match.group(2) else ""
    return f"{float(match.group(1)) * share:.12g}{grows}{match.group(4)}"


def _labelled(series: str, twin: str) -> str:
    return f'{series[:-1]},twin="{twin}"}}'


def _with(test: Test, title: str, more: Mapping[str, str]) -> Iterator[Test]:
    if more:
        yield _of(test, title, {**_given(test), **more})


def _of(test: Test, title: str, series: Mapping[str, str]) -> Test:
    given = [{"series": name, "values": values} for name, values in series.items()]
    return {**test, "name": f"{str(test['name']).partition(': ')[0]}: {title}", "input_series": given}
