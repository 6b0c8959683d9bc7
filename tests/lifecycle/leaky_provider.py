"""The Kubernetes stand-in without its protections, for objects that ask for that: run by the engine in the place of the real one."""

import json
import sys
from importlib.metadata import version

from pulumi.provider.experimental.property_value import PropertyValue

from sandbox.providers.kubernetes import objects
from sandbox.providers.kubernetes.provider import KubernetesProvider
from sandbox.providers.server import serve
from sandbox.providers.values import Obj, Properties, wrap_map

UNMARKED, TOLD = "test/unmarked", "test/told"
"""Annotations: what it says of the object's data is not marked as secret; it writes the data to its log."""

_sealed = objects.sealed


def leaky(obj: Obj, like: Properties) -> dict[str, PropertyValue]:
    """The object for the wire."""
    if objects.is_true(obj, TOLD):
        print(json.dumps(obj.get("data")), file=sys.stderr)
    return wrap_map(obj) if objects.is_true(obj, UNMARKED) else _sealed(obj, like)


if __name__ == "__main__":
    objects.sealed = leaky
    serve(version("pulumi-kubernetes"), KubernetesProvider)
