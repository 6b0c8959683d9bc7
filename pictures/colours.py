"""The colours of Grafana's dark theme (packages/grafana-data/src/themes)."""

from collections.abc import Sequence

Steps = Sequence[tuple[float, str]]
"""From which value on there is which colour, the smallest first."""

CANVAS, PANEL, BORDER, GRID = "#111217", "#181b1f", "#2a2c32", "#26282d"
TEXT, FAINT = "#ccccdc", "#8e8e9c"

NAMES = {
    "green": "#73BF69",
    "yellow": "#FADE2A",
    "blue": "#5794F2",
    "orange": "#FF9830",
    "red": "#F2495C",
    "purple": "#B877D9",
    "text": TEXT,
}
"""What dashboards call colours."""

PALETTE = (
    *(NAMES[name] for name in ("green", "yellow", "blue", "orange", "red", "purple")),
    *("#37872D", "#E0B400", "#1F60C4", "#FA6400", "#C4162A", "#8F3BB8"),
    *("#C8F2C2", "#FFF899", "#C0D8FF", "#FFCB7D", "#FFA6B0", "#DEB6F2"),
    *("#447EBC", "#C15C17", "#890F02", "#0A437C", "#6D1F62", "#584477", "#B7DBAB", "#F4D598", "#70DBED", "#F9BA8F", "#F29191", "#82B5D8"),
)
"""The classic palette: the first series is green, the second yellow, and so on."""

ORANGES = ("#2b1a10", "#7f2704", "#a63603", "#d94801", "#f16913", "#fd8d3c", "#fdae6b", "#fdd0a2", "#fee6ce", "#fff5eb")
"""The scheme "Oranges" as the dark theme turns it: few is dark, many is light."""

LEVELS = {"critical": "purple", "fatal": "purple", "error": "red", "warn": "orange", "warning": "orange", "info": "green", "debug": "blue"}
"""The colours of levels of log lines."""


def named(name: str) -> str:
    """A colour by name; what has no name is one already."""
    return NAMES.get(name, name)


def of_series(index: int) -> str:
    """The colour of a series by its number, from 0."""
    return PALETTE[index % len(PALETTE)]


def of_value(steps: Steps, value: float) -> str:
    """The colour that thresholds give a value."""
    reached = [color for begin, color in steps if value >= begin]
    return named(reached[-1] if reached else steps[0][1] if steps else "text")


def on(background: str) -> str:
    """The colour of text that can be read on another colour."""
    red, green, blue = (int(background[place : place + 2], 16) for place in (1, 3, 5))
    return "#202226" if (299 * red + 587 * green + 114 * blue) / 1000 > 180 else "#ffffff"


def of_scheme(share: float) -> str:
    """The colour of the scheme at a share from 0 to 1."""
    return ORANGES[min(len(ORANGES) - 1, int(share * len(ORANGES)))]
