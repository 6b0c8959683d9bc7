"""The Pulumi program: one environment's settings in, its observability platform out."""

from pathlib import Path

import pulumi
from pulumi_aws.provider import Provider as Aws
from pulumi_kubernetes import Provider

from components.platform import Platform, PlatformArgs
from components.stack import plain_config
from model import secrets
from model.environment import Environment, from_config
from model.errors import InvalidConfiguration


def deploy(environment: Environment) -> None:
    """Describe the platform to the engine."""
    cluster, config = environment.settings.cluster, pulumi.Config()
    needed = secrets.required(environment.settings, environment.catalogues, environment.routing)
    addresses = {secret.key: config.require(secret.key) for secret in needed if secret.is_address}
    if refused := secrets.address_findings(environment.settings, addresses, f"Pulumi.{environment.name}.yaml"):
        raise InvalidConfiguration(refused)
    args = PlatformArgs(environment=environment, secrets={secret.key: config.require_secret(secret.key) for secret in needed})
    cluster_provider = Provider(
        "cluster",
        context=cluster.context,
        cluster_identifier=cluster.name,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        enable_patch_force=True,
    )
    logs = environment.settings.logs
    clouds = [Aws("aws", region=logs.bucket.region, s3_use_path_style=logs.bucket.endpoint is not None)] if logs else []
    platform = Platform("platform", args, pulumi.ResourceOptions(providers=[cluster_provider, *clouds]))
    pulumi.export("urls", dict(platform.urls))


try:
    deploy(from_config(Path(__file__).parent, pulumi.get_stack(), plain_config()))
except InvalidConfiguration as invalid:
    raise pulumi.RunError(f"the configuration cannot be used:\n{invalid}") from None
