"""What Grafana starts with: its settings, and where data and dashboards come from."""

from collections.abc import Mapping

from components.documents import Document

DASHBOARDS_FOLDER = "/etc/grafana-dashboards"
"""Where the pod finds the dashboards."""

PROMETHEUS_UID = "prometheus"
"""The fixed identity of the metrics; dashboards and links refer to it."""

ALERTMANAGER_UID = "alertmanager"
"""The fixed identity of the alerts."""

LOKI_UID = "loki"
"""The fixed identity of the logs."""

_SETTINGS: Mapping[str, Mapping[str, str]] = {
    "analytics": {"reporting_enabled": "false", "check_for_updates": "false", "check_for_plugin_updates": "false"},
    "users": {"allow_sign_up": "false", "allow_org_create": "false"},
    "auth.anonymous": {"enabled": "false"},
    "security": {"disable_gravatar": "true"},
    # Prometheus and Alertmanager do the alerting; two would tell people twice.
    "unified_alerting": {"enabled": "false"},
    # Nothing is downloaded at start: what runs is what the image holds.
    "plugins": {"preinstall_disabled": "true", "plugin_admin_enabled": "false"},
    "snapshots": {"external_enabled": "false"},
    "news": {"news_feed_enabled": "false"},
    "log": {"mode": "console"},
    "log.console": {"format": "json"},
    "metrics": {"enabled": "true"},
}


def grafana_ini(url: str) -> str:
    """``grafana.ini``; secrets come as files, named in the environment of the pod."""
    sections = {"server": {"root_url": url}, **_SETTINGS}
    return "\n".join(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for section, keys in sections.items())


def datasources(*, prometheus: str, alertmanager: str, scrape_interval: str, loki: str | None) -> Document:
    """Where data comes from; no logs when ``loki`` is None. What is not listed here is removed from Grafana."""
    logs = [_loki(loki)] if loki else []
    return {
        "apiVersion": 1,
        "prune": True,
        "datasources": [
            {
                "name": "Prometheus",
                "uid": PROMETHEUS_UID,
                "type": "prometheus",
                "access": "proxy",
                "url": prometheus,
                "isDefault": True,
                "editable": False,
                "jsonData": {"httpMethod": "POST", "timeInterval": scrape_interval, "prometheusType": "Prometheus", "manageAlerts": False},
            },
            {
                "name": "Alertmanager",
                "uid": ALERTMANAGER_UID,
                "type": "alertmanager",
                "access": "proxy",
                "url": alertmanager,
                "editable": False,
                "jsonData": {"implementation": "prometheus", "handleGrafanaManagedAlerts": False},
            },
            *logs,
        ],
    }


def _loki(url: str) -> Document:
    return {
        "name": "Loki",
        "uid": LOKI_UID,
        "type": "loki",
        "access": "proxy",
        "url": url,
        "editable": False,
        "jsonData": {"maxLines": 1000, "manageAlerts": False},
    }


def dashboard_provider() -> Document:
    """Where dashboards come from: they are read again when their files change, and cannot be changed by hand."""
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": "observability",
                "type": "file",
                "folder": "Observability",
                "disableDeletion": True,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 30,
                "options": {"path": DASHBOARDS_FOLDER},
            }
        ],
    }
