"""Numbers of this moment: big ones, and bars beside each other."""

import math
from collections.abc import Sequence
from html import escape

from pictures import colours
from pictures.panel import Content, Panel, Series
from pictures.units import written

_ASPECT = 2.2
"""How much wider than high a field of a number is, at best."""

_LETTER = 0.63
"""How wide a letter is, of its size."""


def stat(panel: Panel, content: Content, width: float, height: float) -> str:
    """The panel "stat": a field for each series, with its value, its name or both, all in one size."""
    series = content.series
    alone, only_name = len(series) == 1, panel.options.get("textMode") == "name"
    names = ["" if alone and not only_name else one.name for one in series]
    values = ["" if only_name else written(one.last, panel.unit, now=content.window.end) for one in series]
    across = columns(len(series), width, height)
    wide, high = width / across - 4, height / math.ceil(len(series) / across) - 4
    large = fitting(values if any(values) else names, wide, high * (0.45 if any(names) and any(values) else 0.6))
    small = fitting(names, wide, min(high * 0.3, 18)) if any(values) else large
    fields = [
        f"<div class='field' style='{coloured(panel, one)};height:{high:.0f}px'>"
        f"{sized('span', name, small)}{sized('b', value, large)}</div>"
        for one, name, value in zip(series, names, values, strict=True)
    ]
    return f"<div class='fields' style='grid-template-columns:repeat({across},1fr)'>{''.join(fields)}</div>"


def columns(count: int, width: float, height: float) -> int:
    """How many fields are beside each other, so that each is as near as can be to a good shape."""

    def badness(across: int) -> float:
        return abs(math.log((width / across) / (height / math.ceil(count / across)) / _ASPECT))

    return min(range(1, count + 1), key=badness)


def fitting(texts: Sequence[str], width: float, height: float) -> float:
    """The size of letters, in pixels, with which every text fits."""
    return max(11.0, min(height, width * 0.92 / (max(len(text) for text in (*texts, "000")) * _LETTER), 56))


def sized(tag: str, text: str, size: float) -> str:
    """A text in a size; nothing for none."""
    return f"<{tag} style='font-size:{size:.0f}px'>{escape(text)}</{tag}>" if text else ""


def coloured(panel: Panel, series: Series) -> str:
    """The colours of a field: of its value, behind it or in it."""
    color = colours.of_value(panel.steps, series.last)
    filled = panel.options.get("colorMode") == "background_solid"
    return f"background:{color};color:{colours.on(color)}" if filled else f"color:{color}"


def bars(panel: Panel, content: Content, width: float, height: float) -> str:
    """The panel "bar gauge", lying: name, bar from the lowest to the highest value, value in its colour."""
    low, high = panel.low or 0, 1 if panel.high is None else panel.high
    room = max(16, min(34, height / len(content.series)))
    shown = content.series[: int(height / room)]
    hidden = len(content.series) - len(shown)
    if hidden:
        shown = shown[:-1]
    found = [bar(panel, one, (one.last - low) / (high - low), room, width) for one in shown]
    if hidden:
        found.append(f"<div class='faint' style='line-height:{room:.0f}px'>… and {hidden + 1} more</div>")
    return "".join(found)


def bar(panel: Panel, series: Series, share: float, height: float, width: float) -> str:
    """One of them, with a gradient through the colours of the thresholds that it has passed."""
    share = min(max(share, 0), 1)
    color, long = colours.of_value(panel.steps, series.last), width * 0.44
    low, high = panel.low or 0, 1 if panel.high is None else panel.high
    passed = [f"{colours.named(name)}aa {max(0, (begin - low) / (high - low)) * long:.0f}px" for begin, name in panel.steps]
    fill = f"width:{share * long:.0f}px;background:linear-gradient(90deg,{','.join(passed)});border-right:2px solid {color}"
    size = min(13, height * 0.62)
    return (
        f"<div class='bar' style='height:{height - 4:.0f}px;font-size:{size:.0f}px'><span>{escape(series.name)}</span>"
        f"<div style='width:{long:.0f}px'><div style='{fill}'></div></div>"
        f"<b style='color:{color}'>{escape(written(series.last, panel.unit))}</b></div>"
    )
