"""A team's dashboard: everything that it is told about, and nothing else."""

from dashboards import rows
from dashboards.board import About, Board, board, metrics_source, team_folder
from dashboards.selection import exactly


def team_board(team: str, *, services: bool, datastores: bool) -> Board:
    """What a team owns: its alerts first, then how its services and datastores do, as far as it has any."""
    about = About(
        uid=f"team-{team}",
        title=f"Team {team}",
        description=f"What team {team} is told about: its alerts, its services and their promises, its datastores.",
        folder=team_folder(team),
    )
    matchers = f'team="{team}"'
    own = exactly(matchers)
    content = [rows.answers(own), rows.requests(own), rows.promises(own), rows.resources(own)] if services else [rows.alerts_of(matchers)]
    if datastores:
        content.append(rows.datastores(matchers))
    return board(about, [metrics_source()], content, matchers=matchers if services else "")
