"""What every Kubernetes object must be, as rules on its manifest: those of pods, of Ingresses, and of what else is around them.

They need nothing but the manifest, so the policy pack (``policy/``) enforces the same ones on what the engine is about to deploy.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from checks import ingresses, pods
from checks.pods import Pod, Problem
from model.documents import each, mapping
from model.secrets import MASK

LABELS = tuple(f"app.kubernetes.io/{name}" for name in ("component", "instance", "managed-by", "name", "part-of"))
"""The labels that every object has."""

_GREATEST_CONFIG_MAP = 2**20
_ESCALATING = ("*", "bind", "escalate", "impersonate")
_DANGEROUS = ("*", "nodes/proxy", "pods/exec", "secrets")

Rule = Callable[[dict[str, object]], Iterator[Problem]]
"""Gives the problems of one object."""


def label_problems(manifest: dict[str, object]) -> Iterator[Problem]:
    """Objects say what they belong to."""
    labels = mapping(mapping(manifest.get("metadata")).get("labels"))
    for label in LABELS:
        if label not in labels:
            yield f"metadata.labels.{label}", "is missing", "the standard labels"


def access_problems(manifest: dict[str, object]) -> Iterator[Problem]:
    """Nobody gets wildcards, secrets other than by name, a way into nodes or pods, or the right to give rights."""
    for key, rule in each(manifest, "rules", "*"):
        named = bool(mapping(rule).get("resourceNames"))
        for field, forbidden in (("resources", _DANGEROUS), ("verbs", _ESCALATING), ("apiGroups", ("*",)), ("nonResourceURLs", ("*",))):
            for place, value in each(rule, field, "*"):
                if value in forbidden and not (named and value == "secrets"):
                    yield f"{key}.{place}", f"allows {value}", "named resources and verbs, none of them dangerous"
    if mapping(manifest.get("roleRef")).get("name") == "cluster-admin":
        yield "roleRef.name", "is cluster-admin", "a role of our own"


def config_map_problems(manifest: dict[str, object]) -> Iterator[Problem]:
    """ConfigMaps are small enough to be stored, and hold no secrets."""
    if manifest.get("kind") != "ConfigMap":
        return
    size = len(json.dumps(manifest).encode())
    if size > _GREATEST_CONFIG_MAP:
        yield "data", f"has {size} bytes", f"at most {_GREATEST_CONFIG_MAP}"
    for key, value in each(manifest, "data", "*"):
        if MASK in str(value):
            yield key, "holds a secret", "a Secret that is mounted as a file"


def _of_pods(rule: Callable[[Pod], Iterator[Problem]], manifest: dict[str, object]) -> Iterator[Problem]:
    for pod in pods.pods(manifest):
        yield from rule(pod)


RULES: Mapping[str, Rule] = {
    "standard-labels": label_problems,
    "own-identity": partial(_of_pods, pods.identity),
    "restricted-pods": partial(_of_pods, pods.restricted),
    "pinned-images": partial(_of_pods, pods.pinned),
    "bounded-resources": partial(_of_pods, pods.bounded),
    "current-files": partial(_of_pods, pods.current),
    "secrets-as-files": partial(_of_pods, pods.secrets_as_files),
    "probes": partial(_of_pods, pods.watched),
    "least-privilege": access_problems,
    "plain-config-maps": config_map_problems,
    "encrypted-ingresses": ingresses.encrypted,
    "known-networks": ingresses.from_known_networks,
    "asked-who-they-are": ingresses.after_login,
}
"""All rules, by the names under which the policy pack enforces them."""
