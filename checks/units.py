"""Texts that print a number as what it is not: a ratio as seconds, seconds as a percentage, a share with a bare % sign."""

import re
from collections.abc import Iterator, Mapping

import promql_parser as promql

from model.documents import mapping

_PRINTED = {"humanizePercentage": "ratio", "humanizeDuration": "seconds", "humanize1024": "bytes"}
_COMPARISONS = ("and", "unless", ">", "<", ">=", "<=", "==", "!=")


def unit_problems(fields: Mapping[str, object], tree: promql.Expr) -> Iterator[str]:
    """What the annotations of an alert get wrong about its value."""
    unit = unit_of(tree)
    for where, text in mapping(fields.get("annotations")).items():
        for template in re.findall(r"\{\{[^}]*\$value[^}]*\}\}", str(text)):
            wanted = next((meant for function, meant in _PRINTED.items() if function in template), None)
            if wanted and unit and unit != wanted:
                yield f"prints {unit} as {wanted} in {where}"
            if not wanted and unit == "ratio" and re.search(re.escape(template) + r"\s?%", str(text)):
                yield f"prints a share from 0 to 1 with a % sign in {where}"


def unit_of(node: promql.Expr) -> str | None:
    """``ratio``, ``seconds`` or ``bytes``; None when that cannot be told."""
    match node:
        case promql.VectorSelector():
            return _of_name(str(node.name))
        case promql.MatrixSelector():
            return _of_name(str(node.vector_selector.name))
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr() | promql.AggregateExpr():
            return None if isinstance(node, promql.AggregateExpr) and str(node.op) in ("count", "count_values") else unit_of(node.expr)
        case promql.Call():
            return _of_call(node)
        case promql.BinaryExpr():
            return _of_operation(node)
        case _:
            return None


def _of_call(node: promql.Call) -> str | None:
    name = node.func.name
    if name == "time":
        return "seconds"
    if name == "histogram_quantile":
        return unit_of(node.args[1])
    if name in ("rate", "irate", "deriv", "increase") and unit_of(node.args[0]) == "seconds":
        return None if name != "increase" else "seconds"
    return unit_of(node.args[0]) if node.args else None


def _of_operation(node: promql.BinaryExpr) -> str | None:
    operator = str(node.op)
    if operator in _COMPARISONS:
        return unit_of(node.lhs)
    left, right = unit_of(node.lhs), unit_of(node.rhs)
    if operator == "/":
        return "ratio" if left == right and left else left if isinstance(node.rhs, promql.NumberLiteral) else None
    if operator in ("+", "-"):
        return left or right
    return left if right is None else None


_UNITS = {"ratio": r".*(_|:)ratio(:\w+|\d*\w?)?$|.*:ratio\w*$", "seconds": r".*_seconds(_sum|_bucket|:\w+)?$", "bytes": r".*_bytes$"}
"""The units that the names of metrics end with."""


def _of_name(name: str) -> str | None:
    return next((unit for unit, pattern in _UNITS.items() if re.fullmatch(pattern, name)), None)
