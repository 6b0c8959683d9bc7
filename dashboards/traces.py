"""Traces: who calls whom, how often and how long, and the traces themselves."""

from dashboards import style
from dashboards.board import About, Board, Row, Variable, board, metrics_source, services, systems, traces_source
from dashboards.queries import found_traces, latency, over_time, rows
from dashboards.selection import CHOSEN
from dashboards.style import Look
from model.correlation import CALL_SECONDS, CALLS, OPERATION

UID = "traces"

_SERVER = f'{CHOSEN.matchers}, span_kind="SPAN_KIND_SERVER"'


def traces() -> Board:
    """The traces of the chosen services."""
    about = About(
        uid=UID,
        title="Traces",
        description="Who calls whom, how often, how long it takes and what fails, as spans say it; and the newest traces.",
    )
    variables: list[Variable] = [metrics_source(), traces_source(), systems(), services()]
    return board(about, variables, [service_graph(), spans(), newest(), pipeline()], matchers=CHOSEN.matchers)


def rate(metric: str, matchers: str, by: str) -> str:
    """A counter as a sum of rates."""
    return f"sum by ({by}) (rate({metric}{{{matchers}}}[$__rate_interval]))"


def service_graph() -> Row:
    """Who calls whom."""
    calls = rate("traces_service_graph_request_total", 'client!=""', "client, server")
    return Row(
        title="Service graph",
        panels=(
            style.table(
                "Calls",
                "Calls per second between services.",
                rows(calls),
                Look(unit=style.REQUESTS, width=24, height=14),
                columns=("client", "server"),
                value="Calls",
            ),
        ),
    )


def spans() -> Row:
    """Requests, errors and durations as spans count them."""
    by = f"service, {OPERATION}"
    failed = rate(CALLS, f'{_SERVER}, status_code="STATUS_CODE_ERROR"', "service")
    total = rate(CALLS, _SERVER, "service")
    slow = f"histogram_quantile(0.95, {rate(f'{CALL_SECONDS}_bucket', _SERVER, f'{by}, le')})"
    return Row(
        title="Spans",
        panels=(
            style.graph(
                "Calls by operation",
                "Calls per second of each operation, before sampling.",
                [over_time(f"topk(20, {rate(CALLS, _SERVER, by)})", f"{{{{service}}}} {{{{{OPERATION}}}}}")],
                Look(unit=style.REQUESTS, width=8),
            ),
            style.graph(
                "Share of spans that fail",
                "Share of calls whose span says that it failed.",
                [over_time(f"({failed} or 0 * {total}) / ({total} > 0)", "{{service}}")],
                Look(unit=style.SHARE, width=8),
            ),
            style.graph(
                "Duration by operation",
                "Time within which 95 of 100 calls of each operation are done. Dots lead to traces.",
                [latency(f"topk(20, {slow} >= 0)", f"{{{{service}}}} {{{{{OPERATION}}}}}")],
                Look(unit=style.SECONDS, width=8),
            ),
        ),
    )


def newest() -> Row:
    """The traces themselves."""
    return Row(
        title="Traces",
        panels=(
            style.traces(
                "Newest traces",
                "The newest traces of the chosen service; choose one service.",
                found_traces("${service}"),
                Look(unit=style.NAME, width=12, height=9, nothing="Choose one service that has traces"),
            ),
            style.traces(
                "Newest traces with errors",
                "Those of them in which something failed.",
                found_traces("${service}", tags="error=true"),
                Look(unit=style.NAME, width=12, height=9, nothing="No trace with an error"),
            ),
        ),
    )


def pipeline() -> Row:
    """The way of a span into the storage."""
    received = rate("otelcol_receiver_accepted_spans_total", "", "job")
    refused = rate("otelcol_receiver_refused_spans_total", "", "job")
    sent = rate("otelcol_exporter_sent_spans_total", "", "job")
    return Row(
        title="Pipeline",
        panels=(
            style.graph(
                "Spans received", "Spans per second that came in.", [over_time(received, "{{job}}")], Look(unit=style.EVENTS, width=8)
            ),
            style.graph(
                "Spans refused",
                "Spans per second that were refused, as too much was on the way.",
                [over_time(refused, "{{job}}")],
                Look(unit=style.EVENTS, width=8, nothing="None were refused"),
            ),
            style.graph(
                "Spans sent", "Spans per second that were passed on.", [over_time(sent, "{{job}}")], Look(unit=style.EVENTS, width=8)
            ),
        ),
    )
