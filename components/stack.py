"""What the engine knows of the running stack's configuration. The only reader of it besides ``__main__.py``'s secrets."""

import json

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env, is_config_secret


def plain_config() -> dict[str, object]:
    """The stack's settings by key, whole, so that a misspelt one is seen too; secrets are left out."""
    prefix = f"{pulumi.get_project()}:"
    stack: dict[str, str] = {**get_config_env(), **CONFIG.get()}
    found = {key.removeprefix(prefix): text for key, text in stack.items() if key.startswith(prefix) and not is_config_secret(key)}
    return {key: json.loads(text) if text[:1] in ("{", "[") else text for key, text in found.items()}
