"""Dashboards of one system: those that ``configs/dashboards`` names, its overview, and one of its own metrics."""

from collections.abc import Callable, Iterator, Mapping

from grafana_foundation_sdk.models.dashboard import Panel

from dashboards import alerts, nodes, postgresql, rows, style
from dashboards.board import About, Board, Row, Variable, board, choice, logs_source, metrics_source, system_folder
from dashboards.queries import Query, latency, now, over_time
from dashboards.selection import exactly
from dashboards.style import Look
from model.catalogue import Catalogue, Metric
from model.pages import MetricsRow, Page, Pages, Shared, metrics_of

_BUSINESS = "business"
_OVERVIEW = Page(
    title="Overview",
    description="Is it broken, what, since when, whose; then load, errors, latency, promises and pods.",
    rows=("answers", "requests", "promises", "datastores", "resources", "logs"),
)

_UNITS = {
    "_seconds": style.SECONDS,
    "_bytes": style.BYTES,
    "_percent": "percent",
    "_ratio": style.SHARE,
    "_rate": style.SHARE,
    "_score": style.SHARE,
    "_accuracy": style.SHARE,
    "_confidence": style.SHARE,
    "_timestamp": style.AGO,
}
"""The unit of a gauge, by how its name ends."""


def system_boards(catalogue: Catalogue, pages: Pages, *, logs: bool) -> Iterator[Board]:
    """All dashboards of a system: what is declared in its catalogue is on one of them without anybody's doing."""
    declared = {"overview": _OVERVIEW, **pages.dashboards}
    if own := own_metrics(catalogue):
        declared = {
            _BUSINESS: Page(title="Business", description="What the services of the system count themselves.", rows=own),
            **declared,
        }
    for name, page in declared.items():
        yield page_board(catalogue, name, page, logs=logs)


def own_metrics(catalogue: Catalogue) -> tuple[MetricsRow, ...]:
    """A row for each service that declares metrics of its own."""
    return tuple(MetricsRow(title=name, metrics=tuple(service.metrics)) for name, service in catalogue.services.items() if service.metrics)


def page_board(catalogue: Catalogue, name: str, page: Page, *, logs: bool) -> Board:
    """One dashboard of a system; what it has no use for (logs where there are none, datastores) is left out."""
    system = catalogue.system
    about = About(uid=f"{system}-{name}", title=f"{system}: {page.title}", description=page.description, folder=system_folder(system))
    chosen: list[Shared | MetricsRow] = [row for row in page.rows if isinstance(row, MetricsRow) or wanted(row, catalogue, logs=logs)]
    content = [made for row in chosen for made in ([metrics_row(catalogue, row)] if isinstance(row, MetricsRow) else rows_of(row, system))]
    variables: list[Variable] = [metrics_source()]
    variables += [logs_source()] if "logs" in chosen else []
    variables += [choice("node", "Node", 'label_values(node_uname_info{job="node-exporter"}, node)')] if "nodes" in chosen else []
    return board(about, variables, content, matchers=f'system="{system}"')


def wanted(row: Shared, catalogue: Catalogue, *, logs: bool) -> bool:
    """Whether a system has what a row is about."""
    kinds = {datastore.kind for datastore in catalogue.datastores.values()}
    return {"logs": logs, "datastores": bool(kinds), "database": "postgresql" in kinds}.get(row, True)


def rows_of(row: Shared, system: str) -> list[Row]:
    """A shared row for one system."""
    matchers = f'system="{system}"'
    own = exactly(matchers)
    database = f'job="postgresql", {matchers}'
    makers: Mapping[Shared, Callable[[], list[Row]]] = {
        "answers": lambda: [rows.answers(own)],
        "requests": lambda: [rows.requests(own)],
        "promises": lambda: [rows.promises(own)],
        "resources": lambda: [rows.resources(own)],
        "nodes": lambda: [nodes.system_resources()],
        "datastores": lambda: [rows.datastores(matchers)],
        "database": lambda: [postgresql.state(database), *postgresql.content(database)],
        "logs": lambda: [rows.log_rows(matchers)],
        "alerts": lambda: [alerts.history(f"{rows.ALERT}, {matchers}")],
    }
    return makers[row]()


def metrics_row(catalogue: Catalogue, row: MetricsRow) -> Row:
    """A panel for each metric."""
    known = metrics_of(catalogue)
    width = {1: 24, 2: 12, 4: 12}.get(len(row.metrics), 8)
    return Row(title=row.title, panels=tuple(metric_panel(catalogue.system, name, *known[name], width=width) for name in row.metrics))


def metric_panel(system: str, name: str, service: str, metric: Metric, *, width: int) -> Panel:
    """A metric as its type allows it to be shown."""
    matchers = f'system="{system}", service="{service}"'
    by = ", ".join(("service", *metric.labels))
    legend = " ".join(f"{{{{{label}}}}}" for label in metric.labels) or "{{service}}"
    title = metric.description or name
    match metric.type:
        case "counter":
            query = over_time(f"sum by ({by}) (rate({name}{{{matchers}}}[$__rate_interval]))", legend)
            return style.graph(
                f"{title} per second", f"{title}, per second: {name} of {service}.", [query], Look(unit=style.EVENTS, width=width)
            )
        case "histogram":
            quantiles = [latency(quantile(name, matchers, share), f"{{{{service}}}} p{100 * share:g}") for share in (0.5, 0.95, 0.99)]
            description = f"{title}, within which 50, 95 and 99 of 100 are done: {name} of {service}."
            return style.graph(title, description, quantiles, Look(unit=unit_of(name), width=width))
        case "gauge":
            return gauge(
                title,
                f"{title}: {name} of {service}.",
                f"max by ({by}) ({name}{{{matchers}}})",
                legend,
                Look(unit=unit_of(name), width=width),
            )


def gauge(title: str, description: str, expression: str, legend: str, look: Look) -> Panel:
    """A value over time; a moment in time as how long ago it was."""
    if look.unit == style.AGO:
        query: Query = now(f"{expression} * 1000", legend)
        return style.stat(title, description, [query], look)
    return style.graph(title, description, [over_time(expression, legend)], look)


def quantile(name: str, matchers: str, share: float) -> str:
    """A quantile of a histogram."""
    return f"histogram_quantile({share:g}, sum by (service, le) (rate({name}_bucket{{{matchers}}}[$__rate_interval]))) >= 0"


def unit_of(name: str) -> str:
    """The unit that the end of a metric's name says, as Prometheus' conventions have it."""
    return next((unit for suffix, unit in _UNITS.items() if name.endswith(suffix)), style.COUNT)
