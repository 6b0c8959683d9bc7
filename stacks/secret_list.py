"""Which secrets an environment needs and which it has. Nothing is decrypted, so no value can be shown."""

from dataclasses import dataclass
from pathlib import Path

from model.environment import from_config
from model.errors import InvalidConfiguration
from model.secrets import Secret, required
from model.stack import read_stack, set_command


@dataclass(frozen=True, kw_only=True)
class State:
    """A secret of an environment, and whether its stack file has it."""

    secret: Secret
    present: bool
    command: str
    """What sets it, or replaces it: the value is asked for at the terminal and reaches no shell history."""


def states(root: Path, name: str) -> tuple[State, ...]:
    """All secrets that the environment ``name`` needs, by key. Raises InvalidConfiguration when its files cannot be understood."""
    stack, findings = read_stack(root, name)
    if findings:
        raise InvalidConfiguration(findings)
    environment = from_config(root, name, stack.values)
    return tuple(
        State(secret=secret, present=secret.key in (stack.secrets or ()), command=set_command(stack, secret.key))
        for secret in required(environment.settings, environment.catalogues, environment.routing)
    )
