"""Colours over time: states as bars, numbers of a histogram as fields."""

from collections.abc import Sequence
from html import escape

from pictures import colours
from pictures.graph import Plot as Field
from pictures.graph import marked, svg, time_marks, unbroken
from pictures.panel import Content, Panel, Series
from pictures.scale import Axis, time_axis
from pictures.units import written

_BELOW = 20
_LETTER = 6.6
_LEFT = 66
_KEY = 26
"""The height of the scale of colours below a heatmap, in pixels."""


def timeline(panel: Panel, content: Content, width: float, height: float) -> str:
    """The panel "state timeline": a bar for each series, in the colours of its values."""
    series = content.series
    left = min(max(len(one.name) for one in series) * _LETTER + 12, width / 3)
    plot = over_time(content, Axis(low=0, high=len(series), marks=(), texts=()), (width, height, left))
    band = (height - _BELOW) / len(series)
    size = min(11.5, band * 0.9)
    found: list[str] = []
    for index, one in enumerate(series):
        place = f'x="{left - 6:.0f}" y="{(index + 0.5) * band + size * 0.35:.1f}" style="font-size:{size:.1f}px"'
        found.append(f'<text {place} text-anchor="end">{escape(one.name)}</text>')
        for begin, end, value in spans(one, content.window.step):
            x, right = plot.x(begin), plot.x(min(end, content.window.end))
            found.append(rectangle((x, index * band + band * 0.05), (right - x, band * 0.9), colours.of_value(panel.steps, value), 0.7))
    places = [plot.x(mark) for mark in plot.times.marks]
    return svg(time_marks(plot.times, places, height - _BELOW, width) + "".join(found), width, height)


def over_time(content: Content, values: Axis, room: tuple[float, float, float]) -> Field:
    """Where things are, in a room of this width, height and left margin."""
    width, height, left = room
    times = time_axis(content.window.begin, content.window.end, int((width - left) / 90))
    return Field(times=times, values=values, width=width, height=height, left=left)


def spans(series: Series, step: float) -> Sequence[tuple[float, float, float]]:
    """Beginning, end and value of each time in which a series had one value."""
    found: list[tuple[float, float, float]] = []
    for part in unbroken(series.points, step):
        for time, value in part:
            if found and found[-1][2] == value and time <= found[-1][1]:
                found[-1] = (found[-1][0], time + step, value)
            else:
                found.append((time, time + step, value))
    return found


def rectangle(place: tuple[float, float], size: tuple[float, float], color: str, opacity: float = 1) -> str:
    """A field of a colour."""
    (x, y), (width, height) = place, size
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{height:.1f}" fill="{color}"'
        + (f' fill-opacity="{opacity:g}"' if opacity < 1 else "")
        + "/>"
    )


def heatmap(panel: Panel, content: Content, width: float, height: float) -> str:
    """The panel "heatmap" of a histogram: how many came into each bucket, the more the lighter."""
    buckets = apart(content.series)
    most = max((value for _, counts in buckets for value in counts.values()), default=0) or 1
    room = height - _KEY
    plot = over_time(content, Axis(low=0, high=len(buckets), marks=(), texts=()), (width, room, _LEFT))
    band = (room - _BELOW) / len(buckets)
    wide = (plot.x(content.window.begin + content.window.step) - plot.x(content.window.begin)) - 0.3
    found: list[str] = []
    for index, (bound, counts) in enumerate(reversed(buckets)):
        said = "∞" if bound == float("inf") else written(bound, panel.unit)
        found.append(f'<text x="{_LEFT - 6}" y="{(index + 0.5) * band + 4:.1f}" text-anchor="end">{escape(said)}</text>')
        for time, value in counts.items():
            if value > 1e-9:
                found.append(rectangle((plot.x(time), index * band), (wide, band - 1), colours.of_scheme(value / most)))
    places = [plot.x(mark) for mark in plot.times.marks]
    drawn = time_marks(plot.times, places, room - _BELOW, width) + "".join(found) + marked(plot, content.marks)
    return svg(drawn, width, room) + key(most)


def apart(series: Sequence[Series]) -> list[tuple[float, dict[float, float]]]:
    """What came into each bucket alone, by its upper bound: Prometheus counts what is below it."""
    sums = sorted((float(one.labels["le"]), dict(one.points)) for one in series)
    below: dict[float, float] = {}
    found: list[tuple[float, dict[float, float]]] = []
    for bound, counts in sums:
        found.append((bound, {time: value - below.get(time, 0) for time, value in counts.items()}))
        below = counts
    return found


def key(most: float) -> str:
    """The scale of colours, from 0 to the most that is in a field."""
    steps = "".join(f"<i style='background:{color}'></i>" for color in colours.ORANGES)
    return f"<div class='key'>0 {steps} {escape(written(most, 'short'))}</div>"
