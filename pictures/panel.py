"""A panel as the JSON of a dashboard describes it, and what was answered to its queries."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from checks.dashboard_queries import Query, Question, queries, questions
from model.documents import each, mapping

Document = Mapping[str, object]
_LABEL = re.compile(r"\{\{\s*(\w+)\s*\}\}")


@dataclass(frozen=True, kw_only=True)
class Window:
    """The time that is shown, in seconds since 1970."""

    begin: float
    end: float
    step: float
    """Seconds between two points of a curve."""

    scrape: float
    """Seconds between two scrapes."""

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.begin


@dataclass(frozen=True, kw_only=True)
class Series:
    """Values of one thing over time, the oldest first; one value, if that was asked for."""

    name: str
    """What the legend calls it."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]
    """Seconds since 1970, and the value, which is never NaN."""

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of log."""

    seconds: float
    labels: Mapping[str, str]
    text: str


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A trace as a list shows it."""

    id: str
    name: str
    begin: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Content:
    """What was answered to all queries of a panel."""

    window: Window
    series: Sequence[Series] = ()
    lines: Sequence[Line] = ()
    traces: Sequence[Trace] = ()
    marks: "Sequence[Mark]" = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to show."""
        return not (self.series or self.lines or self.traces)


@dataclass(frozen=True, kw_only=True)
class Mark:
    """An event that is marked on all curves: a moment, or a time when ``end`` is later than ``begin``."""

    begin: float
    end: float
    color: str


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A panel: what it is called, where it is, what it asks, how it looks."""

    title: str
    kind: str
    """Grafana's type, such as ``timeseries``."""

    place: tuple[int, int, int, int]
    """Left, top, width and height in cells of the grid, of which 24 are beside each other."""

    unit: str = "none"
    nothing: str = ""
    """What it says when there are no data."""

    low: float | None = None
    high: float | None = None
    steps: Sequence[tuple[float, str]] = ()
    """The thresholds."""

    stacked: bool = False
    opacity: float = 0
    """Of the area below a curve, from 0 to 1."""

    options: Document = field(default_factory=dict[str, object])
    columns: Sequence[tuple[str, str]] = ()
    """The labels that are the columns of a table, in their order, and their titles; ``Value`` is the value."""

    queries: Sequence[Query] = ()
    questions: Sequence[Question] = ()


def panels(board: Document) -> Iterator[Panel]:
    """The panels of a dashboard in their order, the lines between them too."""
    for _, found in each(dict(board), "panels", "*"):
        yield panel(mapping(found))


def panel(found: Document) -> Panel:
    """A panel from its JSON."""
    place, options = mapping(found.get("gridPos")), mapping(found.get("options"))
    defaults = mapping(mapping(found.get("fieldConfig")).get("defaults"))
    custom, alone = mapping(defaults.get("custom")), {"panels": [found]}
    return Panel(
        title=str(found.get("title")),
        kind=str(found.get("type")),
        place=cast("tuple[int, int, int, int]", tuple(place[key] for key in ("x", "y", "w", "h"))),
        unit=str(defaults.get("unit") or "none"),
        nothing=str(defaults.get("noValue") or ""),
        low=cast("float | None", defaults.get("min")),
        high=cast("float | None", defaults.get("max")),
        steps=[thresholds(mapping(step)) for _, step in each(dict(defaults), "thresholds", "steps", "*")],
        stacked=mapping(custom.get("stacking")).get("mode") == "normal",
        opacity=cast("float", custom.get("fillOpacity") or 0) / 100,
        options=options,
        columns=columns(found),
        queries=tuple(queries(alone)),
        questions=tuple(questions(alone)),
    )


def thresholds(step: Document) -> tuple[float, str]:
    """From which value on there is which colour."""
    value = step.get("value")
    return (-math.inf if value is None else cast("float", value)), str(step["color"])


def columns(found: Document) -> list[tuple[str, str]]:
    """What the transformation "organize" leaves of the labels: in its order, under its names."""
    for _, change in each(dict(found), "transformations", "*"):
        options = mapping(mapping(change).get("options"))
        order = cast("dict[str, int]", mapping(options.get("indexByName")))
        names = mapping(options.get("renameByName"))
        return [(name, str(names.get(name, name))) for name in sorted(order, key=lambda name: order[name])]
    return []


def legend(form: str, labels: Mapping[str, str]) -> str:
    """The name of a series: labels in the place of ``{{label}}``; without a form all labels, as Prometheus writes them."""
    if form:
        return _LABEL.sub(lambda found: labels.get(found[1], ""), form).strip()
    inside = ", ".join(f'{name}="{value}"' for name, value in labels.items() if name != "__name__")
    return labels.get("__name__", "") + (f"{{{inside}}}" if inside or "__name__" not in labels else "")
