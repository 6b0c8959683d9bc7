"""Stack files: what ``Pulumi.<env>.yaml`` says about this project, split into settings and secrets."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from model.documents import children, is_mapping, mapping, read
from model.errors import Finding, InvalidConfiguration, nearest
from model.secrets import Secret
from model.settings import Settings

PROJECT = "observability"
"""The project's name, which is the namespace of its keys in stack files."""

_NAMESPACES = (PROJECT, "pulumi", "kubernetes", "aws")
_TOP_KEYS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")
_SETTINGS = tuple(field.alias or name for name, field in Settings.model_fields.items())


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The keys of one environment, without the project's name before them."""

    name: str

    values: Mapping[str, object]
    """What stands in plain text."""

    secrets: Collection[str] | None
    """The keys that are encrypted; None when the engine keeps them and will ask for each by itself."""

    @property
    def file(self) -> str:
        """The stack file, relative to the project's directory."""
        return stack_file(self.name)


def stack_file(name: str) -> str:
    """The file of an environment."""
    return f"Pulumi.{name}.yaml"


def environments(root: Path) -> list[str]:
    """The names of all environments of a project."""
    return sorted(path.name.split(".")[1] for path in root.glob("Pulumi.*.yaml"))


def read_stack(root: Path, name: str) -> tuple[Stack, list[Finding]]:
    """Reads an environment's stack file, with what is wrong in its form.

    Raises InvalidConfiguration when there is no such environment or its file is not YAML.
    """
    file = stack_file(name)
    if not (root / file).is_file():
        names = environments(root)
        problem = f"there is no {file}; environments here: {', '.join(names) or 'none'}"
        raise InvalidConfiguration([Finding(file=file, problem=problem, suggestion=nearest(name, names))])
    content = read(root, file).content
    findings = [
        Finding(file=file, key=key, problem=f"unknown key '{key}'", allowed=", ".join(_TOP_KEYS), suggestion=nearest(key, _TOP_KEYS))
        for key in content
        if key not in _TOP_KEYS
    ]
    if not is_mapping(content.get("config")):
        findings.append(Finding(file=file, key="config", problem="is missing or no mapping", allowed=f"keys such as {PROJECT}:cluster"))
    values: dict[str, object] = {}
    secrets: set[str] = set()
    for full_key, value in mapping(content.get("config")).items():
        namespace, _, key = full_key.rpartition(":")
        if namespace == PROJECT and _is_secret(value):
            secrets.add(key)
        elif namespace == PROJECT:
            values[key] = value
        elif namespace.partition(":")[0] not in _NAMESPACES:
            findings.append(_unknown_namespace(file, full_key))
    return Stack(name=name, values=values, secrets=secrets), findings


def _unknown_namespace(file: str, full_key: str) -> Finding:
    namespace, _, key = full_key.rpartition(":")
    near = nearest(namespace, _NAMESPACES) if namespace else PROJECT
    return Finding(
        file=file,
        key=f"config.{full_key}",
        problem=f"unknown namespace '{namespace}' before the key" if namespace else "there is no namespace before the key",
        allowed=", ".join(f"{known}:" for known in _NAMESPACES),
        suggestion=f"{near}:{key}" if near else "",
    )


def check_keys(stack: Stack, required: Collection[Secret], *, complete: bool) -> Iterator[Finding]:
    """Unknown keys, secrets in plain text, missing secrets, and secrets hidden within settings.

    ``complete`` says that ``required`` holds all secrets; when parts could not be understood, an unknown secret may belong to them.
    """
    purposes = {secret.key: secret.purpose for secret in required}
    known = (*_SETTINGS, *purposes)
    encrypted = stack.secrets or ()
    for key in (*stack.values, *(encrypted if complete else ())):
        if key not in known:
            yield _unknown_key(stack, key, known)
    for key in stack.values:
        if key in purposes:
            yield _finding(stack, key, f"is a secret but stands in plain text; encrypt it with: {set_command(stack, key)}")
        yield from _hidden_secrets(stack, key, stack.values[key])
    for key in encrypted:
        if key in _SETTINGS:
            yield _finding(stack, key, "is a setting but is encrypted; settings are plain text")
    for key, purpose in purposes.items():
        if stack.secrets is not None and key not in encrypted and key not in stack.values:
            yield _finding(stack, key, f"the secret is missing: {purpose}; set it with: {set_command(stack, key)}")


def _unknown_key(stack: Stack, key: str, known: Collection[str]) -> Finding:
    near = nearest(key, known)
    return Finding(
        file=stack.file,
        key=f"{PROJECT}:{key}",
        problem=f"unknown key '{key}'",
        allowed=", ".join(known),
        suggestion=f"{PROJECT}:{near}" if near else "",
    )


def _finding(stack: Stack, key: str, problem: str) -> Finding:
    return Finding(file=stack.file, key=f"{PROJECT}:{key}", problem=problem)


def set_command(stack: Stack, key: str) -> str:
    """What a person types to set a secret; its value is asked for, so it reaches no shell history."""
    return f"pulumi config set --secret {PROJECT}:{key} -s {stack.name}"


def _is_secret(value: object) -> bool:
    return set(mapping(value)) == {"secure"}


def _hidden_secrets(stack: Stack, key: str, value: object) -> Iterator[Finding]:
    if _is_secret(value):
        yield _finding(stack, key, "a secret cannot stand within a setting; secrets are keys of their own, at the top")
        return
    for name, item in children(value):
        yield from _hidden_secrets(stack, f"{key}{name}" if name.startswith("[") else f"{key}.{name}", item)
