"""A dashboard as one HTML page, as Grafana lays it out: 24 columns, rows of 30 pixels with 8 between them, dark."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from html import escape

from model.documents import each, mapping
from pictures import bands, blocks, colours, graph, lists
from pictures.asking import Source
from pictures.panel import Content, Document, Mark, Panel, Window, panels

WIDTH = 1600
"""Of a page, in pixels, as of all lengths here."""

_MARGIN, _GAP, _CELL = 16, 8, 30
_COLUMN = (WIDTH - 2 * _MARGIN + _GAP) / 24
_HEAD, _FOOT = 92, 34
_TITLE, _PADDING = 30, 8

Drawing = Callable[[Panel, Content, float, float], str]

DRAWINGS: Mapping[str, Drawing] = {
    "timeseries": graph.graph,
    "stat": blocks.stat,
    "bargauge": blocks.bars,
    "table": lists.table,
    "logs": lists.lines,
    "state-timeline": bands.timeline,
    "heatmap": bands.heatmap,
}
"""What draws the inside of a panel of a width and a height, by the panel's type."""

STYLE = f"""
* {{ box-sizing: border-box }}
body {{ margin: 0; width: {WIDTH}px; background: {colours.CANVAS}; color: {colours.TEXT}; position: relative;
  font: 13px/1.4 Inter, Roboto, 'DejaVu Sans Condensed', sans-serif; font-variant-numeric: tabular-nums }}
header {{ padding: 12px {_MARGIN}px 0; height: {_HEAD}px }}
header h1 {{ font-size: 16px; font-weight: 500; margin: 0; float: left }}
header h1 span, .faint {{ color: {colours.FAINT} }}
.chip {{ display: inline-block; border: 1px solid {colours.BORDER}; border-radius: 2px; background: {colours.PANEL}; padding: 4px 8px;
  margin-right: 8px }}
.chip b {{ font-weight: 400; color: #6e9fff }}
.time {{ float: right; margin-right: 0 }}
.choices {{ clear: both; padding-top: 10px }}
footer {{ position: absolute; bottom: 8px; left: {_MARGIN}px; right: {_MARGIN}px; color: {colours.FAINT}; font-size: 12px }}
section, h2 {{ position: absolute; overflow: hidden; margin: 0 }}
section {{ background: {colours.PANEL}; border: 1px solid {colours.BORDER}; border-radius: 2px }}
section h3 {{ font-size: 14px; font-weight: 500; margin: 0; padding: 0 {_PADDING}px; line-height: {_TITLE}px; height: {_TITLE}px;
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis }}
section > div {{ margin: 0 {_PADDING}px; position: relative }}
h2 {{ font-size: 15px; font-weight: 500; line-height: {_CELL}px }}
.none {{ display: flex; align-items: center; justify-content: center; color: {colours.FAINT}; font-size: 15px }}
svg {{ display: block }}
svg text {{ fill: {colours.FAINT}; font-size: 11.5px }}
svg .grid {{ stroke: {colours.GRID}; fill: none }}
svg .line {{ fill: none; stroke-width: 1.3; stroke-linejoin: round }}
svg .mark {{ stroke-dasharray: 4 3; stroke-width: 1; fill: none }}
table {{ border-collapse: collapse; width: 100%; table-layout: auto }}
td, th {{ text-align: left; font-weight: 400; padding: 0 6px; white-space: nowrap; max-width: 520px; overflow: hidden;
  text-overflow: ellipsis }}
th {{ color: #6e9fff }}
.legend {{ font-size: 11.5px; margin-top: 4px }}
.legend tr {{ height: 17px; line-height: 16px }}
.legend .number {{ text-align: right; width: 90px }}
.legend td i {{ display: inline-block; width: 14px; height: 4px; border-radius: 2px; margin-right: 6px; vertical-align: middle }}
.cells tr {{ height: 28px; border-bottom: 1px solid {colours.BORDER} }}
.fields {{ display: grid; gap: 4px; align-content: start }}
.field {{ display: flex; flex-direction: column; align-items: center; justify-content: center; border-radius: 2px; line-height: 1.15;
  overflow: hidden; white-space: nowrap }}
.field b {{ font-weight: 500 }}
.bar {{ display: flex; align-items: center; margin-bottom: 4px }}
.bar span {{ flex: 1; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; padding-right: 8px }}
.bar > div {{ height: 100%; background: {colours.GRID} }}
.bar > div > div {{ height: 100% }}
.bar b {{ width: 70px; text-align: right; font-weight: 500 }}
.log {{ display: flex; font: 12px/18px 'DejaVu Sans Mono', monospace }}
.log i {{ width: 3px; margin: 1px 8px 1px 0; flex: none }}
.log time {{ width: 176px; color: {colours.FAINT}; flex: none }}
.log code {{ font: inherit; white-space: pre }}
.key {{ color: {colours.FAINT}; font-size: 11.5px; text-align: center }}
.key i {{ display: inline-block; width: 22px; height: 9px }}
"""


class UnknownPanelError(Exception):
    """A panel is of a type that has no drawing; the text names it."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page and how high it is, in pixels."""

    html: str
    height: int


def page(board: Document, folder: str, source: Source) -> Page:
    """A dashboard with what a source answers. Raises UnknownPanelError."""
    window = source.window(board)
    found = list(panels(board))
    marks = source.marks(board, window)
    drawn = "".join(placed(board, panel, source, window, marks) for panel in found)
    height = page_height(board)
    whole = f"<body style='height:{height}px'>{head(board, folder, source, window)}{drawn}{foot(source, window)}</body>"
    return Page(html=f"<!doctype html><meta charset='utf-8'><style>{STYLE}</style>{whole}", height=height)


def page_height(board: Document) -> int:
    """How high a page with all panels of a dashboard is."""
    below = max(top + height for _, top, _, height in (panel.place for panel in panels(board)))
    return round(_HEAD + below * (_CELL + _GAP) + _FOOT)


def placed(board: Document, panel: Panel, source: Source, window: Window, marks: Sequence[Mark]) -> str:
    """A panel, or a line with a title, where the dashboard has it."""
    left, top, width, height = rectangle(panel)
    where = f"left:{left:.0f}px;top:{top:.0f}px;width:{width:.0f}px;height:{height:.0f}px"
    if panel.kind == "row":
        return f"<h2 style='{where}'>⌄ {escape(panel.title)}</h2>"
    if panel.kind not in DRAWINGS:
        raise UnknownPanelError(f"dashboard {board.get('uid')}: panel '{panel.title}' is of type '{panel.kind}', which has no drawing")
    content = replace(source.content(panel, window), marks=marks)
    size = (width - 2 * _PADDING - 2, height - _TITLE - _PADDING - 2)
    body = f"<div style='height:{size[1]:.0f}px'>{inside(panel, content, size)}</div>"
    return f"<section style='{where}'><h3>{escape(panel.title)}</h3>{body}</section>"


def inside(panel: Panel, content: Content, size: tuple[float, float]) -> str:
    """What a panel shows, or that there is nothing."""
    if content.empty:
        return f"<div class='none' style='height:100%'>{escape(panel.nothing or 'No data')}</div>"
    return DRAWINGS[panel.kind](panel, content, *size)


def rectangle(panel: Panel) -> tuple[float, float, float, float]:
    """Left, top, width and height of a panel on the page."""
    x, y, width, height = panel.place
    return _MARGIN + x * _COLUMN, _HEAD + y * (_CELL + _GAP), width * _COLUMN - _GAP, height * (_CELL + _GAP) - _GAP


def head(board: Document, folder: str, source: Source, window: Window) -> str:
    """Where the dashboard is, which time it shows, and what was chosen."""
    where = f"<h1><span>Dashboards / {escape(folder)} / </span>{escape(str(board.get('title')))}</h1>"
    time = f"<span class='chip time'>Last {words(window.seconds)} · UTC</span>"
    chosen = "".join(f"<span class='chip'>{escape(label)} <b>{escape(value)}</b></span>" for label, value in choices(board, source))
    return f"<header>{where}{time}<div class='choices'>{chosen}</div></header>"


def choices(board: Document, source: Source) -> Iterator[tuple[str, str]]:
    """The variables and what is chosen of each."""
    for _, found in each(dict(board), "templating", "list", "*"):
        variable = mapping(found)
        current = str(mapping(variable.get("current")).get("text") or "")
        yield str(variable.get("label")), source.chosen.get(str(variable.get("name")), current)


def foot(source: Source, window: Window) -> str:
    """Where the picture is from."""
    when = f"{datetime.fromtimestamp(window.end, UTC):%Y-%m-%d %H:%M} UTC"
    return f"<footer>Data: {escape(source.words)}, {when}. Drawn without Grafana by <code>make pictures</code>.</footer>"


def words(seconds: float) -> str:
    """A time that is shown, as Grafana says it."""
    count, unit = (round(seconds / 3600), "hour") if seconds >= 5400 or seconds == 3600 else (round(seconds / 60), "minute")
    return f"{count} {unit}{'' if count == 1 else 's'}"
