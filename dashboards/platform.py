"""The platform itself: whether it sees, keeps and tells what it should."""

from grafana_foundation_sdk.models.dashboard import Panel

from dashboards import style
from dashboards.board import About, Board, Row, board, metrics_source
from dashboards.queries import now, over_time
from dashboards.queries import rows as table_rows
from dashboards.style import Look

UID = "platform"


def platform(*, logs: bool, promtail: bool) -> Board:
    """Prometheus, Alertmanager and Grafana; Loki and its agent where there are ``logs``."""
    about = About(
        uid=UID, title="Platform health", description="The platform itself: scraping, rules, storage, notification, logs and its own pods."
    )
    content = [seeing(), prometheus(), notification(), *([loki()] if logs else []), *([agent()] if promtail else []), own_pods()]
    return board(about, [metrics_source()], content)


def seeing() -> Row:
    """What is scraped and what is not."""
    reloaded = {name: f'{name}_config_last_reload_successful{{job="{name}"}}' for name in ("prometheus", "alertmanager")}
    parts = "prometheus|alertmanager|loki|promtail|node_exporter|postgres_exporter"
    versions = f'max by (job, version) ({{__name__=~"({parts})_build_info"}})'
    return Row(
        panels=(
            style.stat(
                "Targets down",
                "Targets that did not answer their last scrape.",
                [now("count(up == 0) or vector(0)")],
                Look(unit=style.COUNT, width=4, height=4),
                style.NONE_IS_GOOD,
            ),
            style.stat("Targets", "Everything that is scraped.", [now("count(up)")], Look(unit=style.COUNT, width=4, height=4)),
            style.stat(
                "Series",
                "Series in memory.",
                [now('max(prometheus_tsdb_head_series{job="prometheus"})')],
                Look(unit=style.COUNT, width=4, height=4),
            ),
            style.stat(
                "Configuration",
                "1: the last reload of Prometheus and Alertmanager succeeded.",
                [now(f"min({reloaded['prometheus']} or {reloaded['alertmanager']})")],
                Look(unit=style.COUNT, width=4, height=4),
                style.ONE_IS_GOOD,
            ),
            style.stat(
                "Alertmanagers known",
                "Alertmanagers that each Prometheus sends to, at least.",
                [now('min(prometheus_notifications_alertmanagers_discovered{job="prometheus"})')],
                Look(unit=style.COUNT, width=4, height=4),
                style.ONE_IS_GOOD,
            ),
            style.stat(
                "Samples per second",
                "Samples that are stored per second.",
                [now('sum(rate(prometheus_tsdb_head_samples_appended_total{job="prometheus"}[$__rate_interval]))')],
                Look(unit=style.COUNT, width=4, height=4),
            ),
            style.timeline(
                "Jobs",
                "When all targets of each job answered.",
                [over_time("min by (job) (up)", "{{job}}")],
                Look(unit=style.NAME, width=14, height=10),
            ),
            style.table(
                "Versions",
                "What runs, and in which version.",
                table_rows(versions),
                Look(unit=style.NAME, width=10, height=10),
                columns=("job", "version"),
                value="Runs",
            ),
        )
    )


def curve(title: str, description: str, unit: str, expression: str, legend: str) -> Panel:
    """One quantity over time."""
    return style.graph(title, description, [over_time(expression, legend)], Look(unit=unit))


def prometheus() -> Row:
    """Metrics and rules."""
    mine = 'job="prometheus"'
    slowest = f"topk(5, max by (rule_group) (prometheus_rule_group_last_duration_seconds{{{mine}}}))"
    missed = f"sum by (pod) (increase(prometheus_rule_group_iterations_missed_total{{{mine}}}[$__rate_interval]))"
    size = f"max by (pod) (prometheus_tsdb_storage_blocks_bytes{{{mine}}} + prometheus_tsdb_wal_storage_size_bytes{{{mine}}})"
    asked = f'max by (slice) (prometheus_engine_query_duration_seconds{{{mine}, quantile="0.9"}} >= 0)'
    return Row(
        title="Prometheus",
        panels=(
            curve(
                "Slowest rule groups",
                "Time of the last evaluation; more than its interval, and some are missed.",
                style.SECONDS,
                slowest,
                "{{rule_group}}",
            ),
            curve("Missed evaluations", "Evaluations that did not happen as the one before took too long.", style.COUNT, missed, "{{pod}}"),
            curve(
                "Scrape duration",
                "Time of the slowest scrape of each job.",
                style.SECONDS,
                "max by (job) (scrape_duration_seconds)",
                "{{job}}",
            ),
            curve(
                "Samples by job",
                "Samples of one scrape of each job: who makes the most series.",
                style.COUNT,
                "sum by (job) (scrape_samples_post_metric_relabeling)",
                "{{job}}",
            ),
            curve("Storage", "Bytes on the volume of each server.", style.BYTES, size, "{{pod}}"),
            curve("Query duration", "Time within which 9 of 10 queries were done, by step.", style.SECONDS, asked, "{{slice}}"),
        ),
    )


def notification() -> Row:
    """The way of an alert to people; docs of each channel are on the dashboard of alerts."""
    received = 'sum by (status) (rate(alertmanager_alerts_received_total{job="alertmanager"}[$__rate_interval]))'
    queue = 'max by (pod) (prometheus_notifications_queue_length{job="prometheus"})'
    return Row(
        title="Alertmanager",
        panels=(
            curve("Queue of notifications", "Alerts that wait in Prometheus to be sent to Alertmanager.", style.COUNT, queue, "{{pod}}"),
            curve("Alerts received", "Alerts per second that Alertmanager gets, by status.", style.EVENTS, received, "{{status}}"),
        ),
    )


def loki() -> Row:
    """Logs: what comes in, and what is refused."""
    mine = 'job="loki"'
    lines, size = (
        f"sum by (pod) (rate(loki_distributor_{kind}_received_total{{{mine}}}[$__rate_interval]))" for kind in ("lines", "bytes")
    )
    answered = "sum by (route) (rate(loki_request_duration_seconds_count{%s}[$__rate_interval]))"
    failed = answered % f'{mine}, status_code=~"5.."'
    none = answered % f'{mine}, route="loki_api_v1_push"'
    streams = f"sum by (pod) (loki_ingester_memory_streams{{{mine}}})"
    return Row(
        title="Loki",
        panels=(
            curve("Lines received", "Lines per second that each Loki takes in.", style.EVENTS, lines, "{{pod}}"),
            curve("Bytes received", "Bytes per second that each Loki takes in.", style.BYTES_PER_SECOND, size, "{{pod}}"),
            curve(
                "Failed requests",
                "Requests per second that Loki failed (HTTP 5xx), by route.",
                style.REQUESTS,
                f"{failed} or 0 * {none}",
                "{{route}}",
            ),
            curve("Streams", "Streams in memory: many small ones are a label with too many values.", style.COUNT, streams, "{{pod}}"),
        ),
    )


def agent() -> Row:
    """Promtail, which reads the containers' lines."""
    sent = 'sum by (pod) (rate(promtail_sent_entries_total{job="promtail"}[$__rate_interval]))'
    behind = (
        'sum by (pod) (promtail_file_bytes_total{job="promtail"} - on (namespace, pod, path) promtail_read_bytes_total{job="promtail"})'
    )
    return Row(
        title="Promtail",
        panels=(
            curve("Lines sent", "Lines per second that the agent of each node sends.", style.EVENTS, sent, "{{pod}}"),
            curve("Bytes behind", "Bytes on each node that were not read yet.", style.BYTES, behind, "{{pod}}"),
        ),
    )


def own_pods() -> Row:
    """What the platform's own pods use."""
    own = 'job="cadvisor", container!="", namespace=~"observability|observability-agents"'
    memory = f"sum by (pod) (container_memory_working_set_bytes{{{own}}})"
    cpu = f"sum by (pod) (rate(container_cpu_usage_seconds_total{{{own}}}[$__rate_interval]))"
    return Row(
        title="Pods of the platform",
        panels=(
            curve("Memory of the platform", "Memory of each pod that it cannot give back.", style.BYTES, memory, "{{pod}}"),
            curve("CPU of the platform", "Processors that each pod keeps busy.", style.COUNT, cpu, "{{pod}}"),
        ),
    )
