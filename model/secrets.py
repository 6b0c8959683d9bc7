"""The secrets of an environment: which it needs, under which stack key. Values never pass through the model."""

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic.alias_generators import to_camel

from model.catalogue import Catalogue
from model.routing import Channel
from model.settings import Notifications, Settings

_CHANNEL_SECRETS: dict[Channel, tuple[str, str]] = {
    "pagerduty": ("pagerdutyRoutingKey", "integration key of the PagerDuty service (Events API v2)"),
    "slack": ("slackApiUrl", "incoming webhook URL of the Slack workspace"),
    "email": ("smtpPassword", "password of the mail server's user"),
    "webhook": ("webhookUrl", "URL that gets every notification as JSON"),
}


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret that an environment needs."""

    key: str
    """The key in the stack file, without the project's name: ``pulumi config set --secret <key>``."""

    purpose: str
    """What it is, in words that help to find it."""


def datastore_secret(system: str, datastore: str) -> str:
    """The key of the password with which the exporter of a datastore logs in, such as ``dharmaPostgresqlPassword``."""
    return to_camel(f"{system}_{datastore}_password".replace("-", "_"))


def required(settings: Settings, catalogues: tuple[Catalogue, ...]) -> tuple[Secret, ...]:
    """All secrets that an environment with these settings and catalogues needs, sorted by key."""
    return required_by(settings.notifications, catalogues)


def required_by(notifications: Notifications | None, catalogues: Iterable[Catalogue]) -> tuple[Secret, ...]:
    """The secrets that these parts of an environment need, where not all parts could be understood."""
    found = {
        "grafanaAdminPassword": "password of Grafana's first administrator",
        "grafanaSecretKey": "key with which Grafana encrypts what it stores",
        "heartbeatUrl": "URL outside the cluster that is called as long as alerting works (dead man's switch)",
    }
    for channels in notifications.channels.values() if notifications else ():
        found.update(_CHANNEL_SECRETS[channel] for channel in channels)
    for catalogue in catalogues:
        for name, datastore in catalogue.datastores.items():
            key = datastore_secret(catalogue.system, name)
            found[key] = f"password of user {datastore.username} on {datastore.kind} '{name}' of {catalogue.system}"
    return tuple(Secret(key=key, purpose=purpose) for key, purpose in sorted(found.items()))
