"""Where Grafana's data comes from."""

from components.documents import Document
from model.correlation import (
    ALERTMANAGER_UID,
    CALL_SECONDS,
    CALLS,
    JAEGER_UID,
    LOKI_UID,
    PROMETHEUS_UID,
    SPAN_LABELS,
    TRACE_ID,
    TRACE_ID_IN_LINE,
)


def datasources(*, prometheus: str, alertmanager: str, scrape_interval: str, loki: str | None, jaeger: str | None) -> Document:
    """Where data comes from; no logs when ``loki`` is None, no traces when ``jaeger`` is. What is not listed is removed from Grafana."""
    logs = [_loki(loki, traces=jaeger is not None)] if loki else []
    traces = [_jaeger(jaeger, logs=loki is not None)] if jaeger else []
    exemplars = {"exemplarTraceIdDestinations": [{"name": TRACE_ID, "datasourceUid": JAEGER_UID}]} if jaeger else {}
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
                "jsonData": {
                    "httpMethod": "POST",
                    "timeInterval": scrape_interval,
                    "prometheusType": "Prometheus",
                    "manageAlerts": False,
                    **exemplars,
                },
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
            *traces,
        ],
    }


def _loki(url: str, *, traces: bool) -> Document:
    return {
        "name": "Loki",
        "uid": LOKI_UID,
        "type": "loki",
        "access": "proxy",
        "url": url,
        "editable": False,
        "jsonData": {"maxLines": 1000, "manageAlerts": False, **({"derivedFields": trace_links()} if traces else {})},
    }


def trace_links() -> list[Document]:
    """From a line to its trace: by what the agent found in it, and by what the line itself says."""
    link = {"datasourceUid": JAEGER_UID, "url": "$${__value.raw}", "urlDisplayLabel": "Trace"}
    return [
        {"name": "Trace", "matcherType": "label", "matcherRegex": TRACE_ID, **link},
        {"name": "Trace in line", "matcherType": "regex", "matcherRegex": TRACE_ID_IN_LINE, **link},
    ]


def _jaeger(url: str, *, logs: bool) -> Document:
    return {
        "name": "Jaeger",
        "uid": JAEGER_UID,
        "type": "jaeger",
        "access": "proxy",
        "url": url,
        "editable": False,
        "jsonData": {
            "nodeGraph": {"enabled": True},
            "traceIdTimeParams": {"enabled": True},
            **({"tracesToLogsV2": lines_of_trace()} if logs else {}),
            "tracesToMetrics": metrics_of_span(),
        },
    }


def lines_of_trace() -> Document:
    """From a span to the lines of its service that belong to its trace."""
    return {
        "datasourceUid": LOKI_UID,
        "spanStartTimeShift": "-5m",
        "spanEndTimeShift": "5m",
        "tags": link_tags(),
        "customQuery": True,
        "query": f'{{$${{__tags}}}} | {TRACE_ID}="$${{__trace.traceId}}"',
    }


def metrics_of_span() -> Document:
    """From a span to the requests, errors and durations of its service."""
    errors = f'sum(rate({CALLS}{{$$__tags, status_code="STATUS_CODE_ERROR"}}[5m])) / sum(rate({CALLS}{{$$__tags}}[5m]))'
    return {
        "datasourceUid": PROMETHEUS_UID,
        "spanStartTimeShift": "-30m",
        "spanEndTimeShift": "30m",
        "tags": link_tags(),
        "queries": [
            {"name": "Requests", "query": f"sum by (span_name) (rate({CALLS}{{$$__tags}}[5m]))"},
            {"name": "Errors", "query": errors},
            {"name": "Duration (p95)", "query": f"histogram_quantile(0.95, sum by (le) (rate({CALL_SECONDS}_bucket{{$$__tags}}[5m])))"},
        ],
    }


def link_tags() -> list[Document]:
    """What a span is called by, and the label that says the same in logs and metrics."""
    return [{"key": attribute, "value": label} for attribute, label in SPAN_LABELS.items()]
