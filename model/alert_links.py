"""From an alert to its dashboard: what Prometheus fills in becomes the choices that the dashboard opens with."""

from collections.abc import Mapping

from model.documents import each, mapping, parse, to_yaml

_DASHBOARDS = {
    "database": ("postgresql", "datastore"),
    "cache": ("redis", "datastore"),
    "security": ("security", "service"),
    "platform": ("platform", ""),
}
"""The dashboard of a category of alerts, and its variable that stands for the label ``service``; ``service`` for all others."""


def with_dashboards(rule_files: Mapping[str, str], grafana: str) -> dict[str, str]:
    """Rule files, as text by name, in which every alert has the address of its dashboard; ``grafana`` is where people open it."""
    documents: dict[str, str] = {}
    for name, text in rule_files.items():
        content = parse(text, name).content
        for _, rule in each(content, "groups", "*", "rules", "*"):
            fields = mapping(rule)
            if "alert" in fields:
                mapping(fields["annotations"])["dashboard_url"] = f"{grafana}/d/{dashboard_of(mapping(fields.get('labels')))}"
        documents[name] = to_yaml(content)
    return documents


def dashboard_of(labels: Mapping[str, object]) -> str:
    """The dashboard that an alert with these labels of its rule leads to."""
    if labels.get("service") == "node":
        return "nodes?{{ with $labels.node }}var-node={{ . }}{{ end }}"
    uid, variable = _DASHBOARDS.get(str(labels.get("category")), ("service", "service"))
    if not variable:
        return uid
    system = "{{ with $labels.system }}var-system={{ . }}&{{ end }}"
    return f"{uid}?{system}{{{{ with $labels.service }}}}var-{variable}={{{{ . }}}}{{{{ end }}}}"
