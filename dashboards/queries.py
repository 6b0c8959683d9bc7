"""What panels ask, and of whom."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders.loki import Dataquery as LogQL
from grafana_foundation_sdk.builders.prometheus import Dataquery as PromQL
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.runtime import UnknownDataquery
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.loki import LokiQueryType
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

PROMETHEUS = DataSourceRef(type_val="prometheus", uid="${datasource}")
LOKI = DataSourceRef(type_val="loki", uid="${loki_datasource}")
JAEGER = DataSourceRef(type_val="jaeger", uid="${jaeger_datasource}")

Query = Builder[Dataquery]


def over_time(expression: str, legend: str = "") -> Query:
    """Series of the time that is shown."""
    return PromQL().datasource(PROMETHEUS).expr(expression).legend_format(legend).range()


def latency(expression: str, legend: str = "") -> Query:
    """The same, with exemplars that lead to traces."""
    return PromQL().datasource(PROMETHEUS).expr(expression).legend_format(legend).range().exemplar(True)


def now(expression: str, legend: str = "") -> Query:
    """Values of this moment."""
    return PromQL().datasource(PROMETHEUS).expr(expression).legend_format(legend).instant()


def rows(expression: str) -> Query:
    """Values of this moment, a row each."""
    return PromQL().datasource(PROMETHEUS).expr(expression).format(PromQueryFormat.TABLE).instant()


def buckets(expression: str) -> Query:
    """Series of a histogram by their ``le``."""
    return PromQL().datasource(PROMETHEUS).expr(expression).format(PromQueryFormat.HEATMAP).legend_format("{{le}}").range()


def logged(expression: str, legend: str = "") -> Query:
    """Lines of log, or series that are counted from them."""
    return LogQL().datasource(LOKI).expr(expression).legend_format(legend).query_type(LokiQueryType.RANGE)


class Traces(Builder[Dataquery]):
    """A question to Jaeger, for which the SDK has no type."""

    def __init__(self, question: Mapping[str, object]) -> None:
        self._question = dict(question)

    def build(self) -> Dataquery:
        return UnknownDataquery({"datasource": {"type": "jaeger", "uid": JAEGER.uid}, **self._question})


def found_traces(service: str, *, tags: str = "") -> Query:
    """The newest traces of a service; ``tags`` are of one of its spans."""
    return Traces({"queryType": "search", "service": service, "tags": tags, "limit": 20})


def addressed(query: Query, reference: str) -> Dataquery:
    """A query with the reference that Grafana wants even when there is one only."""
    built = query.build()
    if isinstance(built, UnknownDataquery):
        built.data["refId"] = reference
    else:
        vars(built)["ref_id"] = reference
    return built
