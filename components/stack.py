"""What the engine knows of the running stack's configuration: its settings, and the secrets among it. No other file reads it."""

import json

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret

from model import secrets
from model.environment import Environment
from model.errors import InvalidConfiguration
from model.stack import stack_file


def plain_config() -> dict[str, object]:
    """The stack's settings by key, whole, so that a misspelt one is seen too; secrets are left out."""
    prefix = f"{pulumi.get_project()}:"
    stack: dict[str, str] = {**get_config_env(), **CONFIG.get()}
    found = {key.removeprefix(prefix): text for key, text in stack.items() if key.startswith(prefix) and not is_config_secret(key)}
    return {key: json.loads(text) if text[:1] in ("{", "[") else text for key, text in found.items()}


def stack_secrets(environment: Environment) -> dict[str, pulumi.Output[str]]:
    """The secrets that an environment needs, by key. Raises InvalidConfiguration when one that is an address may not be used."""
    config = pulumi.Config()
    needed = secrets.required(environment.settings, environment.catalogues, environment.routing)
    addresses = {secret.key: config.require(secret.key) for secret in needed if secret.is_address}
    if refused := secrets.address_findings(environment.settings, addresses, stack_file(environment.name)):
        raise InvalidConfiguration(refused)
    return {secret.key: config.require_secret(secret.key) for secret in needed}
