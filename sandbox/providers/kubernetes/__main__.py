"""Serves the provider: `python -m sandbox.providers.kubernetes ENGINE_ADDRESS`."""

from importlib.metadata import version

from sandbox.providers.kubernetes.provider import KubernetesProvider
from sandbox.providers.server import serve

# The SDK asks for a plugin of its own version.
serve(version("pulumi-kubernetes"), KubernetesProvider)
