"""Logs: how much is logged by whom, and the lines themselves."""

from dashboards import rows, style
from dashboards.board import About, Board, Row, Variable, board, logs_source, metrics_source, services, systems, words
from dashboards.queries import logged
from dashboards.selection import CHOSEN
from dashboards.style import Look

UID = "logs"


def logs() -> Board:
    """The lines of the chosen services, searched for words."""
    about = About(
        uid=UID, title="Logs", description="How much the services log, at what level, and the lines themselves; search them for words."
    )
    chosen: list[Variable] = [metrics_source(), logs_source(), systems(), services(), words()]
    return board(about, chosen, [amounts(), found(), rows.log_rows(CHOSEN.matchers)], matchers=CHOSEN.matchers)


def amounts() -> Row:
    """Who logs how much."""
    by_service = f"sum by (service) (rate({{{CHOSEN.matchers}}}[$__auto]))"
    size = f"sum by (service) (bytes_rate({{{CHOSEN.matchers}}}[$__auto]))"
    return Row(
        title="Amounts",
        panels=(
            style.log_graph(
                "Lines by service", "Lines per second of each service.", [logged(by_service, "{{service}}")], Look(unit=style.EVENTS)
            ),
            style.log_graph(
                "Bytes by service", "Bytes per second of each service.", [logged(size, "{{service}}")], Look(unit=style.BYTES_PER_SECOND)
            ),
        ),
    )


def found() -> Row:
    """The lines that contain what was searched for."""
    return Row(
        title="Search",
        panels=(
            style.lines(
                "Lines",
                "Lines that contain the searched words, the newest first. A line leads to its trace.",
                logged(f"{{{CHOSEN.matchers}}} |~ `(?i)$search`"),
                Look(unit=style.NAME, width=style.WIDTH, height=16),
            ),
        ),
    )
