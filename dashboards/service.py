"""Service details: one service in depth, or some beside each other. Alerts on services lead here."""

from dashboards import rows, style
from dashboards.board import About, Board, Row, Variable, board, choice, logs_source, metrics_source, services, systems
from dashboards.queries import buckets, latency, over_time
from dashboards.selection import CHOSEN
from dashboards.style import Look

UID = "service"

_ENDPOINTS = 'system=~"$system", service=~"$service", endpoint=~"$endpoint"'
_BY_ENDPOINT = f"sum by (service, endpoint) (rate(http_requests_total{{{_ENDPOINTS}}}[$__rate_interval]))"
_BUCKETS = f"rate(http_request_duration_seconds_bucket{{{_ENDPOINTS}}}[$__rate_interval])"


def service(*, logs: bool) -> Board:
    """Requests by endpoint, errors by kind, latency in depth, saturation, promises and logs of the chosen services."""
    about = About(
        uid=UID,
        title="Service details",
        description="One service in depth: requests by endpoint, errors, latency, saturation, restarts, promises and logs.",
    )
    endpoints = choice("endpoint", "Endpoint", 'label_values(http_requests_total{system=~"$system", service=~"$service"}, endpoint)')
    variables: list[Variable] = [metrics_source(), *([logs_source()] if logs else []), systems(), services(), endpoints]
    content = [rows.answers(CHOSEN), by_endpoint(), how_long(), rows.promises(CHOSEN), saturation(), rows.resources(CHOSEN)]
    if logs:
        content.append(rows.log_rows(CHOSEN.matchers))
    return board(about, variables, content, matchers=CHOSEN.matchers)


def by_endpoint() -> Row:
    """Which requests there are, and which fail."""
    failed = f'sum by (service, status) (rate(http_requests_total{{{_ENDPOINTS}, status=~"%s.."}}[$__rate_interval]))'
    return Row(
        title="Requests by endpoint",
        panels=(
            style.graph(
                "Request rate by endpoint",
                "Requests per second by endpoint.",
                [over_time(_BY_ENDPOINT, "{{service}} {{endpoint}}")],
                Look(unit=style.REQUESTS),
            ),
            style.graph(
                "Requests in progress",
                "Requests that each service is working on.",
                [over_time(f"sum by (service) (http_requests_in_progress{{{CHOSEN.matchers}}})", "{{service}}")],
                Look(unit=style.COUNT),
            ),
            style.graph(
                "Client errors",
                "Requests per second that were refused (HTTP 4xx), by status.",
                [over_time(failed % 4, "{{service}} {{status}}")],
                Look(unit=style.REQUESTS, nothing="No request was refused"),
            ),
            style.graph(
                "Server errors",
                "Requests per second that failed (HTTP 5xx), by status.",
                [over_time(failed % 5, "{{service}} {{status}}")],
                Look(unit=style.REQUESTS, nothing="No request failed"),
            ),
        ),
    )


def how_long() -> Row:
    """Latency: percentiles against the promise, and all of it."""
    promised = f"max by (service) (threshold:latency_p95:seconds{{{CHOSEN.matchers}}})"
    percentiles = [
        latency(f"histogram_quantile({percentile / 100:g}, sum by (service, le) ({_BUCKETS}))", f"{{{{service}}}} p{percentile:g}")
        for percentile in (50, 95, 99, 99.9)
    ]
    return Row(
        title="Latency",
        panels=(
            style.graph(
                "Latency percentiles",
                "Time within which 50, 95, 99 and 99.9 of 100 requests are answered, and what is promised for 95. Dots lead to traces.",
                [*percentiles, over_time(promised, "{{service}} promised (p95)")],
                Look(unit=style.SECONDS, height=9),
            ),
            style.heatmap(
                "Request durations",
                "How many requests took how long.",
                [buckets(f"sum by (le) ({_BUCKETS})")],
                Look(unit=style.SECONDS, height=9),
            ),
        ),
    )


def saturation() -> Row:
    """How much of what they may have the pods take."""
    limit = 'sum by (namespace, pod) (kube_pod_container_resource_limits{job="kube-state-metrics", resource="memory"})'
    return Row(
        title="Saturation",
        panels=(
            style.graph(
                "Memory of the limit",
                "Share of its memory limit that each pod uses. At 100 % the kernel ends it.",
                [over_time(f"{CHOSEN.memory} / {CHOSEN.of_pods(limit)}", "{{pod}}")],
                Look(unit=style.SHARE),
            ),
            style.graph(
                "Throttling",
                "Share of its time slices in which each pod had to wait for a processor.",
                [over_time(CHOSEN.of_pods(throttled()), "{{pod}}")],
                Look(unit=style.SHARE, nothing="No container has a CPU limit"),
            ),
        ),
    )


def throttled() -> str:
    """The share of time slices in which containers with a CPU limit had to wait, by pod."""
    waited, all_slices = (
        f'sum by (namespace, pod) (rate(container_cpu_cfs_{kind}_total{{job="cadvisor", container!=""}}[$__rate_interval]))'
        for kind in ("throttled_periods", "periods")
    )
    return f"({waited} / ({all_slices} > 0))"
