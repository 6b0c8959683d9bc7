"""Security: who is refused, where, and how often."""

from dashboards import rows, style
from dashboards.board import About, Board, Row, Variable, board, logs_source, metrics_source, services, systems
from dashboards.queries import logged, now, over_time
from dashboards.selection import CHOSEN
from dashboards.style import Look

UID = "security"

_REFUSED = f'{CHOSEN.matchers}, status=~"401|403"'


def security(*, logs: bool) -> Board:
    """Refused requests of the chosen services and of the Kubernetes API, and alerts on security."""
    about = About(
        uid=UID,
        title="Security",
        description="Requests that were refused as unauthorized, by service and endpoint; the Kubernetes API; alerts on security.",
        time="now-6h",
    )
    variables: list[Variable] = [metrics_source(), *([logs_source()] if logs else []), systems(), services()]
    return board(about, variables, [state(), refused(), kubernetes(), *([lines()] if logs else [])], matchers=CHOSEN.matchers)


def state() -> Row:
    """Whether somebody knocks now."""
    per_second = f"sum(rate(http_requests_total{{{_REFUSED}}}[$__rate_interval])) or vector(0)"
    firing = 'count(ALERTS{alertstate="firing", category="security"}) or vector(0)'
    return Row(
        panels=(
            style.stat(
                "Refused",
                "Requests per second that were refused (HTTP 401 and 403).",
                [now(per_second)],
                Look(unit=style.REQUESTS, width=6, height=4),
            ),
            style.stat(
                "Alerts on security", "Those that fire now.", [now(firing)], Look(unit=style.COUNT, width=6, height=4), style.NONE_IS_GOOD
            ),
            rows.broken('category="security"', height=4, width=12),
        )
    )


def refused() -> Row:
    """By whom and where."""
    zero = f"0 * {CHOSEN.requests}"
    share = f"(sum by (system, service) (rate(http_requests_total{{{_REFUSED}}}[$__rate_interval])) or {zero}) / ({CHOSEN.requests} > 0)"
    by_service = f"sum by (system, service) (rate(http_requests_total{{{_REFUSED}}}[$__rate_interval])) or {zero}"
    by_endpoint = f"topk(20, sum by (service, endpoint, status) (rate(http_requests_total{{{_REFUSED}}}[$__rate_interval])) > 0)"
    return Row(
        title="Refused requests",
        panels=(
            style.graph(
                "Refused by service",
                "Requests per second that each service refused (HTTP 401 and 403).",
                [over_time(by_service, "{{service}}")],
                Look(unit=style.REQUESTS),
            ),
            style.graph(
                "Share refused", "Share of requests that each service refused.", [over_time(share, "{{service}}")], Look(unit=style.SHARE)
            ),
            style.graph(
                "Refused by endpoint",
                "The endpoints that refuse the most.",
                [over_time(by_endpoint, "{{service}} {{endpoint}} {{status}}")],
                Look(unit=style.REQUESTS, width=style.WIDTH, nothing="No request was refused"),
            ),
        ),
    )


def kubernetes() -> Row:
    """The Kubernetes API."""
    by_code = 'sum by (code) (rate(apiserver_request_total{job="apiserver", code=~"401|403"}[$__rate_interval]))'
    sensitive = "roles|rolebindings|clusterroles|clusterrolebindings|secrets"
    changing = f'job="apiserver", verb=~"POST|PUT|PATCH|DELETE", resource=~"{sensitive}"'
    changes = f"sum by (verb, resource) (rate(apiserver_request_total{{{changing}}}[$__rate_interval])) > 0"
    return Row(
        title="Kubernetes API",
        panels=(
            style.graph(
                "Refused by the Kubernetes API",
                "Requests per second that the API server refused: a stolen token, or a role that lost a right.",
                [over_time(by_code, "{{code}}")],
                Look(unit=style.REQUESTS, nothing="No request was refused"),
            ),
            style.graph(
                "Changes of rights and secrets",
                "Requests per second that change roles, their bindings or Secrets.",
                [over_time(changes, "{{verb}} {{resource}}")],
                Look(unit=style.REQUESTS, nothing="Nothing was changed"),
            ),
        ),
    )


def lines() -> Row:
    """What the services say about it."""
    words = "(?i)(unauthorized|forbidden|denied|invalid token|permission)"
    return Row(
        title="Logs",
        panels=(
            style.lines(
                "Lines about refusals",
                "Lines that speak of refused access, the newest first.",
                logged(f"{{{CHOSEN.matchers}}} |~ `{words}`"),
                Look(unit=style.NAME, width=style.WIDTH, height=10, nothing="No line speaks of it"),
            ),
        ),
    )
