"""AWS, as far as a machine without it can have it: the sandbox's S3, IAM and STS are those of moto, and every address leads there."""

from collections.abc import Mapping
from typing import cast

ENDPOINT = "http://s3.sandbox.svc.cluster.local:5000"
"""Where pods reach the sandbox's S3 (sandbox/manifests/s3.yaml); ``Pulumi.dev.yaml`` names it."""

_LOGS = "observability:logs"

LEFT_OUT = (
    f"there are no logs here: {_LOGS} keeps them on the S3 of the sandbox ({ENDPOINT}), which this cluster does not have; "
    "name a bucket of AWS, or the endpoint of another S3, in its bucket"
)
"""What people are told where an environment loses its logs by being deployed elsewhere."""


def variables(address: str | None) -> dict[str, str]:
    """The environment of an engine whose AWS answers at ``address``; nothing when AWS itself is meant. The keys open nothing."""
    if address is None:
        return {}
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "sandbox",
        "AWS_SECRET_ACCESS_KEY": "sandbox",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def adapted(config: Mapping[str, object], address: str | None) -> dict[str, object]:
    """A stack's configuration for this place: logs go to the sandbox's S3 in a sandbox, and nowhere where that S3 is not."""
    logs = config.get(_LOGS)
    bucket = cast("dict[str, object]", logs).get("bucket") if isinstance(logs, dict) else None
    if not isinstance(bucket, dict):
        return dict(config)
    chosen = cast("dict[str, object]", bucket)
    if address is not None:
        return {**config, _LOGS: {**cast("dict[str, object]", logs), "bucket": {**chosen, "endpoint": ENDPOINT}}}
    if chosen.get("endpoint") == ENDPOINT:
        return {key: value for key, value in config.items() if key != _LOGS}
    return dict(config)
