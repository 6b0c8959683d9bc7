"""The content that an image's tag stands for now, asked of its registry (OCI distribution API), and written down beside the tag."""

import hashlib
import ipaddress
import json
import re
from collections.abc import Mapping
from http.client import HTTPMessage
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from model.quantities import IMAGE

HOSTS = {"docker.io": "registry-1.docker.io"}
"""Where the name of a registry is not its host."""

_KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
"""What a tag may stand for; first those for many architectures."""

_HEADER = "Docker-Content-Digest"
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SECONDS = 30


class RegistryError(Exception):
    """A registry does not tell the digest; the text says of which image, and what is to be done."""


def digest(reference: str) -> str:
    """The digest of what an image's tag stands for now, such as ``sha256:...``. Raises RegistryError."""
    name, _, tag = reference.partition("@")[0].rpartition(":")
    registry, _, repository = name.partition("/")
    host = HOSTS.get(registry, registry)
    address = f"{_scheme(host)}://{host}/v2/{repository}/manifests/{tag}"
    try:
        headers, _ = _ask(address, "HEAD")
        told = headers.get(_HEADER)
        # Registries need not tell it; then it is that of the content itself.
        found = told or f"sha256:{hashlib.sha256(_ask(address, 'GET')[1]).hexdigest()}"
    except HTTPError as error:
        hint = "is the tag in configs/versions.yaml right?" if error.code in (401, 403, 404) else "try again later"
        raise RegistryError(f"{reference}: {host} answers {error.code} {error.reason}: {hint}") from error
    except (URLError, OSError, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise RegistryError(f"{reference}: {host} cannot be asked ({reason}): run this where the registries can be reached") from error
    if not _DIGEST.fullmatch(found):
        raise RegistryError(f"{reference}: {host} tells no sha256 digest but '{found}'")
    return found


def pinned(text: str, digests: Mapping[str, str]) -> str:
    """The text of ``configs/versions.yaml`` with the digest of each image behind its tag, by reference; all else stays as it is."""

    def with_digest(found: re.Match[str]) -> str:
        reference = found[0].partition("@")[0]
        return f"{reference}@{digests[reference]}" if reference in digests else found[0]

    return re.sub(rf"(?<=: ){IMAGE}$", with_digest, text, flags=re.MULTILINE | re.ASCII)


def _ask(address: str, method: str) -> tuple[HTTPMessage, bytes]:
    """The answer to a request; a registry that wants a token is asked again with one that it gives to everybody."""
    headers = {"Accept": ", ".join(_KINDS)}
    try:
        return _sent(Request(address, method=method, headers=headers))  # noqa: S310 - https, or this machine
    except HTTPError as refused:
        challenge = refused.headers.get("WWW-Authenticate", "")
        if refused.code != 401 or not challenge.startswith("Bearer "):
            raise
        wanted = dict(re.findall(r'(\w+)="([^"]*)"', challenge))
        query = urlencode({key: wanted[key] for key in ("service", "scope") if key in wanted})
        _, body = _sent(Request(f"{wanted['realm']}?{query}"))  # noqa: S310
        answer = json.loads(body)
        token = answer.get("token") or answer.get("access_token")
        return _sent(Request(address, method=method, headers={**headers, "Authorization": f"Bearer {token}"}))  # noqa: S310


def _sent(request: Request) -> tuple[HTTPMessage, bytes]:
    with urlopen(request, timeout=_SECONDS) as answer:  # noqa: S310
        return answer.headers, answer.read()


def _scheme(host: str) -> str:
    """A registry on this machine needs no TLS, as for containerd."""
    try:
        return "http" if ipaddress.ip_address(host.partition(":")[0]).is_loopback else "https"
    except ValueError:
        return "https"
