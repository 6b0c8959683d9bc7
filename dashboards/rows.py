"""Rows of panels that several dashboards share: requests, resources, promises, logs."""

from collections.abc import Sequence

from grafana_foundation_sdk.models.dashboard import Panel

from dashboards import style
from dashboards.board import Row
from dashboards.queries import latency, logged, now, over_time, rows
from dashboards.selection import Services
from dashboards.style import Look

DETAILS = ("Service", "/d/service?var-system=${__field.labels.system}&var-service=${__field.labels.service}")
"""Where a click on a service leads."""

ALERT = 'alertname!="Watchdog", severity=~"critical|warning"'
"""Alerts that ask for somebody."""

_SAME = "alertname, severity, system, service, namespace, team"


def answers(services: Services) -> Row:
    """Is it broken, what, since when, whose: without scrolling."""
    chosen = services.alerts
    return Row(
        panels=(
            style.stat(
                "Critical alerts",
                "Alerts that wake somebody and fire now.",
                [now(f'count(ALERTS{{alertstate="firing", severity="critical", {chosen}}}) or vector(0)')],
                Look(unit=style.COUNT, width=4, height=4, link=("Alerts", "/d/alerts")),
                style.NONE_IS_GOOD,
            ),
            style.stat(
                "Warnings",
                "Alerts for working hours that fire now.",
                [now(f'count(ALERTS{{alertstate="firing", severity="warning", {chosen}}}) or vector(0)')],
                Look(unit=style.COUNT, width=4, height=4, link=("Alerts", "/d/alerts")),
                style.steps(style.GOOD, (1, style.WORSE)),
            ),
            style.stat(
                "Services down",
                "Services of which no pod answers a scrape, or which have no pod.",
                [now(f"count(({services.up}) == 0) or vector(0)")],
                Look(unit=style.COUNT, width=4, height=4),
                style.NONE_IS_GOOD,
            ),
            style.stat(
                "Requests",
                "Requests per second of all these services together.",
                [now(f"sum({services.requests})")],
                Look(unit=style.REQUESTS, width=4, height=4),
            ),
            style.stat(
                "Failing",
                "Share of all requests that fail (HTTP 5xx or what the catalogue calls an error).",
                [now(f"sum({services.errors}) / (sum({services.requests}) > 0)")],
                Look(unit=style.SHARE, width=4, height=4),
                style.steps(style.GOOD, (0.01, style.WORSE), (0.05, style.BAD)),
            ),
            style.stat(
                "Slowest",
                "The longest time within which 95 of 100 requests are answered, of all these services.",
                [now(f"max({services.percentile(95)})")],
                Look(unit=style.SECONDS, width=4, height=4),
            ),
            broken(chosen, height=7),
            style.states(
                "Services",
                "Green: a pod answers. Red: none does, or there is none. A click opens the service.",
                [now(services.up, "{{service}}")],
                Look(unit=style.NAME, width=8, height=7, link=DETAILS),
            ),
        )
    )


def alerts_of(matchers: str) -> Row:
    """What is broken, of those who have no service of a catalogue."""
    firing = f'count(ALERTS{{alertstate="firing", {ALERT}, {matchers}}}) or vector(0)'
    return Row(
        panels=(
            style.stat(
                "Alerts",
                "Alerts that fire now.",
                [now(firing)],
                Look(unit=style.COUNT, width=8, height=7, link=("Alerts", "/d/alerts")),
                style.NONE_IS_GOOD,
            ),
            broken(matchers, height=7),
        )
    )


def broken(matchers: str, *, height: int, width: int = 16) -> Panel:
    """What fires, since when, and whose it is."""
    alerts = f'max by ({_SAME}) (ALERTS{{alertstate="firing", {ALERT}, {matchers}}})'
    since = f"max by ({_SAME}) (ALERTS_FOR_STATE{{{ALERT}, {matchers}}}) * 1000 * on ({_SAME}) {alerts}"
    return style.table(
        "What is broken",
        "Alerts that fire now: what, whose, and since when. A click opens the service.",
        rows(since),
        Look(
            unit=style.AGO,
            width=width,
            height=height,
            nothing="Nothing is broken",
            link=("Service", "/d/service?var-system=${__data.fields.system}&var-service=${__data.fields.service}"),
        ),
        columns=("alertname", "severity", "service", "team", "system"),
        value="Since",
    )


def requests(services: Services) -> Row:
    """Rate, errors and duration of each service, and what it is working on."""
    return Row(
        title="Requests",
        panels=(
            style.graph(
                "Request rate",
                "Requests per second that each service answers.",
                [over_time(services.requests, "{{service}}")],
                Look(unit=style.REQUESTS, link=DETAILS),
            ),
            style.graph(
                "Error ratio",
                "Share of requests that fail: HTTP 5xx, or what the catalogue calls an error. None is 0, not a gap.",
                [over_time(services.error_ratio, "{{service}}")],
                Look(unit=style.SHARE, link=DETAILS),
            ),
            style.graph(
                "Latency, 95th percentile",
                "Time within which 95 of 100 requests are answered.",
                [latency(services.percentile(95), "{{service}}")],
                Look(unit=style.SECONDS, link=DETAILS),
            ),
            style.graph(
                "Latency, median and 99th percentile",
                "Time within which 50 and 99 of 100 requests are answered.",
                [over_time(services.percentile(50), "{{service}} median"), over_time(services.percentile(99), "{{service}} 99th")],
                Look(unit=style.SECONDS, link=DETAILS),
            ),
        ),
    )


def resources(services: Services) -> Row:
    """What the pods of the services use, and how often they begin anew."""
    return Row(
        title="Pods",
        panels=(
            style.graph(
                "CPU", "Processors that each pod keeps busy.", [over_time(services.cpu, "{{pod}}")], Look(unit=style.COUNT, width=8)
            ),
            style.graph(
                "Memory",
                "Memory of each pod that it cannot give back.",
                [over_time(services.memory, "{{pod}}")],
                Look(unit=style.BYTES, width=8),
            ),
            style.graph(
                "Network",
                "Bytes per second that each pod receives and sends.",
                [over_time(services.received, "{{pod}} in"), over_time(services.sent, "{{pod}} out")],
                Look(unit=style.BYTES_PER_SECOND, width=8),
            ),
            style.graph(
                "Pods ready",
                "Pods of each service that can be sent requests.",
                [over_time(services.ready, "{{service}}")],
                Look(unit=style.COUNT),
            ),
            style.graph(
                "Restarts",
                "How often each pod began anew in the last hour.",
                [over_time(services.restarts, "{{pod}}")],
                Look(unit=style.COUNT),
            ),
        ),
    )


def log_rows(matchers: str, *, titles: Sequence[str] = ("Lines by level", "Errors and warnings")) -> Row:
    """How much is logged, and the lines that matter."""
    amount, worst = titles
    return Row(
        title="Logs",
        panels=(
            style.log_graph(
                amount,
                "Lines per second, by level.",
                [logged(f"sum by (level) (rate({{{matchers}}}[$__auto]))", "{{level}}")],
                Look(unit=style.EVENTS, width=style.WIDTH),
            ),
            style.lines(
                worst,
                "Lines of level warn and above, the newest first. A line leads to its trace.",
                logged(f'{{{matchers}, level=~"warn|warning|error|fatal|critical"}}'),
                Look(unit=style.NAME, width=style.WIDTH, height=10, nothing="No errors and no warnings"),
            ),
        ),
    )


def promises(services: Services) -> Row:
    """What is left of the error budgets, and how fast it is spent."""
    chosen = services.matchers
    return Row(
        title="Promises (SLO)",
        panels=(
            style.bars(
                "Error budget left",
                "Share of the error budget of 30 days that is left, by service and objective. At 0 the promise is broken.",
                [now(f"max by (system, service, slo) (slo:period_error_budget_remaining:ratio{{{chosen}}})", "{{service}} {{slo}}")],
                Look(unit=style.SHARE, width=8, height=9, link=DETAILS),
                style.BUDGET,
            ),
            style.graph(
                "Burn rate",
                "How fast the budget is spent: at 1 it lasts just 30 days, at 14.4 two per cent of it go in an hour.",
                [over_time(f"max by (system, service, slo) (slo:current_burn_rate:ratio{{{chosen}}})", "{{service}} {{slo}}")],
                Look(unit=style.COUNT, width=16, height=9, link=DETAILS),
            ),
        ),
    )


def datastores(matchers: str) -> Row:
    """Whether databases and caches answer."""
    declared = f"0 * max by (system, service) (catalogue:datastore:info{{{matchers}}})"
    up = f"max by (system, service) (pg_up{{{matchers}}} or redis_up{{{matchers}}}) or {declared}"
    return Row(
        title="Datastores",
        panels=(
            style.states(
                "Datastores",
                "Green: its exporter can log in and ask. Red: it cannot.",
                [now(up, "{{service}}")],
                Look(unit=style.NAME, height=5),
            ),
            style.timeline(
                "Datastores over time",
                "When each datastore answered and when not.",
                [over_time(up, "{{service}}")],
                Look(unit=style.NAME, height=5),
            ),
        ),
    )
