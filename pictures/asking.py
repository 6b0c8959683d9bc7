"""Asking the queries of a panel, as Grafana asks them: variables and intervals put in, over the time that is shown."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from checks.dashboard_queries import EVERYTHING, Query, Question, substituted
from model.documents import each, mapping
from pictures.panel import Content, Document, Line, Mark, Panel, Series, Trace, Window, legend

Ask = Callable[[str, str, Mapping[str, str]], Mapping[str, Any]]
"""Asks ``prometheus``, ``loki`` or ``jaeger`` at a path of its API with parameters; gives the JSON that it answers."""

POINTS = 360
"""About how many points a curve has."""

LINES = "100"
"""How many lines of log are asked for, the newest first."""

_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True, kw_only=True)
class Source:
    """Servers that have the data of some dashboards."""

    words: str
    """What they are, for the reader of a picture."""

    ask: Ask
    scrape: float
    """Seconds between two scrapes."""

    now: float
    """The end of what is shown, in seconds since 1970."""

    oldest: float
    """Since when there are data."""

    chosen: Mapping[str, str] = field(default_factory=dict[str, str])
    """The values of variables that are not "All"."""

    _known: dict[tuple[str, ...], Mapping[str, Any]] = field(default_factory=dict[tuple[str, ...], Mapping[str, Any]])
    """What was answered before: many panels ask the same."""

    def window(self, board: Document) -> Window:
        """The time that a dashboard shows at first, or what of it there are data of; at least five minutes."""
        wanted = duration(str(mapping(board.get("time")).get("from")).removeprefix("now-"))
        seconds = min(wanted, max(300, self.now - self.oldest))
        step = next((step for step in _STEPS if step >= max(self.scrape, seconds / POINTS)), _STEPS[-1])
        return Window(begin=self.now - seconds, end=self.now, step=step, scrape=self.scrape)

    def content(self, panel: Panel, window: Window) -> Content:
        """What is answered to the queries of a panel."""
        series: list[Series] = []
        lines: list[Line] = []
        for query in panel.queries:
            expression = self.filled(query.expression, window)
            if query.kind == "prometheus":
                series.extend(self.metrics(expression, query, window))
            else:
                found = self._answer("loki", "loki/api/v1/query_range", {"query": expression, "limit": LINES, **over(window, "ns")})
                result = cast("list[dict[str, Any]]", mapping(found["data"])["result"])
                lines.extend(lines_of(result))
                series.extend(series_of([one for one in result if "metric" in one], query.legend))
        traces = [trace for question in panel.questions for trace in self.traces(question, window)]
        return Content(window=window, series=series, lines=sorted(lines, key=lambda line: -line.seconds), traces=traces)

    def metrics(self, expression: str, query: Query, window: Window) -> list[Series]:
        """The series of a query to Prometheus."""
        if query.instant:
            found = self._answer("prometheus", "api/v1/query", {"query": expression, "time": f"{window.end:.3f}"})
        else:
            found = self._answer("prometheus", "api/v1/query_range", {"query": expression, **over(window, "s")})
        return series_of(cast("list[Any]", mapping(found["data"])["result"]), query.legend)

    def traces(self, question: Question, window: Window) -> list[Trace]:
        """The traces of a question to Jaeger, the newest first."""
        micro = {"start": f"{window.begin * 1e6:.0f}", "end": f"{window.end * 1e6:.0f}"}
        given = {key: substituted(value, self.chosen) for key, value in question.parameters.items()}
        found = self._answer("jaeger", question.path, {**given, **micro})
        return sorted((trace_of(one) for one in cast("list[Any]", found["data"] or [])), key=lambda trace: -trace.begin)

    def marks(self, board: Document, window: Window) -> list[Mark]:
        """The events that lie over all curves of a dashboard."""
        found: list[Mark] = []
        for _, annotation in each(dict(board), "annotations", "list", "*"):
            asked = mapping(annotation)
            if "expr" in asked:
                query = Query(
                    panel="", reference="A", kind="prometheus", expression=str(asked["expr"]), instant=False, nothing="", legend=""
                )
                series = self.metrics(self.filled(query.expression, window), query, window)
                found.extend(marks_of(series, window, str(asked.get("iconColor")), at_value=bool(asked.get("useValueForTime"))))
        return found

    def filled(self, expression: str, window: Window) -> str:
        """A query with the values of its variables and intervals."""
        return substituted(expression, {**EVERYTHING, **self.chosen}, intervals(window))

    def choosing(self, **values: str) -> "Source":
        """The same with other choices."""
        return replace(self, chosen=values)

    def _answer(self, server: str, path: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        key = (server, path, *(f"{name}={value}" for name, value in parameters.items()))
        if key not in self._known:
            self._known[key] = self.ask(server, path, parameters)
        return self._known[key]


def intervals(window: Window) -> dict[str, str]:
    """What Grafana puts in for its own variables."""
    rate = max(window.step + window.scrape, 4 * window.scrape)
    return {
        "$__rate_interval": f"{rate:.0f}s",
        "$__range": f"{window.seconds:.0f}s",
        "$__interval": f"{window.step:.0f}s",
        "$__auto": f"{window.step:.0f}s",
    }


def duration(text: str) -> float:
    """Seconds of a time such as ``6h``."""
    return float(text[:-1]) * _UNITS[text[-1]]


def over(window: Window, unit: str) -> dict[str, str]:
    """The parameters of a query over time; points are at multiples of the step, so that they stay where they are."""
    begin, end = math.ceil(window.begin / window.step) * window.step, math.floor(window.end / window.step) * window.step
    digits = "000000000" if unit == "ns" else ""
    return {"start": f"{begin:.0f}{digits}", "end": f"{end:.0f}{digits}", "step": f"{window.step:.0f}s"}


def series_of(result: list[dict[str, Any]], form: str) -> list[Series]:
    """Series of Prometheus or Loki, without those that have nothing but NaN."""
    found = [
        Series(name=legend(form, one["metric"]), labels=one["metric"], points=points_of(one.get("values") or [one["value"]]))
        for one in result
    ]
    return [series for series in found if series.points]


def points_of(values: list[tuple[float, str]]) -> list[tuple[float, float]]:
    """Times and values, without NaN."""
    return [(float(time), float(value)) for time, value in values if not math.isnan(float(value))]


def lines_of(result: list[dict[str, Any]]) -> Iterator[Line]:
    """The lines of streams."""
    for stream in result:
        for time, text, *_ in stream["values"] if "stream" in stream else ():
            yield Line(seconds=int(time) / 1e9, labels=stream["stream"], text=text)


def trace_of(found: dict[str, Any]) -> Trace:
    """A trace of Jaeger's API: named after its first span, as long as from its beginning to its last end."""
    spans = sorted(found["spans"], key=lambda span: span["startTime"])
    first, end = spans[0], max(span["startTime"] + span["duration"] for span in spans)
    service = found["processes"][first["processID"]]["serviceName"]
    begin = first["startTime"]
    return Trace(id=found["traceID"], name=f"{service}: {first['operationName']}", begin=begin / 1e6, seconds=(end - begin) / 1e6)


def marks_of(series: list[Series], window: Window, color: str, *, at_value: bool) -> list[Mark]:
    """A moment for each value that is a time (in milliseconds), or a time for as long as a series is there without a gap."""
    if at_value:
        moments = {value / 1000 for one in series for _, value in one.points}
        return [Mark(begin=moment, end=moment, color=color) for moment in sorted(moments) if window.begin <= moment <= window.end]
    found: set[tuple[float, float]] = set()
    for one in series:
        begin = before = one.points[0][0]
        for time, _ in one.points[1:]:
            if time - before > 1.5 * window.step:
                found.add((begin, before))
                begin = time
            before = time
        found.add((begin, before))
    return [Mark(begin=begin, end=end, color=color) for begin, end in sorted(found)]
