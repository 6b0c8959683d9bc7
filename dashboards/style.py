"""How panels look: the only place of colours, units, thresholds and sizes. Every panel is made by one of the functions here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from grafana_foundation_sdk.builders.bargauge import Panel as BarsPanel
from grafana_foundation_sdk.builders.common import ReduceDataOptions, StackingConfig, VizLegendOptions, VizTooltipOptions
from grafana_foundation_sdk.builders.dashboard import FieldColor, ThresholdsConfig
from grafana_foundation_sdk.builders.heatmap import HeatmapColorOptions, YAxisConfig
from grafana_foundation_sdk.builders.heatmap import Panel as HeatmapPanel
from grafana_foundation_sdk.builders.logs import Panel as LogsPanel
from grafana_foundation_sdk.builders.stat import Panel as StatPanel
from grafana_foundation_sdk.builders.statetimeline import Panel as TimelinePanel
from grafana_foundation_sdk.builders.table import Panel as TablePanel
from grafana_foundation_sdk.builders.timeseries import Panel as GraphPanel
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    LogsSortOrder,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
    VizOrientation,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardLink,
    DashboardLinkType,
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    FieldConfig,
    FieldConfigSource,
    GridPos,
    Panel,
    Threshold,
    ThresholdsMode,
)
from grafana_foundation_sdk.models.heatmap import HeatmapColorMode

from dashboards.queries import JAEGER, LOKI, PROMETHEUS, Query, addressed

GOOD, WORSE, BAD, QUIET = "green", "orange", "red", "text"
"""What is as it should be, what somebody should look at, what is broken, and what is neither."""

# Units, as Grafana calls them. Shares are of 1 and times in seconds, as Prometheus has them; Grafana writes them for people.
SHARE, SECONDS, BYTES, BYTES_PER_SECOND = "percentunit", "s", "bytes", "Bps"
REQUESTS, EVENTS, COUNT, AGO, NAME = "reqps", "ops", "short", "dateTimeFromNow", "none"

WIDTH = 24
"""The columns of a dashboard."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What is the same for every kind of panel."""

    unit: str
    """The unit of its values."""

    width: int = 12
    """Columns, of 24."""

    height: int = 8
    """Rows; about 22 fit on a screen."""

    nothing: str = ""
    """What no data means, where that is good news; a panel without it must always have data."""

    link: tuple[str, str] | None = None
    """The title and address of what a click on a value leads to."""

    source: DataSourceRef = PROMETHEUS
    """Who is asked."""


def steps(first: str, *others: tuple[float, str]) -> ThresholdsConfig:
    """A colour, and from which value on it is another one."""
    found = [Threshold(value=None, color=first), *(Threshold(value=value, color=color) for value, color in others)]
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(found)


NONE_IS_GOOD = steps(GOOD, (1, BAD))
"""For a number of things that are broken."""

ONE_IS_GOOD = steps(BAD, (1, GOOD))
"""For what is 1 when it is up and 0 when it is down."""

BUDGET = steps(BAD, (0.0001, WORSE), (0.25, GOOD))
"""For the share that is left of an error budget."""

USAGE = steps(GOOD, (0.8, WORSE), (0.9, BAD))
"""For the share that is used of what there is."""

SUCCESS = steps(BAD, (0.9, WORSE), (0.95, GOOD))
"""For the share of what should work."""

NEUTRAL = steps(QUIET)
"""For a number that is neither good nor bad."""


def stat(title: str, description: str, queries: Sequence[Query], look: Look, colours: ThresholdsConfig = NEUTRAL) -> Panel:
    """Big numbers."""
    mode = BigValueColorMode.VALUE if colours is NEUTRAL else BigValueColorMode.BACKGROUND_SOLID
    panel = StatPanel().color_mode(mode).thresholds(colours).graph_mode(BigValueGraphMode.NONE).reduce_options(_latest())
    return _finished(panel, title, description, queries, look)


def states(title: str, description: str, queries: Sequence[Query], look: Look) -> Panel:
    """Things by name: green when they are up, red when they are down."""
    panel = StatPanel().color_mode(BigValueColorMode.BACKGROUND_SOLID).text_mode(BigValueTextMode.NAME).thresholds(ONE_IS_GOOD)
    return _finished(panel.graph_mode(BigValueGraphMode.NONE).reduce_options(_latest()), title, description, queries, look)


def graph(title: str, description: str, queries: Sequence[Query], look: Look) -> Panel:
    """Quantities over time."""
    return _finished(_lines(), title, description, queries, look)


def stack(title: str, description: str, queries: Sequence[Query], look: Look) -> Panel:
    """Quantities over time that add up."""
    panel = _lines().stacking(StackingConfig().mode(StackingMode.NORMAL)).fill_opacity(40)
    return _finished(panel, title, description, queries, look)


def log_graph(title: str, description: str, queries: Sequence[Query], look: Look) -> Panel:
    """Quantities over time, counted from lines of log."""
    return stack(title, description, queries, replace(look, source=LOKI))


def bars(title: str, description: str, queries: Sequence[Query], look: Look, colours: ThresholdsConfig) -> Panel:
    """Shares beside each other, as they are now."""
    panel = BarsPanel().thresholds(colours).orientation(VizOrientation.HORIZONTAL).reduce_options(_latest()).min(0).max(1)
    return _finished(panel, title, description, queries, look)


def timeline(title: str, description: str, queries: Sequence[Query], look: Look) -> Panel:
    """When things were up and when not."""
    colour = FieldColor().mode(FieldColorModeId.THRESHOLDS)
    panel = TimelinePanel().thresholds(ONE_IS_GOOD).color_scheme(colour).show_value(VisibilityMode.NEVER)
    return _finished(panel, title, description, queries, look)


def heatmap(title: str, description: str, queries: Sequence[Query], look: Look) -> Panel:
    """How many took how long, over time."""
    colour = HeatmapColorOptions().mode(HeatmapColorMode.SCHEME).scheme("Oranges").steps(32)
    panel = HeatmapPanel().color(colour).y_axis(YAxisConfig().unit(look.unit))
    return _finished(panel, title, description, queries, look)


def table(title: str, description: str, query: Query, look: Look, *, columns: Sequence[str], value: str) -> Panel:  # noqa: PLR0913 - named
    """Labels as ``columns`` in this order, and the value of each row under the name ``value``, with the look's unit."""
    order = {name: index for index, name in enumerate([*columns, "Value"])}
    shown = {"indexByName": order, "includeByName": dict.fromkeys(order, True), "renameByName": {"Value": value}}
    panel = TablePanel().with_transformation(DataTransformerConfig(id_val="organize", options=shown))
    panel = panel.override_by_name(value, [DynamicConfigValue(id_val="unit", value=look.unit)])
    return _finished(panel, title, description, [query], look)


def lines(title: str, description: str, query: Query, look: Look) -> Panel:
    """Lines of log, the newest first."""
    panel = LogsPanel().show_time(True).sort_order(LogsSortOrder.DESCENDING).enable_log_details(True).wrap_log_message(True)
    return _finished(panel, title, description, [query], replace(look, source=LOKI))


def traces(title: str, description: str, query: Query, look: Look) -> Panel:
    """Traces, the newest first; each opens beside."""
    return _finished(TablePanel(), title, description, [query], replace(look, source=JAEGER))


def _lines() -> GraphPanel:
    legend = VizLegendOptions().display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"])
    tooltip = VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    panel = GraphPanel().legend(legend.show_legend(True)).tooltip(tooltip)
    return panel.min(0).fill_opacity(8).show_points(VisibilityMode.NEVER)


def _latest() -> ReduceDataOptions:
    return ReduceDataOptions().calcs(["lastNotNull"]).values(False)


def _finished(builder: Builder[Panel], title: str, description: str, queries: Sequence[Query], look: Look) -> Panel:
    """A panel with what all have; where it is, is decided by the dashboard."""
    panel = builder.build()
    panel.title, panel.description, panel.datasource = title, description, look.source
    panel.grid_pos = GridPos(w=look.width, h=look.height)
    panel.targets = [addressed(query, chr(ord("A") + index)) for index, query in enumerate(queries)]
    panel.field_config = panel.field_config or FieldConfigSource()
    fields = panel.field_config.defaults = panel.field_config.defaults or FieldConfig()
    fields.unit = look.unit
    fields.no_value = look.nothing or None
    if look.link:
        fields.links = [link(*look.link)]
    return panel


def link(title: str, url: str) -> DashboardLink:
    """A link that keeps the time that is shown."""
    return DashboardLink(title=title, type_val=DashboardLinkType.LINK, url=url, keep_time=True)
