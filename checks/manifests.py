"""Whether what the program would make keeps all rules: those of objects and those of buckets."""

from collections.abc import Iterable

from checks.buckets import Asked, bucket_problems
from checks.objects import RULES
from checks.record import Recorded
from checks.render import manifest_file
from model.documents import mapping
from model.errors import Finding


def manifest_findings(resources: Iterable[Recorded]) -> list[Finding]:
    """Everything that is wrong with the objects among some resources."""
    found: list[Finding] = []
    for resource in resources:
        if not resource.type.startswith("kubernetes:"):
            continue
        manifest = resource.manifest
        name = f"{manifest['kind']} {mapping(manifest.get('metadata')).get('name')}"
        for rule in RULES.values():
            for key, problem, allowed in rule(manifest):
                found.append(Finding(file=manifest_file(resource), key=f"{name}: {key}", problem=problem, allowed=allowed))
    return found


def bucket_findings(stack: str, resources: Iterable[Recorded]) -> list[Finding]:
    """Everything that is wrong with the buckets among some resources of a stack."""
    asked = [Asked(type=one.type, name=one.name, properties=one.manifest, protected=one.protected) for one in resources]
    return [
        Finding(file=f"Pulumi.{stack}.yaml", key=key, problem=problem, allowed=allowed)
        for _, (key, problem, allowed) in bucket_problems(stack, asked)
    ]
