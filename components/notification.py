"""Who is told what, as ``alertmanager.yml`` says it. The document holds no secret: each is a file that is read when it is used."""

from collections.abc import Sequence

from components.documents import Document
from model.environment import Environment
from model.routing import Channel, Pace, Severity, Team
from model.settings import Email

SECRETS_FOLDER = "/etc/alertmanager-secrets"
"""Where the pods find the secrets, each in a file called as its key in the stack file."""

SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "info")
"""From what wakes people to what is only recorded."""

TEMPLATES_FOLDER = "templates"
"""The folder of the message templates, beside ``alertmanager.yml``."""

_HEARTBEAT_FILE = "heartbeatUrl"
_CHANNEL_FILES: dict[Channel, str] = {
    "email": "smtpPassword",
    "pagerduty": "pagerdutyRoutingKey",
    "slack": "slackApiUrl",
    "webhook": "webhookUrl",
}


def secret_files(environment: Environment) -> tuple[str, ...]:
    """The secrets that ``alertmanager.yml`` refers to, by their keys in the stack file."""
    channels: set[Channel] = set()
    for chosen in environment.settings.notifications.channels.values():
        channels.update(chosen)
    return tuple(sorted({_HEARTBEAT_FILE} | {_CHANNEL_FILES[channel] for channel in channels}))


def alertmanager_config(environment: Environment) -> Document:
    """``alertmanager.yml`` of an environment."""
    routing, notifications = environment.routing, environment.settings.notifications
    receivers = [
        receiver(name, team, severity, notifications.channels[severity]) for name, team in routing.teams.items() for severity in SEVERITIES
    ]
    heartbeat: Document = {"name": "heartbeat", "webhook_configs": [{"url_file": secret(_HEARTBEAT_FILE), "send_resolved": False}]}
    return {
        "global": {"resolve_timeout": "5m", **(mail_server(notifications.email) if notifications.email else {})},
        "templates": [f"{TEMPLATES_FOLDER}/*.tmpl"],
        "route": routing_tree(environment),
        "inhibit_rules": inhibitions(),
        "receivers": [heartbeat, *receivers],
    }


def routing_tree(environment: Environment) -> Document:
    """The heartbeat first, then each team by severity; what names no team that we know goes to the fallback team."""
    fallback, pace = environment.routing.fallback_team, environment.routing.pace
    # A group is sent at most once an interval, so the repetition is the shorter of the two: each interval calls.
    heartbeat = {"group_wait": "0s", "group_interval": "1m", "repeat_interval": "30s"}
    return {
        # All labels that every alert has or may have, so that a page is about one thing going wrong in one place.
        "group_by": ["alertname", "env", "cluster", "namespace", "service"],
        **team_route(fallback, pace),
        "routes": [
            {"matchers": ['alertname="Watchdog"'], "receiver": "heartbeat", **heartbeat},
            *(
                {"matchers": [f'team="{team}"'], **team_route(team, pace), "routes": severity_routes(team, pace)}
                for team in environment.routing.teams
            ),
            *severity_routes(fallback, pace),
        ],
    }


def team_route(team: str, pace: dict[Severity, Pace]) -> Document:
    """How alerts of a team are sent whose severity is missing or unknown."""
    return {"receiver": f"{team}-warning", **intervals(pace["warning"])}


def severity_routes(team: str, pace: dict[Severity, Pace]) -> list[Document]:
    """How alerts of a team are sent, by severity."""
    return [
        {"matchers": [f'severity="{severity}"'], "receiver": f"{team}-{severity}", **intervals(pace[severity])} for severity in SEVERITIES
    ]


def intervals(pace: Pace) -> Document:
    """How fast a route sends."""
    return {
        "group_wait": str(pace.group_wait),
        "group_interval": str(pace.group_interval),
        "repeat_interval": str(pace.repeat_interval),
    }


def inhibitions() -> list[Document]:
    """What breaks a service silences what merely worries about it. Labels that both lack count as equal, so each must be there."""
    place = ("env", "cluster", "namespace", "service")
    present = [f'{label}!=""' for label in place]
    pairs: tuple[tuple[Severity, str], ...] = (("critical", "warning|info"), ("warning", "info"))
    return [
        {
            "name": f"{worse}-over-{lesser.replace('|', '-and-')}",
            "source_matchers": [f'severity="{worse}"', *present],
            "target_matchers": [f'severity=~"{lesser}"', *present],
            "equal": list(place),
        }
        for worse, lesser in pairs
    ]


def receiver(name: str, team: Team, severity: Severity, channels: Sequence[Channel]) -> Document:
    """One team at one severity, by all channels of that severity."""
    document: Document = {"name": f"{name}-{severity}"}
    for channel in channels:
        document[f"{channel}_configs"] = [channel_config(channel, team)]
    return document


def channel_config(channel: Channel, team: Team) -> Document:
    """How a team is reached by one channel."""
    file = secret(_CHANNEL_FILES[channel])
    match channel:
        case "pagerduty":
            return {
                "routing_key_file": file,
                "send_resolved": True,
                "severity": '{{ or .CommonLabels.severity "warning" }}',
                "description": '{{ template "observability.title" . }}',
                "component": "{{ .CommonLabels.service }}",
                "group": "{{ .CommonLabels.system }}",
                "class": "{{ .CommonLabels.category }}",
            }
        case "slack":
            return {
                "api_url_file": file,
                "send_resolved": True,
                "channel": team.slack,
                "color": '{{ template "observability.color" . }}',
                "title": '{{ template "observability.title" . }}',
                "title_link": "{{ .CommonAnnotations.runbook_url }}",
                "text": '{{ template "observability.text" . }}',
            }
        case "email":
            return {
                "to": team.email,
                "send_resolved": True,
                "headers": {"Subject": '{{ template "observability.title" . }}'},
                "text": '{{ template "observability.text" . }}',
            }
        case "webhook":
            return {"url_file": file, "send_resolved": True}


def mail_server(email: Email) -> Document:
    """The mail server, reached over TLS alone."""
    return {
        "smtp_smarthost": email.smarthost,
        "smtp_from": email.sender,
        "smtp_auth_username": email.username,
        "smtp_auth_password_file": secret(_CHANNEL_FILES["email"]),
        "smtp_require_tls": True,
    }


def secret(key: str) -> str:
    """The file of a secret."""
    return f"{SECRETS_FOLDER}/{key}"


def message_templates() -> str:
    """The Go templates of all messages: what is wrong, where, how badly, and the page that says what to do."""
    return """\
{{ define "observability.title" -}}
[{{ .Status | toUpper }}{{ if eq .Status "firing" }} {{ .Alerts.Firing | len }}{{ end }}] {{ .CommonLabels.alertname -}}
{{ with .CommonLabels.service }} on {{ . }}{{ end }}{{ with .CommonLabels.env }} ({{ . }}){{ end }}
{{- end }}

{{ define "observability.color" -}}
{{ if eq .Status "resolved" }}good{{ else if eq .CommonLabels.severity "critical" }}danger{{ else }}warning{{ end }}
{{- end }}

{{ define "observability.text" -}}
{{ range .Alerts -}}
{{ if eq .Status "resolved" }}Resolved: {{ end }}{{ .Annotations.summary }}
{{ with .Annotations.description }}{{ . }}
{{ end -}}
severity {{ .Labels.severity }}, team {{ .Labels.team }}{{ with .Labels.pod }}, pod {{ . }}{{ end -}}
, since {{ .StartsAt.Format "2006-01-02 15:04:05 MST" }}
{{ with .Annotations.runbook_url }}What to do: {{ . }}
{{ end -}}
{{ with .GeneratorURL }}Query: {{ . }}
{{ end }}
{{ end -}}
{{- end }}
"""
