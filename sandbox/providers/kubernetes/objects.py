"""Kubernetes objects as the official provider keeps them: names, annotations, normal form, and what of the live object counts."""

import base64
import hashlib
import secrets
from typing import Final

from pulumi.provider.experimental.property_value import PropertyValue

from sandbox.providers.differences import Path
from sandbox.providers.kubernetes.client import Ref, ref
from sandbox.providers.values import UNKNOWN, Json, Obj, Properties, mapping, text, wrap_map

AUTONAMED: Final = "pulumi.com/autonamed"
SKIP_AWAIT: Final = "pulumi.com/skipAwait"
TIMEOUT_SECONDS: Final = "pulumi.com/timeoutSeconds"
PATCH_FORCE: Final = "pulumi.com/patchForce"
FIELD_MANAGER: Final = "pulumi.com/patchFieldManager"
DELETION_PROPAGATION: Final = "pulumi.com/deletionPropagationPolicy"

INPUTS_KEY: Final = "__inputs"
MANAGER_KEY: Final = "__fieldManager"
VERSION_KEY: Final = "__initialApiVersion"

_SET_BY_SERVER: Final = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "uid",
)
_LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_REVISION: Final = "deployment.kubernetes.io/revision"


def annotation(obj: Obj, key: str) -> str:
    """The annotation's value, empty when there is none."""
    return text(obj, "metadata", "annotations", key)


def is_true(obj: Obj, key: str) -> bool:
    """Whether the annotation says "true"."""
    return annotation(obj, key) == "true"


def kind_of_token(token: str) -> tuple[str, str]:
    """apiVersion and kind of a type token: `kubernetes:core/v1:Pod` is v1, Pod. Raises ValueError for what is no plain Kubernetes kind."""
    package, _, rest = token.partition(":")
    module, _, kind = rest.rpartition(":")
    group, slash, version = module.partition("/")
    if package != "kubernetes" or not slash or group.startswith(("helm.sh", "kustomize", "yaml")) or kind.endswith(("List", "Patch")):
        raise ValueError(f"{token} is not available here: the sandbox stand-in knows plain Kubernetes kinds, no charts, lists or patches")
    return (version if group == "core" else module), kind


def normalised(obj: Obj) -> Obj:
    """Without what the server sets, and with a Secret's stringData as data, the way the server stores it."""
    metadata = {key: value for key, value in mapping(obj, "metadata").items() if key not in _SET_BY_SERVER}
    normal: Obj = {**{key: value for key, value in obj.items() if key != "status"}, "metadata": metadata}
    texts = mapping(obj, "stringData")
    if text(obj, "kind") == "Secret" and texts and UNKNOWN not in texts.values():
        del normal["stringData"]
        encoded: Obj = {key: base64.b64encode(str(value).encode()).decode() for key, value in texts.items()}
        normal["data"] = {**mapping(obj, "data"), **encoded}
    return normal


def with_name(obj: Obj, name: str) -> Obj:
    """The object under a name that was made up for it."""
    metadata = mapping(obj, "metadata")
    annotations: Obj = {**mapping(metadata, "annotations"), AUTONAMED: "true"}
    return {**obj, "metadata": {**metadata, "name": name, "annotations": annotations}}


def unique(prefix: str, seed: bytes = b"") -> str:
    """The prefix and 8 hexadecimal digits; the same ones for the same seed."""
    return prefix + (hashlib.sha256(seed).hexdigest()[:8] if seed else secrets.token_hex(4))


def in_namespace(obj: Obj, namespace: str) -> Obj:
    """The object in the namespace, or in none when that is empty."""
    metadata = {key: value for key, value in mapping(obj, "metadata").items() if key != "namespace"}
    if namespace:
        metadata["namespace"] = namespace
    return {**obj, "metadata": metadata}


def with_field(obj: Obj, path: Path, value: Json) -> Obj:
    """A copy with the field at the path set, or taken out for None. A path through a list or an absent map changes nothing."""
    key, rest = path[0], path[1:]
    inner = obj.get(str(key))
    if rest:
        return {**obj, str(key): with_field(inner, rest, value)} if isinstance(inner, dict) else obj
    without = {name: item for name, item in obj.items() if name != key}
    return without if value is None else {**without, str(key): value}


def as_inputs(live: Obj) -> Obj:
    """What a program would have to say to get this object: for import and `.get`."""
    inputs = normalised(live)
    annotations = {key: value for key, value in mapping(inputs, "metadata", "annotations").items() if key not in (_LAST_APPLIED, _REVISION)}
    metadata = {key: value for key, value in mapping(inputs, "metadata").items() if key != "annotations"}
    return {**inputs, "metadata": {**metadata, "annotations": annotations} if annotations else metadata}


def sealed(obj: Obj, like: Properties) -> dict[str, PropertyValue]:
    """The object for the wire: secret where the inputs were, and always in a Secret's data."""
    properties = wrap_map(obj, like)
    if text(obj, "kind") == "Secret":
        for key in ("data", "stringData"):
            if key in properties:
                properties[key] = properties[key].with_secret(True)
    return properties


def state(live: Obj, inputs: Obj, like: Properties, manager: str) -> dict[str, PropertyValue]:
    """The checkpoint of the official provider: the live object, the inputs that made it and the field manager that owns them."""
    return {
        **sealed(live, like),
        INPUTS_KEY: PropertyValue(sealed(inputs, like)),
        VERSION_KEY: PropertyValue(text(inputs, "apiVersion")),
        MANAGER_KEY: PropertyValue(manager),
    }


def parse_id(resource_id: str, api_version: str, kind: str) -> Ref:
    """The object that a Pulumi id names."""
    namespace, _, name = resource_id.rpartition("/")
    return Ref(api_version, kind, namespace, name)


def previewed(tried: Obj, inputs: Obj) -> Obj:
    """A dry run's result with what only the real object will have marked unknown: nothing shall depend on what the dry run made up."""
    metadata = mapping(tried, "metadata")
    made_up: Obj = dict.fromkeys(("uid", "resourceVersion", "creationTimestamp"), UNKNOWN)
    result: Obj = {**tried, "metadata": {**{key: value for key, value in metadata.items() if key not in _SET_BY_SERVER}, **made_up}}
    result.pop("status", None)
    if ref(tried).kind == "Service" and "clusterIP" not in mapping(inputs, "spec"):
        result["spec"] = {**mapping(tried, "spec"), "clusterIP": UNKNOWN, "clusterIPs": UNKNOWN}
    return result
