"""Dashboards, described in code. Each is one function; its panels ask Prometheus what anybody can ask by hand."""

import json

from grafana_foundation_sdk.builders.common import VizLegendOptions, VizTooltipOptions
from grafana_foundation_sdk.builders.dashboard import Dashboard, DatasourceVariable, QueryVariable, ThresholdsConfig
from grafana_foundation_sdk.builders.prometheus import Dataquery
from grafana_foundation_sdk.builders.stat import Panel as StatPanel
from grafana_foundation_sdk.builders.timeseries import Panel as GraphPanel
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueTextMode,
    DataSourceRef,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, Threshold, ThresholdsMode, VariableOption, VariableRefresh

from model.correlation import PROMETHEUS_UID

_SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
_CHOSEN = 'system=~"$system", service=~"$service"'


def overview() -> str:
    """How the services of all systems are, at a glance: up, load, errors, latency, and what is firing."""
    board = (
        Dashboard("Service overview")
        .uid("overview")
        .description("Health of every service in the catalogues: whether it is up, its load, its errors and its latency.")
        .tags(["observability"])
        .readonly()
        .refresh("30s")
        .time("now-1h", "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .with_variable(source_variable())
        .with_variable(label_variable("system", "System", "label_values(catalogue:service:info, system)"))
        .with_variable(label_variable("service", "Service", 'label_values(catalogue:service:info{system=~"$system"}, service)'))
        .with_panel(services_up())
        .with_panel(alerts_firing())
        .with_panel(datastores_up())
    )
    for panel in (request_rate(), error_ratio(), latency(), in_progress()):
        board = board.with_panel(panel)
    return json.dumps(board.build(), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def source_variable() -> DatasourceVariable:
    """Which Prometheus is asked; ours at first."""
    ours = VariableOption(text="Prometheus", value=PROMETHEUS_UID, selected=True)
    return DatasourceVariable("datasource").label("Data source").type("prometheus").current(ours)


def label_variable(name: str, label: str, query: str) -> QueryVariable:
    """A choice of label values; all of them at first."""
    everything = QueryVariable(name).label(label).datasource(_SOURCE).query(query)
    return everything.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).multi(True).include_all(True).all_value(".+")


def services_up() -> StatPanel:
    """A service that nothing answers for is down, even if nothing is left that could be asked."""
    declared = f"0 * max by (service) (catalogue:service:info{{{_CHOSEN}}})"
    panel = state("Services up", "1: at least one pod answers. 0: none does, or there is none.", width=16)
    return panel.with_target(query(f"max by (service) (up{{{_CHOSEN}}}) or {declared}", "{{service}}").instant())


def datastores_up() -> StatPanel:
    """Databases and caches, as their exporters see them."""
    panel = state("Datastores up", "1: the exporter can log in and ask. 0: it cannot.", width=4)
    return panel.with_target(
        query('max by (service) (pg_up{system=~"$system"} or redis_up{system=~"$system"})', "{{service}}").instant(),
    )


def alerts_firing() -> StatPanel:
    """How many alerts fire, by severity."""
    panel = stat("Alerts firing", "Alerts that fire now, of all services and of the platform.", width=4)
    steps = [Threshold(value=None, color="green"), Threshold(value=1, color="red")]
    return panel.thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)).with_target(
        query('count(ALERTS{alertstate="firing", severity=~"critical|warning"}) or vector(0)', "firing").instant()
    )


def request_rate() -> GraphPanel:
    """Load."""
    panel = graph("Request rate", "Requests per second that each service answers.", unit="reqps")
    return panel.with_target(query(f"sum by (service) (rate(http_requests_total{{{_CHOSEN}}}[$__rate_interval]))", "{{service}}"))


def error_ratio() -> GraphPanel:
    """Errors; a service without errors shows zero, not a gap."""
    failed = f'sum by (service) (rate(http_requests_total{{{_CHOSEN}, status=~"5.."}}[$__rate_interval]))'
    total = f"sum by (service) (rate(http_requests_total{{{_CHOSEN}}}[$__rate_interval]))"
    panel = graph("Error ratio", "Share of requests that fail with a server error (HTTP 5xx).", unit="percentunit")
    return panel.min(0).with_target(query(f"({failed} or 0 * {total}) / ({total} > 0)", "{{service}}"))


def latency() -> GraphPanel:
    """Latency."""
    buckets = f"sum by (service, le) (rate(http_request_duration_seconds_bucket{{{_CHOSEN}}}[$__rate_interval]))"
    panel = graph("Latency, 95th percentile", "Time within which 95 of 100 requests are answered.", unit="s")
    return panel.with_target(query(f"histogram_quantile(0.95, {buckets})", "{{service}}").exemplar(True))


def in_progress() -> GraphPanel:
    """Saturation."""
    panel = graph("Requests in progress", "Requests that each service is working on.", unit="short")
    return panel.min(0).with_target(query(f"sum by (service) (http_requests_in_progress{{{_CHOSEN}}})", "{{service}}"))


def query(expression: str, legend: str) -> Dataquery:
    """One query, with the reference that Grafana wants even when there is one only."""
    return Dataquery().ref_id("A").datasource(_SOURCE).expr(expression).legend_format(legend)


def stat(title: str, description: str, *, width: int) -> StatPanel:
    """Big numbers."""
    panel = StatPanel().title(title).description(description).datasource(_SOURCE).height(5).span(width)
    return panel.unit("none").color_mode(BigValueColorMode.BACKGROUND)


def state(title: str, description: str, *, width: int) -> StatPanel:
    """Things by name, red when they are down."""
    steps = [Threshold(value=None, color="red"), Threshold(value=1, color="green")]
    panel = stat(title, description, width=width).text_mode(BigValueTextMode.NAME)
    return panel.thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))


def graph(title: str, description: str, *, unit: str) -> GraphPanel:
    """A quantity over time, one line a service."""
    legend = VizLegendOptions().display_mode(LegendDisplayMode.TABLE).placement(LegendPlacement.BOTTOM).calcs(["lastNotNull", "max"])
    tooltip = VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING)
    panel = GraphPanel().title(title).description(description).datasource(_SOURCE).height(9).span(12)
    return panel.unit(unit).legend(legend.show_legend(True)).tooltip(tooltip)
