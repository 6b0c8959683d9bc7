"""All dashboards of an environment."""

from dashboards.alerts import alerts
from dashboards.board import Board
from dashboards.logs import logs
from dashboards.nodes import nodes
from dashboards.overview import overview
from dashboards.platform import platform
from dashboards.postgresql import postgresql
from dashboards.redis import redis
from dashboards.security import security
from dashboards.service import service
from dashboards.slo import slo
from dashboards.system import system_boards
from dashboards.team import team_board
from dashboards.traces import traces
from model.environment import Environment


def dashboards(environment: Environment) -> tuple[Board, ...]:
    """All dashboards of an environment: of the platform, of each system, and of each team that owns anything."""
    settings = environment.settings
    logged = settings.logs is not None
    promtail = settings.logs is not None and settings.logs.agent.program == "promtail"
    kinds = {datastore.kind for catalogue in environment.catalogues for datastore in catalogue.datastores.values()}
    return (
        overview(),
        service(logs=logged),
        slo(),
        nodes(),
        alerts(runbooks=settings.runbooks_url),
        platform(logs=logged, promtail=promtail),
        security(logs=logged),
        *([postgresql()] if "postgresql" in kinds else []),
        *([redis()] if "redis" in kinds else []),
        *([logs()] if logged else []),
        *([traces()] if settings.traces else []),
        *(
            made
            for catalogue in environment.catalogues
            for made in system_boards(catalogue, environment.pages[catalogue.system], logs=logged)
        ),
        *(team_boards(environment)),
    )


def team_boards(environment: Environment) -> list[Board]:
    """A dashboard for each team."""
    owners = {service.team for catalogue in environment.catalogues for service in catalogue.services.values()}
    keepers = {datastore.team for catalogue in environment.catalogues for datastore in catalogue.datastores.values()}
    return [team_board(team, services=team in owners, datastores=team in keepers) for team in sorted(environment.routing.teams)]
