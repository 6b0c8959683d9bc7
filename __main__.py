"""The Pulumi program: one environment's settings in, its observability platform out."""

from pathlib import Path

import pulumi
from pulumi_aws.provider import Provider as Aws
from pulumi_kubernetes import Provider

from components.change_guard import OUTPUT, guarded
from components.platform import Platform, PlatformArgs
from components.stack import last_outputs, plain_config, stack_secrets
from model.environment import Environment, from_config
from model.errors import InvalidConfiguration


def deploy(environment: Environment) -> None:
    """Describe the platform to the engine, unless the guard refuses it."""
    intent = guarded(environment, last_outputs(environment))
    cluster, logs = environment.settings.cluster, environment.settings.logs
    args = PlatformArgs(environment=environment, secrets=stack_secrets(environment))
    cluster_provider = Provider(
        "cluster",
        context=cluster.context,
        cluster_identifier=cluster.name,
        enable_config_map_mutable=True,
        enable_secret_mutable=True,
        enable_patch_force=True,
    )
    clouds = [Aws("aws", region=logs.bucket.region, s3_use_path_style=logs.bucket.endpoint is not None)] if logs else []
    platform = Platform("platform", args, pulumi.ResourceOptions(providers=[cluster_provider, *clouds]))
    pulumi.export("urls", dict(platform.urls))
    pulumi.export(OUTPUT, intent)


try:
    deploy(from_config(Path(__file__).parent, pulumi.get_stack(), plain_config()))
except InvalidConfiguration as invalid:
    raise pulumi.RunError(f"the configuration cannot be used:\n{invalid}") from None
