"""Server-side apply's field managers: who owns which field, as the official provider handles it.

Each resource has its own manager, `pulumi-kubernetes-<8 hex>`. What `kubectl` changed on an object of ours is taken back; what any
other manager holds is a conflict that the user decides (pulumi.com/patchForce). Source: fixCSAFieldManagers in
provider/pkg/await/await.go of pulumi/pulumi-kubernetes.
"""

from sandbox.providers.differences import Path
from sandbox.providers.kubernetes.client import ApiError
from sandbox.providers.values import Json, Obj, items, mapping, text

_TAKEN_BACK = ("kubectl", "before-first-apply", "pulumi-kubernetes", "pulumi-resource-kubernetes")


def is_taken_back(manager: str) -> bool:
    """Whether fields of this manager (of operation Update) are ours to take back."""
    return manager.startswith(_TAKEN_BACK)


def takeover(live: Obj, manager: str) -> list[Json]:
    """The JSON patch that gives our manager what kubectl holds of the object; empty when it holds nothing."""
    entries = items(live, "metadata", "managedFields")
    ours = [entry for entry in entries if text(entry, "manager") == manager and text(entry, "operation") == "Apply"]
    theirs = [entry for entry in entries if _from_kubectl(entry, manager)]
    if not theirs:
        return []
    base = ours[0] if ours else {**theirs[0], "manager": manager, "operation": "Apply"}
    fields: Obj = {}
    for entry in [*ours, *theirs]:
        fields = _union(fields, mapping(entry, "fieldsV1"))
    kept: list[Json] = [entry for entry in entries if entry not in ours and entry not in theirs]
    # The version guards against a change that comes in between.
    version: Obj = {"op": "test", "path": "/metadata/resourceVersion", "value": text(live, "metadata", "resourceVersion")}
    return [version, {"op": "replace", "path": "/metadata/managedFields", "value": [*kept, {**base, "fieldsV1": fields}]}]


def _from_kubectl(entry: Obj, manager: str) -> bool:
    name, operation = text(entry, "manager"), text(entry, "operation")
    applied = operation == "Apply" and name.startswith("kubectl")
    return name != manager and not text(entry, "subresource") and (applied or (operation == "Update" and is_taken_back(name)))


def _union(left: Obj, right: Obj) -> Obj:
    both = {key: _union(mapping(left, key), mapping(right, key)) for key in left.keys() & right.keys()}
    return {**left, **right, **both}


def owns(live: Obj, manager: str, path: Path) -> bool:
    """Whether the manager owns the field. Paths through lists are not followed, as in the official provider."""
    for entry in items(live, "metadata", "managedFields"):
        node: Json = mapping(entry, "fieldsV1")
        for step in path:
            node = mapping(node, f"f:{step}") if isinstance(node, dict) and f"f:{step}" in node else None
        if node is not None and text(entry, "manager") == manager:
            return True
    return False


def owned_by_others(live: Obj, manager: str, path: Path) -> bool:
    """Whether some other manager owns the field and ours does not."""
    others = {text(entry, "manager") for entry in items(live, "metadata", "managedFields")} - {manager}
    return not owns(live, manager, path) and any(owns(live, other, path) for other in others)


def conflict_message(error: ApiError) -> str:
    """The conflict in words: who holds which field, and the two ways out."""
    held = "; ".join(f"{field} belongs to {manager}" for manager, field in sorted(error.conflicts, key=lambda pair: pair[1]))
    return f'{held}. Leave the field out of the program, or take it over with the annotation pulumi.com/patchForce: "true"'
