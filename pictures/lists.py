"""What is read line by line: tables, lines of log, traces."""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

from pictures import colours
from pictures.panel import Content, Panel
from pictures.units import written

_ROW, _LINE = 28, 18
"""Heights of a row and of a line of log, in pixels."""

_LETTER = 7.3
"""About how wide a letter of a line of log is."""


def table(panel: Panel, content: Content, width: float, height: float) -> str:
    """The panel "table": labels and a value of each series, or traces."""
    _ = width
    if content.traces:
        titles, rows = ["Trace ID", "Trace name", "Start time", "Duration"], trace_rows(content)
    else:
        titles = [title for _, title in panel.columns]
        rows = [
            [
                written(one.last, panel.unit, now=content.window.end) if name == "Value" else one.labels.get(name, "")
                for name, _ in panel.columns
            ]
            for one in content.series
        ]
    fitting = max(1, int(height / _ROW) - 1)
    shown = rows if len(rows) <= fitting else rows[: fitting - 1]
    found = [f"<tr>{''.join(f'<th>{escape(title)}' for title in titles)}</tr>"]
    found += [f"<tr>{''.join(f'<td>{escape(cell)}' for cell in row)}</tr>" for row in shown]
    if len(shown) < len(rows):
        found.append(f"<tr><td class='faint' colspan='{len(titles)}'>… and {len(rows) - len(shown)} more</tr>")
    return f"<table class='cells'>{''.join(found)}</table>"


def trace_rows(content: Content) -> Sequence[Sequence[str]]:
    """What Grafana shows of traces that it searched."""
    return [[trace.id, trace.name, clock(trace.begin), written(trace.seconds, "s")] for trace in content.traces]


def lines(panel: Panel, content: Content, width: float, height: float) -> str:
    """The panel "logs": the newest line first, each with its time and the colour of its level, wrapped."""
    _ = panel
    letters = int((width - 190) / _LETTER)
    left = int(height / _LINE)
    found: list[str] = []
    for line in content.lines:
        needed = max(1, math.ceil(len(line.text) / letters))
        if needed > left:
            break
        left -= needed
        color = colours.named(colours.LEVELS.get(line.labels.get("level", line.labels.get("detected_level", "")), "text"))
        parts = [line.text[at : at + letters] for at in range(0, max(1, len(line.text)), letters)]
        said = "<br>".join(escape(part) for part in parts)
        found.append(f"<div class='log'><i style='background:{color}'></i><time>{clock(line.seconds)}</time><code>{said}</code></div>")
    return "".join(found)


def clock(seconds: float) -> str:
    """A moment, in UTC."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}.{int(seconds * 1000) % 1000:03d}"
