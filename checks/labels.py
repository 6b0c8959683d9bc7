"""Which labels the result of an expression is sure to have, and what can never match."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import promql_parser as promql

Labels = frozenset[str]
Find = Callable[[promql.VectorSelector], Labels | None]
"""The labels of a selector's series; None when nobody knows them."""

_KEEPS_SERIES = ("topk", "bottomk", "limitk", "limit_ratio")
_SET_OPERATIONS = ("and", "or", "unless")


@dataclass
class Inference:
    """Walks an expression from the inside out, and notes what is wrong on the way."""

    find: Find
    problems: list[str] = field(default_factory=list[str])

    def labels(self, node: promql.Expr) -> Labels | None:  # noqa: PLR0911 (one line for each kind of node)
        """The labels that every series of the result has; None for a number, and for what nobody knows."""
        match node:
            case promql.VectorSelector():
                return self.find(node)
            case promql.MatrixSelector():
                return self.find(node.vector_selector)
            case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
                return self.labels(node.expr)
            case promql.AggregateExpr():
                return self._aggregated(node)
            case promql.Call():
                return self._called(node)
            case promql.BinaryExpr():
                return self._combined(node)
            case _:
                return None

    def _aggregated(self, node: promql.AggregateExpr) -> Labels | None:
        inner = self.labels(node.expr)
        if node.modifier is None:
            return inner if str(node.op) in _KEEPS_SERIES else frozenset()
        named = frozenset(node.modifier.labels)
        if node.modifier.type == promql.AggModifierType.Without:
            return None if inner is None else inner - named
        if inner is None:
            return named
        self.problems += [f"groups by '{label}', which the series do not have" for label in sorted(named - inner)]
        return inner & named

    def _called(self, node: promql.Call) -> Labels | None:
        name = node.func.name
        if name in ("vector", "absent", "absent_over_time"):
            return frozenset(_equalities(node)) if name != "vector" else frozenset()
        vectors = [labels for argument in node.args if (labels := self.labels(argument)) is not None]
        if not vectors or name in ("scalar", "time"):
            return None
        inner = vectors[-1]
        if name in ("label_replace", "label_join"):
            return inner | {_text(node.args[1])}
        return inner - {"le"} if name == "histogram_quantile" else inner

    def _combined(self, node: promql.BinaryExpr) -> Labels | None:
        left, right = self.labels(node.lhs), self.labels(node.rhs)
        operator = str(node.op)
        if left is None or right is None:
            return left if right is None else right
        modifier = node.modifier
        if modifier is None or modifier.matching is None:
            return self._matched_on_all(operator, left, right)
        named, on = frozenset(modifier.matching.labels), modifier.matching.type == promql.LabelModifierType.Include
        if on:
            for side, labels in (("left", left), ("right", right)):
                self.problems += [f"matches on '{label}', which the {side} side of {operator} lacks" for label in sorted(named - labels)]
        if operator in _SET_OPERATIONS:
            return left & right if operator == "or" else left
        added = frozenset(modifier.group_labels or ())
        if modifier.card == promql.VectorMatchCardinality.ManyToOne:
            self.problems += [f"takes '{label}' from a side that lacks it" for label in sorted(added - right)]
            return left | added
        if modifier.card == promql.VectorMatchCardinality.OneToMany:
            return right | added
        return named if on else left - named

    def _matched_on_all(self, operator: str, left: Labels, right: Labels) -> Labels:
        if operator == "or":
            return left & right
        if left != right and (left or right):
            differing = ", ".join(sorted(left ^ right))
            self.problems.append(f"the sides of {operator} can never match: they differ in {differing}")
        return left


def _equalities(node: promql.Call) -> Iterator[str]:
    """What ``absent`` makes labels of: the matchers of its selector that say just one value."""
    argument = node.args[0]
    selector = argument.vector_selector if isinstance(argument, promql.MatrixSelector) else argument
    if isinstance(selector, promql.VectorSelector):
        yield from (matcher.name for matcher in selector.matchers.matchers if matcher.op == promql.MatchOp.Equal)


def _text(node: object) -> str:
    return node.val if isinstance(node, promql.StringLiteral) else ""
