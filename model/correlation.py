"""The ways between signals: the names by which metrics, logs and traces find each other, each defined here and nowhere else.

A metric's exemplar names its trace, a trace finds its lines of log and back, and all of them say which service they are about.
"""

import re

PROMETHEUS_UID = "prometheus"
"""The fixed identity of the metrics in Grafana; dashboards and links refer to it."""

ALERTMANAGER_UID = "alertmanager"
"""The fixed identity of the alerts."""

LOKI_UID = "loki"
"""The fixed identity of the logs."""

JAEGER_UID = "jaeger"
"""The fixed identity of the traces."""

TRACE_ID = "trace_id"
"""The id of a trace: the label of exemplars, and the structured metadata of log lines."""

SPAN_ID = "span_id"
"""The id of a span in log lines and exemplars."""

SERVICE = "service"
"""The label of metrics and logs that says which service of a catalogue they are about."""

SYSTEM = "system"
"""The label that says which system the service belongs to."""

SERVICE_ATTRIBUTE = "service.name"
"""What traces call the service."""

SYSTEM_ATTRIBUTE = "service.namespace"
"""What traces call the system."""

SPAN_LABELS = {SERVICE_ATTRIBUTE: SERVICE, SYSTEM_ATTRIBUTE: SYSTEM}
"""Attributes of resources that every span has, and the labels of metrics and logs that say the same."""

CALLS = "traces_span_metrics_calls_total"
"""Requests as spans count them, by service, operation and outcome."""

CALL_SECONDS = "traces_span_metrics_duration_seconds"
"""Their duration, a histogram with exemplars."""

OPERATION = "span_name"
"""The label of both that names the operation."""

_TRACE_ID_NAMES = ("trace_id", "traceId", "traceID", "trace.id")
_NAMES = "|".join(map(re.escape, _TRACE_ID_NAMES))

TRACE_ID_IN_LINE = rf"""(?:{_NAMES})\\?["']?\s*[:=]\s*\\?["']?([0-9a-f]{{32}})\b"""
"""The id of a trace within a line of log: JSON, JSON within JSON, and ``key=value``; the same for Grafana's JavaScript, Go and Python."""
