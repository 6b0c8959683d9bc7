"""Overview: what people open first."""

from dashboards import rows
from dashboards.board import About, Board, board, metrics_source, services, systems
from dashboards.selection import ALL

UID = "overview"


def overview() -> Board:
    """Everything there is: whether it is broken, what, since when and whose; then load, errors, latency and promises."""
    about = About(
        uid=UID,
        title="Overview",
        description="All systems and the platform: is it broken, what, since when, whose; then load, errors, latency and promises.",
    )
    content = [rows.answers(ALL), rows.requests(ALL), rows.promises(ALL), rows.datastores('system=~"$system"'), rows.resources(ALL)]
    return board(about, [metrics_source(), systems(), services()], content, matchers=ALL.matchers)
