"""What Grafana is told in ``grafana.ini`` and ``ldap.toml``. Secrets come as files, which the pod names."""

import json
import re
from collections.abc import Mapping, Sequence

from model.grafana import PORT_OF_TLS, Database, Grafana, Ldap, Oidc

CONFIG_FOLDER = "/etc/grafana"
"""Where the pod finds these files."""

DASHBOARDS_FOLDER = "/etc/grafana-dashboards"
"""Where the pod finds the dashboards, in one directory for each folder of Grafana."""

SECRETS_FOLDER = "/etc/grafana-secrets"
"""Where the pod finds the secrets."""

SECRET_FILES = {
    "grafanaAdminPassword": ("admin-password", "GF_SECURITY_ADMIN_PASSWORD__FILE"),
    "grafanaSecretKey": ("secret-key", "GF_SECURITY_SECRET_KEY__FILE"),
    "grafanaDatabasePassword": ("database-password", "GF_DATABASE_PASSWORD__FILE"),
    "grafanaOidcClientSecret": ("oidc-client-secret", "GF_AUTH_GENERIC_OAUTH_CLIENT_SECRET__FILE"),
    "grafanaLdapPassword": ("ldap-password", None),
}
"""The file of each stack secret, and the variable that names it to Grafana; ``ldap.toml`` names its own."""

HOME = "overview"
"""The dashboard that opens first: its identity and the name of its file in the folder of the platform."""

Section = Mapping[str, str]

_SETTINGS: Mapping[str, Section] = {
    "analytics": {"reporting_enabled": "false", "check_for_updates": "false", "check_for_plugin_updates": "false"},
    # Whoever the provider or the directory knows may look; nobody signs up by himself.
    "users": {
        "allow_sign_up": "false",
        "allow_org_create": "false",
        "auto_assign_org": "true",
        "auto_assign_org_role": "Viewer",
        "viewers_can_edit": "false",
    },
    "auth.anonymous": {"enabled": "false"},
    "security": {"disable_gravatar": "true", "cookie_samesite": "lax", "strict_transport_security": "false"},
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


def grafana_files(settings: Grafana, *, url: str) -> dict[str, str]:
    """All of its own files by name; ``url`` is where people open it."""
    authorities = {
        "database-ca.crt": settings.database.ca_certificate if settings.database else None,
        "ldap-ca.crt": settings.ldap.ca_certificate if settings.ldap else None,
    }
    return {
        "grafana.ini": grafana_ini(settings, url=url),
        **({"ldap.toml": ldap_toml(settings.ldap)} if settings.ldap else {}),
        **{name: text for name, text in authorities.items() if text},
    }


def grafana_ini(settings: Grafana, *, url: str) -> str:
    """``grafana.ini``."""
    secure = {"cookie_secure": "true"} if url.startswith("https://") else {}
    sections: dict[str, Section] = {
        "server": {"root_url": url},
        **_SETTINGS,
        "security": {**_SETTINGS["security"], **secure},
        "auth": {"disable_login_form": _yes(not settings.login_form)},
        "dashboards": {"default_home_dashboard_path": f"{DASHBOARDS_FOLDER}/platform/{HOME}.json", "min_refresh_interval": "10s"},
        **({"database": database_section(settings.database)} if settings.database else {}),
        **({"auth.generic_oauth": oidc_section(settings.oidc)} if settings.oidc else {}),
        **({"auth.ldap": ldap_section(settings.ldap)} if settings.ldap else {}),
    }
    return "\n".join(f"[{section}]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items()) for section, keys in sections.items())


def database_section(database: Database) -> Section:
    """The PostgreSQL that all servers share; ``migration_locking`` keeps two of them from changing its tables at once."""
    authority = {"ca_cert_path": f"{CONFIG_FOLDER}/database-ca.crt"} if database.ca_certificate else {}
    return {
        "type": "postgres",
        "host": f"{database.host}:{database.port}",
        "name": database.name,
        "user": database.username,
        "ssl_mode": database.tls,
        "migration_locking": "true",
        **authority,
    }


def oidc_section(oidc: Oidc) -> Section:
    """Login with the provider: who is in no group of ours may look."""
    return {
        "enabled": "true",
        "name": oidc.name,
        "client_id": oidc.client_id,
        "auth_url": oidc.auth_url,
        "token_url": oidc.token_url,
        "api_url": oidc.api_url,
        "scopes": " ".join(oidc.scopes),
        "allow_sign_up": _yes(oidc.allow_sign_up),
        "use_pkce": "true",
        "use_refresh_token": "true",
        "role_attribute_path": role_path(oidc),
        "role_attribute_strict": "true",
    }


def role_path(oidc: Oidc) -> str:
    """The role of a person, in JMESPath over the claims."""
    ranks = [("Admin", oidc.roles.admin), ("Editor", oidc.roles.editor)]
    member = [f"contains({oidc.groups_claim}[*], '{group}') && '{role}'" for role, groups in ranks for group in groups]
    return " || ".join([*member, "'Viewer'"])


def ldap_section(ldap: Ldap) -> Section:
    """Login with the directory that ``ldap.toml`` describes."""
    return {"enabled": "true", "config_file": f"{CONFIG_FOLDER}/ldap.toml", "allow_sign_up": _yes(ldap.allow_sign_up)}


def ldap_toml(ldap: Ldap) -> str:
    """``ldap.toml``: TOML's own text is JSON's, for what the settings allow."""
    groups = [("Admin", ldap.roles.admin), ("Editor", ldap.roles.editor), ("Viewer", ("*",))]
    server = {
        "host": ldap.host,
        "port": ldap.port or PORT_OF_TLS[ldap.tls],
        "use_ssl": True,
        "start_tls": ldap.tls == "starttls",
        "ssl_skip_verify": False,
        "min_tls_version": "TLS1.2",
        **({"root_ca_cert": f"{CONFIG_FOLDER}/ldap-ca.crt"} if ldap.ca_certificate else {}),
        "bind_dn": ldap.bind_dn,
        "bind_password": f"$__file{{{SECRETS_FOLDER}/{SECRET_FILES['grafanaLdapPassword'][0]}}}",
        "search_filter": ldap.search_filter,
        "search_base_dns": [ldap.search_base],
    }
    typed = re.findall(r"(\w+)=\*?%s", ldap.search_filter)
    attributes = {"name": "givenName", "surname": "sn", "username": typed[0], "member_of": "memberOf", "email": "mail"}
    mappings = [
        _table("[[servers.group_mappings]]", {"group_dn": group, "org_role": role}) for role, members in groups for group in members
    ]
    return "\n".join([_table("[[servers]]", server), _table("[servers.attributes]", attributes), *mappings])


def _table(head: str, values: Mapping[str, object]) -> str:
    return f"{head}\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())


def _yes(value: bool) -> str:
    return "true" if value else "false"


def folder_provider(folders: Sequence[tuple[str, str]]) -> dict[str, object]:
    """Where dashboards come from, by (name of the directory, title of the folder).

    They are read again when their files change, and cannot be changed by hand.
    """
    return {
        "apiVersion": 1,
        "providers": [
            {
                "name": name,
                "type": "file",
                "folder": title,
                "folderUid": name,
                "disableDeletion": True,
                "allowUiUpdates": False,
                "updateIntervalSeconds": 30,
                "options": {"path": f"{DASHBOARDS_FOLDER}/{name}"},
            }
            for name, title in folders
        ],
    }
