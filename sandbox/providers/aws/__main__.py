"""Serves the provider: `python -m sandbox.providers.aws ENGINE_ADDRESS`."""

from importlib.metadata import version

from sandbox.providers.aws.provider import AwsProvider
from sandbox.providers.server import serve

# The SDK asks for a plugin of its own version.
serve(version("pulumi-aws"), AwsProvider)
