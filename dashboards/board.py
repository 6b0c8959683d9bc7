"""A dashboard: its folder, its variables, its rows of panels, and what lies over all of its graphs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import AnnotationQuery, Dashboard, DatasourceVariable, QueryVariable, TextBoxVariable
from grafana_foundation_sdk.builders.dashboard import DashboardLink as LinkBuilder
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
    Panel,
    RowPanel,
    VariableModel,
    VariableOption,
    VariableRefresh,
)

from dashboards.queries import PROMETHEUS
from dashboards.style import BAD, WIDTH
from model.correlation import JAEGER_UID, LOKI_UID, PROMETHEUS_UID

TAG = "observability"
"""The tag of all dashboards; the menu of each lists those that have it."""

Variable = Builder[VariableModel]


@dataclass(frozen=True, kw_only=True)
class Folder:
    """Where dashboards lie: with the platform, with a system or with a team."""

    name: str
    """The identity of the folder, and the name of its directory."""

    title: str
    """What people read."""


PLATFORM = Folder(name="platform", title="Platform")
"""What is about all systems, and the platform itself."""


def system_folder(system: str) -> Folder:
    """The folder of a system."""
    return Folder(name=f"system-{system}", title=f"System {system}")


def team_folder(team: str) -> Folder:
    """The folder of a team."""
    return Folder(name=f"team-{team}", title=f"Team {team}")


@dataclass(frozen=True, kw_only=True)
class Row:
    """Panels below a line with a title; without a title there is no line."""

    title: str = ""
    panels: Sequence[Panel]


@dataclass(frozen=True, kw_only=True)
class Board:
    """A dashboard as Grafana reads it."""

    uid: str
    """Its identity, which links name and which never changes."""

    folder: Folder
    json: str
    """All of it."""


@dataclass(frozen=True, kw_only=True)
class About:
    """What a dashboard is about."""

    uid: str
    title: str
    description: str
    folder: Folder = PLATFORM
    time: str = "now-1h"
    """The beginning of the time that it shows at first."""


def board(about: About, variables: Sequence[Variable], content: Sequence[Row], *, matchers: str = "") -> Board:
    """A dashboard; deployments and alerts of what ``matchers`` select are marked on its graphs, unless there are none."""
    builder = (
        Dashboard(about.title)
        .uid(about.uid)
        .description(about.description)
        .tags([TAG, about.folder.name])
        .refresh("30s")
        .time(about.time, "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .variables(list(variables))
        .annotations([deployments(matchers), firing(matchers)] if matchers else [])
        .links([menu()])
    )
    built = builder.build()
    built.editable = False
    built.panels = list(placed(content))
    return Board(uid=about.uid, folder=about.folder, json=json.dumps(built, cls=JSONEncoder, indent=1, sort_keys=True) + "\n")


def placed(content: Sequence[Row]) -> Iterator[Panel | RowPanel]:
    """The panels with their places, from left to right and from top to bottom, and their numbers."""
    top, number = 0, 0
    for row in content:
        if row.title:
            number += 1
            yield RowPanel(title=row.title, id_val=number, grid_pos=GridPos(x=0, y=top, w=WIDTH, h=1))
            top += 1
        left, below = 0, top
        for panel in row.panels:
            size = panel.grid_pos or GridPos()
            if left + size.w > WIDTH:
                left, top = 0, below
            number += 1
            panel.id_val, panel.grid_pos = number, GridPos(x=left, y=top, w=size.w, h=size.h)
            left, below = left + size.w, max(below, top + size.h)
            yield panel
        top = below


def menu() -> LinkBuilder:
    """All other dashboards, with the same time and choices."""
    return LinkBuilder("Dashboards").type(DashboardLinkType.DASHBOARDS).tags([TAG]).as_dropdown(True).include_vars(True).keep_time(True)


def metrics_source() -> Variable:
    """Which Prometheus is asked; ours at first."""
    return _source("datasource", "Data source", "prometheus", ("Prometheus", PROMETHEUS_UID))


def logs_source() -> Variable:
    """Which Loki is asked; ours at first."""
    return _source("loki_datasource", "Logs", "loki", ("Loki", LOKI_UID))


def traces_source() -> Variable:
    """Which Jaeger is asked; ours at first."""
    return _source("jaeger_datasource", "Traces", "jaeger", ("Jaeger", JAEGER_UID))


def _source(name: str, label: str, kind: str, ours: tuple[str, str]) -> Variable:
    text, value = ours
    return DatasourceVariable(name).label(label).type(kind).current(VariableOption(text=text, value=value, selected=True))


def choice(name: str, label: str, query: str) -> Variable:
    """A choice of label values, read again when the time changes; all of them at first."""
    variable = QueryVariable(name).label(label).datasource(PROMETHEUS).query(query).refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    return variable.multi(True).include_all(True).all_value(".+").current(VariableOption(text="All", value="$__all", selected=True))


def systems() -> Variable:
    """Which systems."""
    return choice("system", "System", "label_values(catalogue:service:info, system)")


def services() -> Variable:
    """Which of their services."""
    return choice("service", "Service", 'label_values(catalogue:service:info{system=~"$system"}, service)')


def deployments(matchers: str) -> AnnotationQuery:
    """When a new version came: a ReplicaSet is made for each."""
    begun = (
        'label_replace(kube_replicaset_created{job="kube-state-metrics"}, "service", "$1", "replicaset", "(.+)-[^-]+")'
        f" * on (namespace, service) group_left (system) catalogue:service:info{{{matchers}}} * 1000"
    )
    annotation = AnnotationQuery().name("Deployments").datasource(PROMETHEUS).enable(True).icon_color("blue").expr(begun)
    return annotation.use_value_for_time(True).title_format("Deployed {{service}}").text_format("{{replicaset}}").step("60s")


def firing(matchers: str) -> AnnotationQuery:
    """While alerts fire."""
    expression = f'ALERTS{{alertstate="firing", {matchers}}}'
    annotation = AnnotationQuery().name("Alerts").datasource(PROMETHEUS).enable(True).icon_color(BAD).expr(expression)
    return annotation.title_format("{{alertname}}").text_format("{{service}} ({{team}})").tag_keys("severity").step("60s")


def words() -> Variable:
    """What lines are searched for; everything at first."""
    return TextBoxVariable("search").label("Search").default_value("").current(VariableOption(text="", value=""))
