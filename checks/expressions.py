"""The parts of a PromQL expression: every node of a kind, however deep."""

from typing import TypeVar

import promql_parser as promql

N = TypeVar("N", bound=promql.Expr)


def nodes(tree: promql.Expr, kind: type[N]) -> list[N]:
    """All nodes of a kind."""
    found: list[N] = []

    def visit(node: promql.Expr) -> bool:
        if isinstance(node, kind):
            found.append(node)
        return True

    promql.walk(tree, visit)
    return found


def selectors(tree: promql.Expr) -> list[promql.VectorSelector]:
    """All selectors, those of ranges too."""
    return [*nodes(tree, promql.VectorSelector), *(matrix.vector_selector for matrix in nodes(tree, promql.MatrixSelector))]
