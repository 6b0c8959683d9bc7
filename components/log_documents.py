"""What the parts that have to do with logs are configured with, as documents by path."""

from collections.abc import Mapping, Sequence

from components.alloy import alloy_config
from components.base import Identity
from components.log_agent import START, start_script
from components.log_config import loki_config, ruler_config
from components.promtail import HostLines, promtail_config
from model.alert_links import with_dashboards
from model.documents import to_yaml
from model.environment import Environment
from model.logs import Logs


def loki_documents(
    environment: Environment, logs: Logs, loki: Identity, *, alertmanagers: Sequence[str], addresses: Mapping[str, str]
) -> dict[str, str]:
    """What the servers of ``loki`` are configured with, and their rules, whose alerts go to every one of ``alertmanagers``."""
    cluster = environment.settings.cluster
    label = f"{cluster.name}-{environment.name}"
    config = loki_config(logs, environment.log_schema, loki, domain=cluster.domain, cluster_label=label)
    ruler = ruler_config(
        alertmanagers=alertmanagers, grafana=addresses["grafana"], labels={"cluster": cluster.name, "env": environment.name}
    )
    rules = {f"loki/rules/{name}": text for name, text in with_dashboards(environment.log_rule_files, addresses["grafana"]).items()}
    return {"loki/loki.yaml": to_yaml({**config, **ruler}), **rules}


def agent_documents(environment: Environment, logs: Logs, *, addresses: Mapping[str, str]) -> dict[str, str]:
    """What the log agent is configured with, and the script that starts it."""
    push = f"{addresses['loki']}/loki/api/v1/push"
    pipeline, drop = environment.pipeline, logs.agent.drop_levels
    hosts = HostLines(files=logs.agent.host_files, pipeline=environment.host_pipeline)
    start = {f"{logs.agent.program}/{START}": start_script()}
    if logs.agent.program == "alloy":
        return start | {"alloy/config.alloy": alloy_config(pipeline, environment.catalogues, push=push, drop=drop, hosts=hosts)}
    return start | {"promtail/promtail.yaml": to_yaml(promtail_config(pipeline, environment.catalogues, push=push, drop=drop, hosts=hosts))}
