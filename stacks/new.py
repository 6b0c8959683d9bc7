"""A new environment: the stack file of one that is there, under another name and without its secrets."""

import re
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from model.errors import Finding, InvalidConfiguration
from model.quantities import Name
from model.stack import read_stack, stack_file

_ENCRYPTED = re.compile(r"^(encryptionsalt|encryptedkey|secretsprovider):|^\s+\S+: *\{ *secure:")
_REMARK = "# Environment {name}, begun as a copy of {origin}: read every line, then set the secrets that `make secrets ENV={name}` names.\n"


def begin(root: Path, name: str, origin: str) -> Path:
    """Write ``Pulumi.<name>.yaml`` from that of ``origin``: its name stands wherever the other's stood, the secrets are left out.

    Raises InvalidConfiguration when the name will not do, is taken, or there is no such origin.
    """
    target = root / stack_file(name)
    _require_name(name)
    if target.exists():
        raise InvalidConfiguration([Finding(file=target.name, problem="is there already")])
    read_stack(root, origin)
    lines = (root / stack_file(origin)).read_text().splitlines(keepends=True)
    settings = [line for line in lines if not _ENCRYPTED.match(line) and not line.startswith("#")]
    renamed = re.sub(rf"(?<![a-z0-9]){re.escape(origin)}(?![a-z0-9])", name, "".join(settings))
    modeline = [line for line in lines if line.startswith("# yaml-language-server:")]
    target.write_text("".join(modeline) + _REMARK.format(name=name, origin=origin) + renamed)
    return target


def _require_name(name: str) -> None:
    try:
        TypeAdapter(Name).validate_python(name)
    except ValidationError as error:
        allowed = "a name of lower-case letters, digits and hyphens, beginning with a letter, at most 63 long"
        raise InvalidConfiguration([Finding(file=stack_file(name), problem=f"'{name}' was given", allowed=allowed)]) from error
