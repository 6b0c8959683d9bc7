"""The secrets of an environment: which it needs, under which stack key. Values never pass through the model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic.alias_generators import to_camel

from model.access import Access
from model.catalogue import Catalogue
from model.errors import Finding
from model.grafana import Grafana
from model.routing import Contact, Routing
from model.settings import Notifications, Settings

MASK = "[secret]"
"""What stands in a manifest where a secret is."""

HEARTBEAT = "heartbeatUrl"
SLACK = "slackApiUrl"
SMTP = "smtpPassword"
WEBHOOK = "webhookUrl"

JAEGER_OIDC = "jaegerOidcClientSecret"
"""The key of the secret with which the load balancer asks the identity provider who wants to see traces."""

ELASTICSEARCH_PASSWORD = "elasticsearchPassword"  # noqa: S105 (the name of a key)
"""The key of the password with which traces are stored and found."""

ELASTICSEARCH_KEY = "elasticsearchPrivateKey"
"""The key of the private key of Elasticsearch's certificate."""


@dataclass(frozen=True, kw_only=True)
class Secret:
    """A secret that an environment needs."""

    key: str
    """The key in the stack file, without the project's name: ``pulumi config set --secret <key>``."""

    purpose: str
    """What it is, in words that help to find it."""

    @property
    def is_address(self) -> bool:
        """Whether it is a web address that something is sent to."""
        return self.key in (HEARTBEAT, SLACK, WEBHOOK)


def datastore_secret(system: str, datastore: str) -> str:
    """The key of the password with which the exporter of a datastore logs in, such as ``dharmaPostgresqlPassword``."""
    return to_camel(f"{system}_{datastore}_password".replace("-", "_"))


def pager_secret(pager: str) -> str:
    """The key of the integration key of a PagerDuty service, such as ``pagerdutyOperationsKey``."""
    return to_camel(f"pagerduty_{pager}_key".replace("-", "_"))


def traces_secrets(*, kept: bool, own: bool) -> dict[str, str]:
    """The purposes by key of what storing traces needs: when any are ``kept``, and when the storage is our ``own``."""
    password = {ELASTICSEARCH_PASSWORD: "password of the user that stores traces in Elasticsearch"}
    key = {ELASTICSEARCH_KEY: "private key of Elasticsearch's certificate (docs/decisions/0010-elasticsearch-certificates.md)"}
    return (password if kept else {}) | (key if own else {})


def required(settings: Settings, catalogues: tuple[Catalogue, ...], routing: Routing) -> tuple[Secret, ...]:
    """All secrets that an environment with these parts needs, sorted by key."""
    traces = settings.traces
    others = {
        **traces_secrets(kept=traces is not None, own=bool(traces and traces.elasticsearch)),
        **grafana_secrets(settings.grafana),
        **access_secrets(settings.access),
    }
    return required_by(settings.notifications, catalogues, routing, others)


def grafana_secrets(grafana: Grafana) -> dict[str, str]:
    """The secrets of Grafana by key, with what each is for."""
    found = {
        "grafanaAdminPassword": "password of Grafana's first administrator",
        "grafanaSecretKey": "key with which Grafana encrypts what it stores",
    }
    if database := grafana.database:
        found["grafanaDatabasePassword"] = f"password of user {database.username} on Grafana's PostgreSQL"
    if oidc := grafana.oidc:
        found["grafanaOidcClientSecret"] = f"secret of client {oidc.client_id} of the identity provider"
    if ldap := grafana.ldap:
        found["grafanaLdapPassword"] = f"password of {ldap.bind_dn} in the directory"
    return found


def access_secrets(access: Access | None) -> dict[str, str]:
    """The secrets of the way in by key, with what each is for."""
    oidc = access.jaeger.oidc if access and access.jaeger else None
    return {JAEGER_OIDC: f"secret of client {oidc.client_id} of the identity provider, for the Jaeger UI"} if oidc else {}


def required_by(
    notifications: Notifications | None, catalogues: Iterable[Catalogue], routing: Routing | None, others: Mapping[str, str]
) -> tuple[Secret, ...]:
    """The secrets that these parts of an environment need, where not all parts could be understood; ``others`` are purposes by key."""
    found = {
        HEARTBEAT: "URL outside the cluster that is called as long as alerting works (dead man's switch)",
        **(notification_secrets(notifications, contacts(notifications, routing)) if notifications else {}),
        **others,
    }
    for catalogue in catalogues:
        for name, datastore in catalogue.datastores.items():
            key = datastore_secret(catalogue.system, name)
            found[key] = f"password of user {datastore.username} on {datastore.kind} '{name}' of {catalogue.system}"
    return tuple(Secret(key=key, purpose=purpose) for key, purpose in sorted(found.items()))


def contacts(notifications: Notifications, routing: Routing | None) -> tuple[Contact, ...]:
    """Everybody whom an environment may tell."""
    if routing is None:
        return ()
    return (*routing.teams.values(), *([routing.second_line] if notifications.escalate_after else []))


def notification_secrets(notifications: Notifications, contacts: Iterable[Contact]) -> dict[str, str]:
    """The secrets that an environment's channels need to reach some people, with what each is."""
    used = {channel for channels in notifications.channels.values() for channel in channels}
    found: dict[str, str] = {}
    if "slack" in used:
        found[SLACK] = "incoming webhook URL of the Slack workspace"
    if "webhook" in used:
        found[WEBHOOK] = "URL that gets every notification as JSON"
    if "email" in used and not (notifications.email and notifications.email.username is None):
        found[SMTP] = "password of the mail server's user"
    for contact in contacts if "pagerduty" in used else ():
        found[pager_secret(contact.pager)] = f"integration key of the PagerDuty service '{contact.pager}' (Events API v2)"
    return found


def address_findings(settings: Settings, addresses: Mapping[str, str], file: str) -> list[Finding]:
    """What is wrong with secrets that are addresses, without repeating them. Only whoever deploys can read them: so then it is told."""
    secure = ("https://",) if settings.cluster.production else ("https://", "http://")
    return [
        Finding(
            file=file, key=f"observability:{key}", problem="is no web address that may be used here", allowed=f"{' or '.join(secure)}..."
        )
        for key, address in addresses.items()
        if not address.startswith(secure)
    ]
