"""Where secrets go: each is followed through the program, and may arrive in the Secret objects alone."""

from collections.abc import Iterable, Iterator
from typing import cast

from checks.record import Recorded, is_envelope
from checks.render import manifest_file
from model.errors import Finding

CANARY = "canary-secret"
"""What every made-up secret begins with."""


def canary(key: str) -> str:
    """A made-up secret that can be recognised wherever it turns up, encoded or not within longer text."""
    return f"{CANARY}-{key}"


def leak_findings(resources: Iterable[Recorded]) -> list[Finding]:
    """Every place where a canary is not within an envelope, or not in a Secret. ``resources`` are recorded with `canary` secrets."""
    found: list[Finding] = []
    for resource in resources:
        file = manifest_file(resource) if resource.parents else resource.name
        secret = resource.type == "kubernetes:core/v1:Secret"
        for key, sealed in _canaries("", dict(resource.inputs), sealed=False):
            if not (secret and sealed):
                problem = "holds a secret" if sealed else "holds a secret in plain text"
                found.append(Finding(file=file, key=f"{resource.name}: {key}", problem=problem, allowed="Secret objects only"))
    return found


def _canaries(key: str, value: object, *, sealed: bool) -> Iterator[tuple[str, bool]]:
    """The keys under which canaries are, and whether each is within an envelope."""
    match value:
        case dict():
            entries = cast("dict[str, object]", value)
            if is_envelope(entries):
                yield from _canaries(key, entries.get("value"), sealed=True)
                return
            for name, item in entries.items():
                yield from _canaries(f"{key}.{name}".lstrip("."), item, sealed=sealed)
        case list():
            for index, item in enumerate(cast("list[object]", value)):
                yield from _canaries(f"{key}[{index}]", item, sealed=sealed)
        case str() if CANARY in value:
            yield key, sealed
        case _:
            return
