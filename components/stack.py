"""What the engine knows of the running stack: its settings, the secrets among them, its last outputs. No other file asks it."""

import json
import time
from typing import cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from model import secrets
from model.documents import mapping
from model.environment import Environment
from model.errors import InvalidConfiguration
from model.stack import stack_file

ATTEMPTS = 50
"""How often the state is read before it counts as unreadable."""

_PAUSE_SECONDS = 0.1


def plain_config() -> dict[str, object]:
    """The stack's settings by key, whole, so that a misspelt one is seen too; secrets are left out."""
    prefix = f"{pulumi.get_project()}:"
    stack: dict[str, str] = {**get_config_env(), **CONFIG.get()}
    found = {key.removeprefix(prefix): text for key, text in stack.items() if key.startswith(prefix) and not is_config_secret(key)}
    return {key: json.loads(text) if text[:1] in ("{", "[") else text for key, text in found.items()}


def last_outputs(environment: Environment) -> dict[str, object]:
    """The outputs of the stack's last deployment, from the engine itself: there at preview and update, whoever started them.

    A backend of files is written anew while the program begins, and for a moment there is no state to read, or half of one: then it is
    read again. Raises RunError when it cannot be read at all: nobody could tell then what a change would lose.
    """
    name = f"{pulumi.get_organization()}/{pulumi.get_project()}/{environment.name}"
    failure: Exception | None = None
    for attempt in range(ATTEMPTS):
        time.sleep(_PAUSE_SECONDS if attempt else 0)
        try:
            return _read_outputs(name)
        except Exception as error:  # noqa: BLE001 - the SDK has no narrower one
            failure = error
    raise pulumi.RunError(f"the outputs of the last deployment cannot be read: try again, or look at the backend: {failure}") from failure


def _read_outputs(name: str) -> dict[str, object]:
    answer = cast("object", pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", {"name": name}).value)
    return mapping(mapping(answer).get("outputs"))


def stack_secrets(environment: Environment) -> dict[str, pulumi.Output[str]]:
    """The secrets that an environment needs, by key. Raises InvalidConfiguration when one that is an address may not be used."""
    config = pulumi.Config()
    needed = secrets.required(environment.settings, environment.catalogues, environment.routing)
    values = {secret.key: config.require_secret(secret.key) for secret in needed}  # first of all: it says how a missing one is set
    addresses = {secret.key: config.require(secret.key) for secret in needed if secret.is_address}
    if refused := secrets.address_findings(environment.settings, addresses, stack_file(environment.name)):
        raise InvalidConfiguration(refused)
    return values
