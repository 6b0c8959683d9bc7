"""Grafana: how many servers, where they keep what they know, and how people log in."""

from typing import Annotated, Literal

from pydantic import Field

from model.base import Model
from model.quantities import Cpu, Port, Size, Text
from model.resources import Resources

Url = Annotated[str, Text(r"https?://[^\s;#\"'$`]*[^\s;#\"'$`/]", "a web address without a slash at its end")]
"""An address that people open."""

SecureUrl = Annotated[str, Text(r"https://[^\s;#\"'$`]+", "an address that begins with https://")]
"""An address to which secrets are sent."""

Host = Annotated[str, Text(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?", "a DNS name, such as db.example.org")]
"""A server."""

Identifier = Annotated[str, Text(r"[A-Za-z0-9._@-]+", "letters, digits and any of . _ @ -")]
"""The name of a user, a database, a client or an attribute."""

Group = Annotated[str, Text(r"[A-Za-z0-9 ._:/@-]+", "letters, digits, spaces and any of . _ : / @ -")]
"""A group of the identity provider."""

DistinguishedName = Annotated[
    str, Text(r"[A-Za-z]+=[^\"'\\$\n]+(,\s*[A-Za-z]+=[^\"'\\$\n]+)*", "a distinguished name, such as ou=people,dc=example,dc=org")
]
"""An entry of a directory."""

Certificate = Annotated[str, Text(r"-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----\s*", "certificates in PEM")]
"""Certificates of authorities; they are no secret."""

PORT_OF_TLS = {"ldaps": 636, "starttls": 389}
"""The port on which a directory server speaks TLS from the first byte, and the one on which it begins it."""


class Database(Model):
    """A PostgreSQL that all servers share; its password is the stack secret ``grafanaDatabasePassword``."""

    host: Host
    port: Port = 5432
    name: Identifier = "grafana"
    username: Identifier = "grafana"
    tls: Literal["require", "verify-ca", "verify-full"] = "verify-full"
    """How much of the server's certificate is checked; the password never travels in plain text."""

    ca_certificate: Certificate | None = None
    """Who signed its certificate; the authorities that the image knows when absent."""


class Roles(Model):
    """Who may do more than look: everybody else who can log in is a Viewer."""

    admin: tuple[Group, ...] = ()
    """Groups whose members may change everything."""

    editor: tuple[Group, ...] = ()
    """Groups whose members may make dashboards of their own."""


class Oidc(Model):
    """Login with an OpenID Connect provider; the client's secret is the stack secret ``grafanaOidcClientSecret``."""

    name: Group = "Single sign-on"
    """What the button says."""

    client_id: Identifier
    auth_url: SecureUrl
    token_url: SecureUrl
    api_url: SecureUrl
    """The UserInfo endpoint."""

    allow_sign_up: bool = False
    """Whether somebody whom the provider lets in gets an account at once; else an administrator makes it before."""

    scopes: tuple[Identifier, ...] = ("openid", "profile", "email", "groups")
    groups_claim: Identifier = "groups"
    """The claim that lists a person's groups."""

    roles: Roles = Roles()


class DirectoryRoles(Model):
    """The same for a directory, whose groups are entries."""

    admin: tuple[DistinguishedName, ...] = ()
    editor: tuple[DistinguishedName, ...] = ()


class Ldap(Model):
    """Login with a directory; the password of ``bindDn`` is the stack secret ``grafanaLdapPassword``."""

    host: Host
    port: Port | None = None
    """636 for ``ldaps`` and 389 for ``starttls`` when absent."""

    tls: Literal["ldaps", "starttls"]
    """How the connection is encrypted. There is no way without: every login sends a password."""

    ca_certificate: Certificate | None = None
    """Who signed its certificate; the authorities that the image knows when absent."""

    allow_sign_up: bool = False
    """Whether somebody whom the directory knows gets an account at once; else an administrator makes it before."""

    bind_dn: DistinguishedName
    """The entry that searches for people."""

    search_base: DistinguishedName
    """Where people are."""

    search_filter: Annotated[str, Text(r"\([A-Za-z0-9=()&|!*]*\w=%s\)[A-Za-z0-9=()&|!*]*", "a filter with one %s, such as (uid=%s)")] = (
        "(uid=%s)"
    )
    """How a person is found by the name that they type."""

    roles: DirectoryRoles = DirectoryRoles()


class Grafana(Model):
    """Dashboards: with its own file one server, with a database as many as are wanted."""

    url: Url | None = None
    """Where people open it, also from notifications and the identity provider; its address inside the cluster when absent."""

    replicas: int = Field(default=1, ge=1, le=5)
    """Servers; more than one need a database."""

    database: Database | None = None
    """Users, sessions and stars of all servers; a file on a volume of its own when absent."""

    storage: Size | None = None
    """That volume (1Gi when absent); there is none with a database."""

    login_form: bool = True
    """Whether people can type a password: the administrator's, or that of the directory."""

    oidc: Oidc | None = None
    ldap: Ldap | None = None
    resources: Resources = Resources(cpu=Cpu("100m"), memory=Size("512Mi"))
