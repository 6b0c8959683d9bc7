"""A source for pictures that answers what a test says, and remembers what it was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from dashboards.__main__ import every_system
from dashboards.board import Board
from dashboards.library import dashboards
from pictures.asking import Source

NOW = 1_800_000_000.0


@dataclass(kw_only=True)
class Answers:
    """What each server answers to everything: series of Prometheus, streams or series of Loki, traces of Jaeger."""

    prometheus: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    loki: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    jaeger: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    asked: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list[tuple[str, str, Mapping[str, str]]])

    def ask(self, server: str, path: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        """What it answers."""
        self.asked.append((server, path, parameters))
        if server == "jaeger":
            return {"data": self.jaeger}
        return {"data": {"result": self.prometheus if server == "prometheus" else self.loki}}

    def source(self, *, words: str = "a test", oldest: float = NOW - 86400, **chosen: str) -> Source:
        """It as a source that has data of a day."""
        return Source(ask=self.ask, words=words, scrape=15, now=NOW, oldest=oldest, chosen=chosen)


def over_time(labels: Mapping[str, str], *values: float, step: float = 15) -> dict[str, Any]:
    """A series as Prometheus gives it, the newest value now."""
    begin = NOW - step * (len(values) - 1)
    return {"metric": dict(labels), "values": [[begin + index * step, str(value)] for index, value in enumerate(values)]}


def at_once(labels: Mapping[str, str], value: float) -> dict[str, Any]:
    """A value of this moment as Prometheus gives it."""
    return {"metric": dict(labels), "value": [NOW, str(value)]}


@cache
def boards() -> tuple[Board, ...]:
    """All dashboards of all systems."""
    return dashboards(every_system())
