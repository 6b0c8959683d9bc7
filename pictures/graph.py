"""Curves over time: axes, lines or stacked areas, what is marked on them, and the legend with values below."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from pictures import colours
from pictures.panel import Content, Mark, Panel, Series
from pictures.scale import Axis, time_axis, value_axis
from pictures.units import written

_ROW = 17
"""The height of a row of the legend, in pixels, as of all lengths here."""

_LEFT, _BELOW, _ABOVE, _RIGHT = 66, 20, 6, 8
_LETTER = 6.2
"""About how wide a letter of an axis is."""


@dataclass(frozen=True, kw_only=True)
class Plot:
    """Where points of a panel are."""

    times: Axis
    values: Axis
    width: float
    height: float
    left: float = _LEFT

    def x(self, seconds: float) -> float:
        """The place of a time from the left."""
        return self.left + self.times.share(seconds) * (self.width - self.left - _RIGHT)

    def y(self, value: float) -> float:
        """The place of a value from above."""
        return _ABOVE + (1 - self.values.share(value)) * (self.height - _ABOVE - _BELOW)


def graph(panel: Panel, content: Content, width: float, height: float) -> str:
    """The panel "time series"."""
    series = content.series
    rows = min(len(series), max(1, int(0.4 * height / _ROW) - 1))
    room = height - (rows + 1) * _ROW - 4
    heights = stacked(series) if panel.stacked else [one.points for one in series]
    finite = [value for points in heights for _, value in points if math.isfinite(value)]
    low = min(finite, default=0) if panel.low is None else panel.low
    high = max(finite, default=0) if panel.high is None else panel.high
    values = value_axis(low, high, panel.unit, max(2, int(room / 38)))
    plot = Plot(
        times=time_axis(content.window.begin, content.window.end, int(width / 90)),
        values=values,
        width=width,
        height=room,
        left=max(_LEFT, max(len(said) for said in values.texts) * _LETTER + 10),
    )
    floors = [(), *heights[:-1]] if panel.stacked else [()] * len(heights)
    drawn = [
        curve(plot, Curve(points=points, floor=dict(floor), color=colours.of_series(index), opacity=panel.opacity), content.window.step)
        for index, (points, floor) in enumerate(zip(heights, floors, strict=True))
    ]
    picture = f"{axes(plot)}{''.join(reversed(drawn))}{marked(plot, content.marks)}"
    return f"{svg(picture, width, room)}{legend(panel, series, rows)}"


def svg(picture: str, width: float, height: float) -> str:
    """A drawing of a size."""
    return f'<svg width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}">{picture}</svg>'


def axes(plot: Plot) -> str:
    """The grid, and what its lines mean."""
    left, right, below = plot.left, plot.width - _RIGHT, plot.height - _BELOW
    found: list[str] = []
    for mark, said in zip(plot.values.marks, plot.values.texts, strict=True):
        y = plot.y(mark)
        found.append(f'<path class="grid" d="M{left:.0f} {y:.1f}H{right:.0f}"/>')
        found.append(f'<text x="{left - 6:.0f}" y="{y + 4:.1f}" text-anchor="end">{escape(said)}</text>')
    return "".join(found) + time_marks(plot.times, [plot.x(mark) for mark in plot.times.marks], below, plot.width)


def time_marks(times: Axis, places: Sequence[float], below: float, width: float) -> str:
    """The marks of a time axis; a text that would be cut off at the edge is left out."""
    found: list[str] = []
    for said, x in zip(times.texts, places, strict=True):
        found.append(f'<path class="grid" d="M{x:.1f} {_ABOVE}V{below:.0f}"/>')
        if x + len(said) * _LETTER / 2 < width:
            found.append(f'<text x="{x:.1f}" y="{below + 15:.0f}" text-anchor="middle">{said}</text>')
    return "".join(found)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """Points, and what of a colour is below them."""

    points: Sequence[tuple[float, float]]
    floor: Mapping[float, float]
    """The curve that it lies on, by time; the axis where there is none."""

    color: str
    opacity: float


def curve(plot: Plot, given: Curve, step: float) -> str:
    """A line, broken where values are missing, over an area."""
    floor, found = max(plot.values.low, 0), list[str]()
    for part in unbroken(given.points, step):
        line = "L".join(f"{plot.x(time):.1f} {plot.y(value):.1f}" for time, value in part)
        base = "L".join(f"{plot.x(time):.1f} {plot.y(given.floor.get(time, floor)):.1f}" for time, _ in reversed(part))
        found.append(f'<path d="M{line}L{base}Z" fill="{given.color}" fill-opacity="{given.opacity:g}"/>')
        found.append(f'<path d="M{line}" class="line" stroke="{given.color}"/>')
    return "".join(found)


def unbroken(points: Iterable[tuple[float, float]], step: float) -> Iterator[list[tuple[float, float]]]:
    """The parts of a curve in which no value is missing."""
    part: list[tuple[float, float]] = []
    for time, value in points:
        if part and time - part[-1][0] > 1.5 * step:
            yield part
            part = []
        if math.isfinite(value):
            part.append((time, value))
    if part:
        yield part


def stacked(series: Sequence[Series]) -> list[list[tuple[float, float]]]:
    """Each curve on top of those before it; where one has no value, it adds nothing."""
    times = sorted({time for one in series for time, _ in one.points})
    sums = dict.fromkeys(times, 0.0)
    found: list[list[tuple[float, float]]] = []
    for one in series:
        for time, value in one.points:
            sums[time] += value if math.isfinite(value) else 0
        found.append([(time, sums[time]) for time in times])
    return found


def marked(plot: Plot, marks: Sequence[Mark]) -> str:
    """Events: a dashed line with a triangle below, or a bar below and a light field for what lasted."""
    below = plot.height - _BELOW
    found: list[str] = []
    for mark in marks:
        color = colours.named(mark.color)
        begin, end = (plot.x(min(max(time, plot.times.low), plot.times.high)) for time in (mark.begin, mark.end))
        found.append(f'<path class="mark" d="M{begin:.1f} {_ABOVE}V{below:.0f}" stroke="{color}"/>')
        if end > begin:
            found.append(f'<path d="M{begin:.1f} {below:.0f}H{end:.1f}" stroke="{color}" stroke-width="4"/>')
        else:
            found.append(f'<path d="M{begin - 4:.1f} {below + 5:.0f}l4 -6l4 6Z" fill="{color}"/>')
    return "".join(found)


def legend(panel: Panel, series: Sequence[Series], rows: int) -> str:
    """Name, newest and largest value of each series, as many as there is room for; how many more there are is said."""
    hidden = len(series) - rows
    shown = series[: rows - 1] if hidden else series
    found = ["<tr><th>Name<th class='number'>Last *<th class='number'>Max</tr>"]
    for index, one in enumerate(shown):
        largest = max(value for _, value in one.points)
        last, most = (escape(written(value, panel.unit)) for value in (one.last, largest))
        sign = f"<i style='background:{colours.of_series(index)}'></i>"
        found.append(f"<tr><td>{sign}{escape(one.name)}<td class='number'>{last}<td class='number'>{most}</tr>")
    if hidden:
        found.append(f"<tr><td class='faint' colspan='3'>… and {len(series) - len(shown)} more</tr>")
    return f"<table class='legend'>{''.join(found)}</table>"
