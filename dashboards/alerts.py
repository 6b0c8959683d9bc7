"""Alerts: what fires, what fired, how often, and whether people were told."""

from dashboards import rows, style
from dashboards.board import About, Board, Row, board, choice, metrics_source
from dashboards.queries import now, over_time
from dashboards.queries import rows as table_rows
from dashboards.style import Look

UID = "alerts"

_CHOSEN = f'{rows.ALERT}, severity=~"$severity", team=~"$team"'


def alerts(*, runbooks: str) -> Board:
    """All alerts, with the page of each; ``runbooks`` is where the pages are."""
    about = About(
        uid=UID,
        title="Alerts",
        description="What fires and what fired: since when, how often, whose, and whether people were told.",
        time="now-24h",
    )
    severity = choice("severity", "Severity", "label_values(ALERTS, severity)")
    team = choice("team", "Team", "label_values(ALERTS, team)")
    return board(about, [metrics_source(), severity, team], [current(runbooks), history(_CHOSEN), told()])


def current(runbooks: str) -> Row:
    """What fires, and how much of it."""
    firing, waiting = (f'count(ALERTS{{alertstate="{state}", {_CHOSEN}}}) or vector(0)' for state in ("firing", "pending"))
    by = "alertname, severity, system, service, namespace, team"
    since = f'max by ({by}) (ALERTS_FOR_STATE{{{_CHOSEN}}}) * 1000 * on ({by}) max by ({by}) (ALERTS{{alertstate="firing", {_CHOSEN}}})'
    return Row(
        panels=(
            style.stat("Firing", "Alerts that fire now.", [now(firing)], Look(unit=style.COUNT, width=6, height=4), style.NONE_IS_GOOD),
            style.stat(
                "Pending",
                "Alerts whose condition holds, but not for long enough yet.",
                [now(waiting)],
                Look(unit=style.COUNT, width=6, height=4),
            ),
            style.stat(
                "Alerting works",
                "1: the alert that always fires does, so rules are evaluated.",
                [now('max(ALERTS{alertname="Watchdog", alertstate="firing"})')],
                Look(unit=style.COUNT, width=6, height=4),
                style.ONE_IS_GOOD,
            ),
            style.stat(
                "Rules that fail",
                "Evaluations that failed in the last hour: an alert that fails does not fire.",
                [now('sum(increase(prometheus_rule_evaluation_failures_total{job="prometheus"}[1h]))')],
                Look(unit=style.COUNT, width=6, height=4),
                style.NONE_IS_GOOD,
            ),
            style.table(
                "What fires",
                "Alerts that fire now: whose, and since when. A click opens the page that says what to do.",
                table_rows(since),
                Look(
                    unit=style.AGO,
                    width=style.WIDTH,
                    height=9,
                    nothing="Nothing fires",
                    link=("Runbook", f"{runbooks}/${{__data.fields.alertname}}.md"),
                ),
                columns=("alertname", "severity", "service", "team", "namespace", "system"),
                value="Since",
            ),
        )
    )


def history(matchers: str) -> Row:
    """What fired, and how often, among the alerts that ``matchers`` select."""
    by_name = f'sum by (alertname) (ALERTS{{alertstate="firing", {matchers}}})'
    noisiest = f'topk(20, sum by (alertname, team, service) (count_over_time(ALERTS{{alertstate="firing", {matchers}}}[$__range])) * 15)'
    return Row(
        title="History",
        panels=(
            style.stack(
                "Alerts over time",
                "How many alerts fire, by name.",
                [over_time(by_name, "{{alertname}}")],
                Look(unit=style.COUNT, width=style.WIDTH, nothing="Nothing fired"),
            ),
            style.table(
                "Noisiest",
                "How long alerts have fired in the time that is shown. What is at the top is either broken or a bad alert.",
                table_rows(noisiest),
                Look(unit=style.SECONDS, height=10, nothing="Nothing fired"),
                columns=("alertname", "service", "team"),
                value="Firing for",
            ),
            style.stack(
                "Alerts by team",
                "How many alerts fire, by the team that is told.",
                [over_time(f'sum by (team) (ALERTS{{alertstate="firing", {matchers}}})', "{{team}}")],
                Look(unit=style.COUNT, height=10, nothing="Nothing fired"),
            ),
        ),
    )


def told() -> Row:
    """Whether people were told."""
    sent, failed = (
        f'sum by (integration) (rate(alertmanager_{counter}{{job="alertmanager"}}[$__rate_interval])) > 0'
        for counter in ("notifications_total", "notifications_failed_total")
    )
    return Row(
        title="Notifications",
        panels=(
            style.graph(
                "Sent",
                "Notifications per second, by channel.",
                [over_time(sent, "{{integration}}")],
                Look(unit=style.EVENTS, nothing="Nothing was sent"),
            ),
            style.graph(
                "Failed",
                "Notifications per second that could not be delivered, by channel.",
                [over_time(failed, "{{integration}}")],
                Look(unit=style.EVENTS, nothing="None failed"),
            ),
            style.graph(
                "Alerts in Alertmanager",
                "Alerts that Alertmanager knows, by state.",
                [over_time('sum by (state) (alertmanager_alerts{job="alertmanager"})', "{{state}}")],
                Look(unit=style.COUNT),
            ),
            style.graph(
                "Silences",
                "Silences by state.",
                [over_time('sum by (state) (alertmanager_silences{job="alertmanager"})', "{{state}}")],
                Look(unit=style.COUNT),
            ),
        ),
    )
