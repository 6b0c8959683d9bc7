"""Run by the engine: serves the promises as policies, all of them mandatory."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import cast

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # the engine starts it in a directory of its own choice

from checks.buckets import BUCKET, Asked, bucket_problems
from checks.objects import RULES
from model.documents import mapping, read
from model.end_of_life import EndsOfLife, read_ends_of_life
from model.stack import stack_file
from policy.promises import UNKNOWN, image_problems, leaked, object_problems, text_of

ROOT = Path(__file__).resolve().parent.parent


def plain(value: object) -> object:
    """A value as it is in a manifest: without the pack's wrapping, and with a word for what is not known yet."""
    if isinstance(value, Mapping):
        entries = cast("Mapping[str, object]", value)
        return {key: _item(entries, key) for key in entries}
    if isinstance(value, Sequence) and not isinstance(value, str):
        items = cast("Sequence[object]", value)
        return [_item(items, index) for index in range(len(items))]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _item(container: object, key: object) -> object:
    try:
        return plain(cast("dict[object, object]", container)[key])
    except UnknownValueError:
        return UNKNOWN


def _object(name: str, args: ResourceValidationArgs, report: ReportViolation) -> None:
    for problem in object_problems(name, args.resource_type, cast("dict[str, object]", plain(args.props))):
        report(problem, None)


def _images(args: ResourceValidationArgs, report: ReportViolation) -> None:
    properties = cast("dict[str, object]", plain(args.props))
    for problem in image_problems(args.resource_type, properties, _config(), _ends_of_life(), datetime.now(UTC).date()):
        report(problem, None)


@cache
def _ends_of_life() -> EndsOfLife:
    return read_ends_of_life(ROOT)


def _leaks(args: ResourceValidationArgs, report: ReportViolation) -> None:
    for problem in leaked(args.resource_type, plain(args.props), _secrets()):
        report(problem, None)


@cache
def _secrets() -> tuple[str, ...]:
    """The values of the stack's secrets: the engine gives a pack the whole configuration, and the stack file says what of it is secret."""
    config = _config()
    declared = mapping(read(ROOT, stack_file(pulumi.get_stack())).content.get("config"))
    return tuple(config[key] for key, value in declared.items() if "secure" in mapping(value) and key in config)


def _config() -> dict[str, str]:
    return cast("dict[str, str]", json.loads(os.environ.get("PULUMI_CONFIG", "{}")))


def _buckets(args: StackValidationArgs, report: ReportViolation) -> None:
    asked = [
        Asked(
            type=resource.resource_type,
            name=resource.name,
            properties=cast("dict[str, object]", plain(resource.props)),
            protected=resource.opts.protect,
        )
        for resource in args.resources
    ]
    urns = {resource.name: resource.urn for resource in args.resources if resource.resource_type == BUCKET}
    for name, problem in bucket_problems(pulumi.get_stack(), asked):
        report(text_of(problem), urns[name])


def policies() -> list[Policy]:
    """One for each promise."""
    return [
        *(
            ResourceValidationPolicy(name=name, description=_description(rule), validate=partial(_object, name))
            for name, rule in RULES.items()
        ),
        ResourceValidationPolicy(name="secrets-in-secrets", description="Secrets are in Secret objects only.", validate=_leaks),
        ResourceValidationPolicy(
            name="lasting-images",
            description="Images of production are pinned by their content, and of versions that still get fixes.",
            validate=_images,
        ),
        StackValidationPolicy(
            name="closed-buckets", description="Buckets are private, encrypted, versioned, and in prod protected.", validate=_buckets
        ),
    ]


def _description(rule: object) -> str:
    of_pods = cast("tuple[object, ...]", getattr(rule, "args", ()))
    return str((of_pods[0] if of_pods else rule).__doc__).partition("\n")[0]


PolicyPack(name="observability", enforcement_level=EnforcementLevel.MANDATORY, policies=policies())
