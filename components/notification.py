"""How people are reached, as ``alertmanager.yml`` says it. The document holds no secret: each is a file that is read when it is used."""

from collections.abc import Sequence

from components.documents import Document
from components.routing_tree import HEARTBEAT, SECOND_LINE, SEVERITIES, STRAYS, inhibitions, routing_tree, time_intervals
from model import secrets
from model.environment import Environment
from model.routing import Channel, Contact
from model.settings import Email

SECRETS_FOLDER = "/etc/alertmanager-secrets"
"""Where the pods find the secrets, each in a file called as its key in the stack file."""

TEMPLATES_FOLDER = "templates"
"""The folder of the message templates, beside ``alertmanager.yml``."""

ADDRESSES_FILE = "addresses.tmpl"
"""The template file that is made here: what the others link to."""


def secret_files(environment: Environment) -> tuple[str, ...]:
    """The secrets that ``alertmanager.yml`` refers to, by their keys in the stack file."""
    notifications = environment.settings.notifications
    people = secrets.contacts(notifications, environment.routing)
    return tuple(sorted({secrets.HEARTBEAT, *secrets.notification_secrets(notifications, people)}))


def alertmanager_config(environment: Environment) -> Document:
    """``alertmanager.yml`` of an environment."""
    notifications = environment.settings.notifications
    uses_pagerduty = any("pagerduty" in channels for channels in notifications.channels.values())
    intervals = time_intervals(environment)
    return {
        "global": {
            "resolve_timeout": "5m",
            **(mail_server(notifications.email) if notifications.email else {}),
            **({"pagerduty_url": notifications.pagerduty_url} if uses_pagerduty else {}),
        },
        "templates": [f"{TEMPLATES_FOLDER}/*.tmpl"],
        "route": routing_tree(environment),
        **({"time_intervals": intervals} if intervals else {}),
        "inhibit_rules": inhibitions(environment.routing.inhibitions),
        "receivers": receivers(environment),
    }


def receivers(environment: Environment) -> list[Document]:
    """The heartbeat, each team by severity, the second line, and the one for what is not ours, whom nothing wakes."""
    routing, notifications = environment.routing, environment.settings.notifications
    channels = notifications.channels
    quiet: list[Channel] = [channel for channel in channels["warning"] if channel != "pagerduty"]
    return [
        {"name": HEARTBEAT, "webhook_configs": [{"url_file": secret(secrets.HEARTBEAT), "send_resolved": False}]},
        receiver(STRAYS, routing.teams[routing.fallback_team], quiet or channels["warning"]),
        *([receiver(SECOND_LINE, routing.second_line, channels["critical"])] if notifications.escalate_after else []),
        *(receiver(f"{name}-{severity}", team, channels[severity]) for name, team in routing.teams.items() for severity in SEVERITIES),
    ]


def receiver(name: str, contact: Contact, channels: Sequence[Channel]) -> Document:
    """Some people, by some channels."""
    return {"name": name, **{f"{channel}_configs": [channel_config(channel, contact)] for channel in channels}}


def channel_config(channel: Channel, contact: Contact) -> Document:
    """How people are reached by one channel."""
    match channel:
        case "pagerduty":
            return pagerduty(contact)
        case "slack":
            return slack(contact)
        case "email":
            return {
                "to": contact.email,
                "send_resolved": True,
                "headers": {"Subject": template("title")},
                "html": template("email.html"),
                "text": template("email.text"),
            }
        case "webhook":
            return {"url_file": secret(secrets.WEBHOOK), "send_resolved": True}


def pagerduty(contact: Contact) -> Document:
    """A page, with all that whoever is woken asks first."""
    return {
        "routing_key_file": secret(secrets.pager_secret(contact.pager)),
        "send_resolved": True,
        "client": "Alertmanager",
        "client_url": "{{ .ExternalURL }}",
        "description": template("title"),
        "severity": template("pagerduty.severity"),
        "source": template("place"),
        "component": "{{ .CommonLabels.service }}",
        "group": "{{ .CommonLabels.system }}",
        "class": "{{ .CommonLabels.category }}",
        "details": {
            "firing": '{{ template "pagerduty.list" .Alerts.Firing }}',
            "resolved": '{{ template "pagerduty.list" .Alerts.Resolved }}',
            "severity": template("pagerduty.severity"),
            "since": template("pagerduty.since"),
            "team": template("pagerduty.team"),
            "where": template("pagerduty.where"),
        },
        "links": [{"href": template(name.lower()), "text": name} for name in ("Runbook", "Dashboard", "Silence")],
    }


def slack(contact: Contact) -> Document:
    """A message with a coloured bar, what is wrong, four facts, and three buttons."""
    facts = {"Severity": "severity", "Team": "slack.team", "Where": "slack.place", "Since": "since"}
    return {
        "api_url_file": secret(secrets.SLACK),
        "send_resolved": True,
        "channel": contact.slack,
        "color": template("slack.color"),
        "fallback": template("slack.title"),
        "title": template("slack.title"),
        "title_link": template("runbook"),
        "text": template("slack.text"),
        "short_fields": True,
        "fields": [{"title": title, "value": template(name)} for title, name in facts.items()],
        "actions": [{"type": "button", "text": name, "url": template(name.lower())} for name in ("Runbook", "Dashboard", "Silence")],
        "footer": "{{ .Receiver }}",
    }


def mail_server(email: Email) -> Document:
    """The mail server, and who we are there."""
    user = {"smtp_auth_username": email.username, "smtp_auth_password_file": secret(secrets.SMTP)} if email.username else {}
    return {"smtp_smarthost": email.smarthost, "smtp_from": email.sender, **user, "smtp_require_tls": email.require_tls}


def secret(key: str) -> str:
    """The file of a secret."""
    return f"{SECRETS_FOLDER}/{key}"


def template(name: str) -> str:
    """The text that a template of ``configs/templates`` makes of a group of alerts."""
    return f'{{{{ template "{name}" . }}}}'


def message_templates(environment: Environment, *, dashboards: str) -> dict[str, str]:
    """The templates of all messages by file name: those that people write, and the addresses to which they link."""
    addresses = {"runbooks": environment.settings.runbooks_url, "dashboards": dashboards}
    lines = (f'{{{{ define "address.{name}" }}}}{address}{{{{ end }}}}\n' for name, address in addresses.items())
    return {**environment.templates, ADDRESSES_FILE: "".join(lines)}
