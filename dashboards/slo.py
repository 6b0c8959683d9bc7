"""SLO: what is promised, what is left of the budgets, and how fast they are spent over each window."""

from dashboards import rows, style
from dashboards.board import About, Board, Row, board, metrics_source, services, systems
from dashboards.queries import now, over_time
from dashboards.queries import rows as table_rows
from dashboards.selection import CHOSEN
from dashboards.style import Look
from model.slo import FASTEST_BURN, WINDOWS

UID = "slo"

_BY = "system, service, slo"


def slo() -> Board:
    """All promises of the chosen services."""
    about = About(
        uid=UID,
        title="SLO",
        description="What the services promise, what is left of their error budgets, and how fast these are spent.",
        time="now-6h",
    )
    content = [rows.promises(CHOSEN), objectives(), burning(), events()]
    return board(about, [metrics_source(), systems(), services()], content, matchers=CHOSEN.matchers)


def objectives() -> Row:
    """The promises themselves, and how they are kept."""
    chosen = CHOSEN.matchers
    return Row(
        title="Objectives",
        panels=(
            style.table(
                "Promised",
                "The share of good requests that each service promises over 30 days.",
                table_rows(f"max by (system, service, slo, team, tier) (slo:objective:ratio{{{chosen}}})"),
                Look(unit=style.SHARE, height=9),
                columns=("service", "slo", "team", "tier", "system"),
                value="Promised",
            ),
            style.table(
                "Kept",
                "The share of good requests in the last 30 days, or as long as there are data.",
                table_rows(f"1 - max by (system, service, slo, team, tier) (slo:error_ratio:rate30d{{{chosen}}})"),
                Look(unit=style.SHARE, height=9),
                columns=("service", "slo", "team", "tier", "system"),
                value="Kept",
            ),
        ),
    )


def burning() -> Row:
    """The burn rate of each window that alerts look at."""
    budget = f"on (system, service, slo) group_left () max by ({_BY}) (slo:error_budget:ratio{{{CHOSEN.matchers}}})"
    panels = [
        style.graph(
            f"Burn rate over {window}",
            f"How many times too fast the budget was spent in the last {window}. {FASTEST_BURN} within an hour wakes somebody.",
            [over_time(f"max by ({_BY}) (slo:error_ratio:rate{window}{{{CHOSEN.matchers}}}) / {budget}", "{{service}} {{slo}}")],
            Look(unit=style.COUNT, width=6, link=rows.DETAILS),
        )
        for window in WINDOWS
    ]
    fastest = style.stat(
        "Fastest burn",
        f"The highest burn rate of the last hour among the chosen services. {FASTEST_BURN} wakes somebody.",
        [now(f"max(max by ({_BY}) (slo:error_ratio:rate1h{{{CHOSEN.matchers}}}) / {budget})")],
        Look(unit=style.COUNT, width=6),
        style.steps(style.GOOD, (1, style.WORSE), (FASTEST_BURN, style.BAD)),
    )
    return Row(title="Burn rates", panels=(*panels, fastest))


def events() -> Row:
    """What the ratios are made of."""
    chosen = CHOSEN.matchers
    return Row(
        title="Events",
        panels=(
            style.graph(
                "Requests that count",
                "Requests per second that each objective looks at.",
                [over_time(f"max by ({_BY}) (slo:requests:rate5m{{{chosen}}})", "{{service}} {{slo}}")],
                Look(unit=style.REQUESTS),
            ),
            style.graph(
                "Bad requests",
                "Requests per second that broke the promise: failed, or took too long.",
                [over_time(f"max by ({_BY}) (slo:errors:rate5m{{{chosen}}})", "{{service}} {{slo}}")],
                Look(unit=style.REQUESTS),
            ),
        ),
    )
