"""Thresholds that a value can never reach: a share above 1, an `up` of 2, a sample older than Prometheus looks back."""

import re
from collections.abc import Iterator

import promql_parser as promql

from checks.expressions import selectors

LOOKBACK_SECONDS = 300
"""A sample that is older than this is not seen by an instant query (``--query.lookback-delta``)."""

Reach = tuple[float, float]
_ANY: Reach = (float("-inf"), float("inf"))
_BOOLEAN = re.compile(r"up|probe_success|.*_up|kube_.*_(condition|reason|phase)|.*_(successful|success)|kube_job_failed")
_COUNT = re.compile(r".*_(total|count|bucket|bytes|seconds)|.*:rate\w+|.*:increase\w+")


def unreachable(tree: promql.Expr) -> Iterator[str]:
    """Comparisons with a number that can never be true, or that always are."""
    found: list[promql.BinaryExpr] = []

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, promql.BinaryExpr) and str(node.op) in (">", ">=", "<", "<=", "=="):
            found.append(node)
        return True

    promql.walk(tree, visit)
    for node in found:
        number = _number(node.rhs)
        if number is None:
            if str(node.op) in ("<", "<=") and _is_age_of_sample(node):
                yield f"looks for samples older than {LOOKBACK_SECONDS} s, which no query sees"
            continue
        low, high = _reach(node.lhs)
        never = {">": number >= high, ">=": number > high, "<": number <= low, "<=": number < low, "==": not low <= number <= high}
        if never[str(node.op)]:
            yield f"compares {node.op} {number:g}, which is never true: the value is from {low:g} to {high:g}"


def _is_age_of_sample(node: promql.BinaryExpr) -> bool:
    """``timestamp(x) < time() - 36000``: the sample would have to be that old."""
    left, right = node.lhs, node.rhs
    if not (isinstance(left, promql.Call) and left.func.name == "timestamp" and isinstance(right, promql.BinaryExpr)):
        return False
    back = _number(right.rhs)
    return str(right.op) == "-" and isinstance(right.lhs, promql.Call) and right.lhs.func.name == "time" and (back or 0) > LOOKBACK_SECONDS


def _number(node: promql.Expr) -> float | None:
    match node:
        case promql.NumberLiteral():
            return node.val
        case promql.ParenExpr():
            return _number(node.expr)
        case promql.UnaryExpr():
            inner = _number(node.expr)
            return None if inner is None else -inner
        case promql.BinaryExpr():
            return _computed(str(node.op), _number(node.lhs), _number(node.rhs))
        case _:
            return None


def _computed(operator: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    return {"+": left + right, "-": left - right, "*": left * right, "/": left / right if right else None}.get(operator)


def _reach(node: promql.Expr) -> Reach:  # noqa: PLR0911 (one line for each kind of node)
    match node:
        case promql.VectorSelector():
            return _of_name(str(node.name))
        case promql.MatrixSelector():
            return _of_name(str(node.vector_selector.name))
        case promql.ParenExpr() | promql.SubqueryExpr():
            return _reach(node.expr)
        case promql.AggregateExpr() if str(node.op) in ("max", "min", "avg"):
            return _reach(node.expr)
        case promql.AggregateExpr() if str(node.op) in ("sum", "count"):
            return (0.0, float("inf")) if _reach(node.expr)[0] >= 0 else _ANY
        case promql.Call() if node.func.name in ("max_over_time", "min_over_time", "avg_over_time", "label_replace"):
            return _reach(node.args[0])
        case promql.Call() if node.func.name in ("rate", "increase"):
            return 0.0, float("inf")
        case promql.BinaryExpr():
            return _of_operation(node)
        case _:
            return _ANY


def _of_operation(node: promql.BinaryExpr) -> Reach:
    if str(node.op) == "/" and _same_metric(node):
        return 0.0, 1.0
    if str(node.op) in ("and", "unless") or str(node.op) in ("==", "!=", ">", "<", ">=", "<="):
        return _reach(node.lhs)
    return _ANY


def _same_metric(node: promql.BinaryExpr) -> bool:
    """Whether a part is divided by its whole: the same metric, the part with more matchers."""
    part, whole = _only_selector(node.lhs), _only_selector(node.rhs)
    if part is None or whole is None or str(part.name) != str(whole.name):
        return False
    matchers = [{str(matcher) for matcher in selector.matchers.matchers} for selector in (whole, part)]
    return matchers[0] < matchers[1]


def _only_selector(tree: promql.Expr) -> promql.VectorSelector | None:
    found = selectors(tree)
    return found[0] if len(found) == 1 else None


def _of_name(name: str) -> Reach:
    if _BOOLEAN.fullmatch(name) or name.endswith(":info") or re.match(r"slo:error_ratio:", name):
        return 0.0, 1.0
    return (0.0, float("inf")) if _COUNT.fullmatch(name) else _ANY
