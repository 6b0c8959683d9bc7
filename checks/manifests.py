"""What every Kubernetes object must be, checked on the manifests that the program makes."""

import json
from collections.abc import Callable, Iterable, Iterator

from checks.pods import Problem, pod_problems
from checks.record import MASK, Recorded
from checks.render import manifest_file
from model.documents import each, mapping
from model.errors import Finding

LABELS = tuple(f"app.kubernetes.io/{name}" for name in ("component", "instance", "managed-by", "name", "part-of"))
"""The labels that every object has."""

_GREATEST_CONFIG_MAP = 2**20
_ESCALATING = ("*", "bind", "escalate", "impersonate")
_DANGEROUS = ("*", "nodes/proxy", "pods/exec", "secrets")


def manifest_findings(resources: Iterable[Recorded]) -> list[Finding]:
    """Everything that is wrong with the objects among some resources."""
    found: list[Finding] = []
    for resource in resources:
        if not resource.type.startswith("kubernetes:"):
            continue
        manifest = resource.manifest
        name = f"{manifest['kind']} {mapping(manifest.get('metadata')).get('name')}"
        for rule in RULES:
            for key, problem, allowed in rule(manifest):
                found.append(Finding(file=manifest_file(resource), key=f"{name}: {key}", problem=problem, allowed=allowed))
    return found


def label_problems(manifest: dict[str, object]) -> Iterator[Problem]:
    """Objects say what they belong to."""
    labels = mapping(mapping(manifest.get("metadata")).get("labels"))
    for label in LABELS:
        if label not in labels:
            yield f"metadata.labels.{label}", "is missing", "the standard labels"


def access_problems(manifest: dict[str, object]) -> Iterator[Problem]:
    """Nobody gets wildcards, secrets, a way into nodes or pods, or the right to give rights."""
    for key, rule in each(manifest, "rules", "*"):
        for field, forbidden in (("resources", _DANGEROUS), ("verbs", _ESCALATING), ("apiGroups", ("*",)), ("nonResourceURLs", ("*",))):
            for place, value in each(rule, field, "*"):
                if value in forbidden:
                    yield f"{key}.{place}", f"allows {value}", "named resources and verbs, none of them dangerous"
    if mapping(manifest.get("roleRef")).get("name") == "cluster-admin":
        yield "roleRef.name", "is cluster-admin", "a role of our own"


def config_map_problems(manifest: dict[str, object]) -> Iterator[Problem]:
    """ConfigMaps are small enough to be stored, and hold no secrets."""
    if manifest["kind"] != "ConfigMap":
        return
    size = len(json.dumps(manifest).encode())
    if size > _GREATEST_CONFIG_MAP:
        yield "data", f"has {size} bytes", f"at most {_GREATEST_CONFIG_MAP}"
    for key, value in each(manifest, "data", "*"):
        if MASK in str(value):
            yield key, "holds a secret", "a Secret that is mounted as a file"


RULES: tuple[Callable[[dict[str, object]], Iterator[Problem]], ...] = (label_problems, pod_problems, access_problems, config_map_problems)
"""All rules; each gives the problems of one object."""
