"""What deleting an environment takes away and what it keeps, as its state tells it, and what holds it up (docs/decisions/0015)."""

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from model.namespaces import PLATFORM_NAMESPACES
from sandbox import recovery
from sandbox.kube import Kube, KubeError
from sandbox.providers.values import Json, Obj, items, mapping, text
from sandbox.unmanaged import listable

_BUCKET = "aws:s3/bucket:Bucket"
_VOLUMES = "/api/v1/persistentvolumes"


@dataclass(frozen=True, kw_only=True)
class Thing:
    """A resource of a state: an object of the cluster or of the cloud."""

    kind: str
    """Such as ``ConfigMap`` or ``Bucket``."""

    name: str
    """``namespace/name`` of an object, or what the cloud calls it."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What becomes of everything in a state."""

    deleted: tuple[Thing, ...]
    kept: tuple[Thing, ...]
    """What is protected, and what that needs."""

    def lines(self, volumes: Mapping[str, list[str]]) -> Iterator[str]:
        """For people: a line for each kind, and what becomes of the volumes, which go with their namespace."""
        for verb, things in (("deletes", self.deleted), ("keeps", self.kept)):
            yield from _by_kind(verb, things)
            for namespace, names in volumes.items():
                if names and Thing(kind="Namespace", name=namespace) in things:
                    yield f"{verb:<8} {len(names)} volumes with their data: {', '.join(names)}"


def plan(resources: Iterable[Obj], *, with_data: bool) -> Plan:
    """What deleting everything does, but for what is protected if it is not to go ``with_data``."""
    known = {text(resource, "urn"): resource for resource in resources}
    held = set[str]() if with_data else _held(known)
    real = {urn: _thing(resource) for urn, resource in known.items() if resource.get("custom") is True and not _is_provider(resource)}
    return Plan(
        deleted=tuple(thing for urn, thing in real.items() if urn not in held),
        kept=tuple(thing for urn, thing in real.items() if urn in held),
    )


def _held(known: dict[str, Obj]) -> set[str]:
    """The protected ones with all that they depend on, which ``pulumi destroy --exclude-protected`` leaves alone."""
    found = set[str]()
    waiting = [urn for urn, resource in known.items() if resource.get("protect") is True]
    while waiting:
        urn = waiting.pop()
        if urn in known and urn not in found:
            found.add(urn)
            waiting += _needs(known[urn])
    return found


def _needs(resource: Obj) -> Iterator[str]:
    yield text(resource, "parent")
    yield text(resource, "provider").rpartition("::")[0]  # the urn, without the id behind it
    for dependencies in (resource.get("dependencies"), *mapping(resource, "propertyDependencies").values()):
        yield from map(str, dependencies if isinstance(dependencies, list) else ())


def _is_provider(resource: Obj) -> bool:
    return text(resource, "type").startswith("pulumi:")


def _thing(resource: Obj) -> Thing:
    return Thing(kind=text(resource, "type").rpartition(":")[2], name=text(resource, "id"))


def _by_kind(verb: str, things: Iterable[Thing]) -> Iterator[str]:
    kinds: dict[str, list[str]] = {}
    for thing in things:
        kinds.setdefault(thing.kind, []).append(thing.name)
    for kind, names in sorted(kinds.items()):
        yield f"{verb:<8} {len(names)} {kind}: {', '.join(sorted(names))}"


def volumes(kube: Kube) -> dict[str, list[str]]:
    """The volumes with data in each namespace of the platform, which StatefulSets have made: no state knows them. Raises KubeError."""
    return {namespace: [_volume(claim) for claim in _claims(kube, namespace)] for namespace in PLATFORM_NAMESPACES}


def _claims(kube: Kube, namespace: str) -> list[Obj]:
    return cast("list[Obj]", kube.list(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims"))


def _volume(claim: Obj) -> str:
    return f"{text(claim, 'metadata', 'name')} ({text(claim, 'status', 'capacity', 'storage') or 'not bound'})"


def release_volumes(kube: Kube) -> list[str]:
    """Have the volumes deleted that claims of the platform have left behind, whatever their class says; returns them. Raises KubeError."""
    claimed = {(namespace, text(claim, "metadata", "name")) for namespace in PLATFORM_NAMESPACES for claim in _claims(kube, namespace)}
    volumes = {str(volume["metadata"]["name"]): mapping(cast(Obj, volume), "spec", "claimRef") for volume in kube.list(_VOLUMES)}
    left = [
        name
        for name, claim in volumes.items()
        if text(claim, "namespace") in PLATFORM_NAMESPACES and (text(claim, "namespace"), text(claim, "name")) not in claimed
    ]
    for name in left:
        body = {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}
        kube.call("PATCH", f"{_VOLUMES}/{name}", body=body, kind="application/merge-patch+json")
    return left


def protect(state: recovery.State, urns: Iterable[str], *, on: bool) -> None:
    """Let the state protect some resources, or not: what it does not, `destroy` deletes, with all that is in a bucket.

    The program says it again at the next update; this is for the one deletion in between, which runs no program.
    """
    chosen = set(urns)
    if not chosen:
        return
    content = recovery.read(state.checkpoint)
    checkpoint = mapping(content, "checkpoint")
    latest = mapping(checkpoint, "latest")
    resources: list[Json] = [_protected(one, on=on) if text(one, "urn") in chosen else one for one in items(latest, "resources")]
    shutil.copyfile(state.checkpoint, next(state.backups))
    recovery.write(state.checkpoint, json.dumps({**content, "checkpoint": {**checkpoint, "latest": {**latest, "resources": resources}}}))


def protected(state: recovery.State) -> list[str]:
    """The urns of what the state protects."""
    resources = items(recovery.read(state.checkpoint), "checkpoint", "latest", "resources")
    return [text(one, "urn") for one in resources if one.get("protect") is True]


def _protected(resource: Obj, *, on: bool) -> Obj:
    changed: Obj = {**resource, "protect": on, "retainOnDelete": on}
    if text(resource, "type") == _BUCKET:
        changed |= {part: _forced(mapping(resource, part), force=not on) for part in ("inputs", "outputs")}
    return changed


def _forced(bucket: Obj, *, force: bool) -> Obj:
    """The properties of a bucket that is deleted with all that is in it, or not at all."""
    nested: Obj = {key: _forced(mapping(bucket, key), force=force) for key in ("__inputs",) if key in bucket}
    return {**bucket, **nested, "forceDestroy": force}


def stuck(kube: Kube) -> Iterator[str]:
    """Why namespaces of the platform that are being deleted are still there, and what to do about it. Raises KubeError."""
    for name in PLATFORM_NAMESPACES:
        namespace = _namespace(kube, name)
        if not text(namespace, "metadata", "deletionTimestamp"):
            continue
        for condition in items(namespace, "status", "conditions"):
            if text(condition, "status") == "True":
                yield f"namespace {name} is held: {text(condition, 'message')}"
        yield from _finalizers(kube, name)
    for service in kube.list("/apis/apiregistration.k8s.io/v1/apiservices"):
        for condition in items(cast(Obj, service), "status", "conditions"):
            if (text(condition, "type"), text(condition, "status")) == ("Available", "False"):
                yield (
                    f"API service {service['metadata']['name']} does not answer ({text(condition, 'message')}): no namespace goes as long "
                    "as the cluster cannot ask it what is left; repair or delete it"
                )


def _namespace(kube: Kube, name: str) -> Obj:
    try:
        return cast(Obj, kube.get(f"/api/v1/namespaces/{name}"))
    except KubeError:
        return {}


def _finalizers(kube: Kube, namespace: str) -> Iterator[str]:
    for kind, root, plural in listable(kube):
        for item in kube.list(f"{root}/namespaces/{namespace}/{plural}"):
            name, finalizers = item["metadata"]["name"], item["metadata"].get("finalizers")
            if finalizers:
                yield (
                    f"{kind} {namespace}/{name} is held by the finalizers {', '.join(finalizers)}: who set them has to remove them; "
                    "if it is no more, remove them by hand (kubectl patch)"
                )
