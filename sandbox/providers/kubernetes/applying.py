"""How an object gets to the API server: tried, made, changed, and what its refusals mean to the user."""

import threading
from typing import Final

from sandbox.providers.blocking import ProviderError
from sandbox.providers.differences import Change, Path, parse_path
from sandbox.providers.kubernetes import managers, objects
from sandbox.providers.kubernetes.client import ApiError, Cluster, UnknownKindError, ref
from sandbox.providers.kubernetes.settings import Settings
from sandbox.providers.values import Json, Obj, dig

_RETRY_PAUSES: Final = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds, for what another resource of the same program is about to make
_SAYS_NOTHING: Final = (
    "is forbidden: User ",  # who previews need not be allowed to write
    "metadata.name: Invalid value",  # of a kind whose name is not free, tried under another one
    "already allocated",  # a port or address that the object to be replaced still holds
)


class Applier:
    """Server-side apply with the manners of the official provider."""

    def __init__(self, cluster: Cluster, chosen: Settings) -> None:
        """`chosen` is the provider's configuration."""
        self._cluster = cluster
        self._settings = chosen

    def try_new(self, inputs: Obj, manager: str) -> Obj | None:
        """What creating the object would give, or None where that cannot be told yet. Raises ProviderError for what the server refuses."""
        try:
            if self._cluster.get(ref(inputs)) is None:
                return self._cluster.apply(inputs, manager, dry_run=True)
            # It is there: either it is about to be replaced, or creating it will fail. A dry run under another name tells the rest.
            twin = objects.with_field(inputs, ("metadata", "name"), objects.unique("preview-"))
            return objects.with_field(self._cluster.try_create(twin, manager), ("metadata", "name"), ref(inputs).name)
        except UnknownKindError:
            return None
        except ApiError as error:
            if _namespace_missing(error):
                return self._try_elsewhere(inputs, manager)
            if any(told in str(error) for told in _SAYS_NOTHING):
                return None
            raise _refused("create", inputs, error) from None

    def _try_elsewhere(self, inputs: Obj, manager: str) -> None:
        """The namespace comes with the same program; what is wrong with the object itself shows in `default` just as well."""
        try:
            self._cluster.apply(objects.in_namespace(inputs, "default"), manager, force=True, dry_run=True)
        except ApiError as error:
            if error.code in (400, 422) or (error.code == 500 and "failed to create typed patch" in str(error)):
                raise _refused("create", inputs, error) from None

    def refuse_to_adopt(self, inputs: Obj, token: str, name: str) -> None:
        """Raises ProviderError when the object exists: it belongs to someone else, and a destroy would take it away."""
        target = ref(inputs)
        try:
            found = self._cluster.get(target)
        except ApiError as error:
            raise _refused("create", inputs, error) from None
        if found is not None:
            raise ProviderError(
                f"{target} ({target.api_version}) already exists in the cluster, and this stack did not make it. Take it over with "
                f"`pulumi import {token} {name} {target.id}`, delete it, or give this resource another name"
            )

    def apply_new(self, inputs: Obj, manager: str, stop: threading.Event) -> Obj:
        """Makes the object. A kind or namespace that is missing may be on its way, so it is tried again for a while."""
        for pause in (*_RETRY_PAUSES, None):
            try:
                return self._cluster.apply(inputs, manager, force=self._force(inputs))
            except ApiError as error:
                if error.code != 404 or pause is None or stop.wait(pause):
                    raise _refused("create", inputs, error) from None
        raise AssertionError("unreachable")

    def update(self, inputs: Obj, manager: str, ignored: list[str], *, dry_run: bool) -> Obj:
        """Changes the live object. Raises ProviderError when it is gone or the server refuses; conflicts name the manager and the field."""
        try:
            live = self._cluster.get(ref(inputs))
            if live is None:
                raise ProviderError(f"{ref(inputs)} is gone: someone deleted it. Run a refresh, and the next update makes it again")
            inputs = _respecting(inputs, live, manager, [parse_path(path) for path in ignored])
            if not dry_run and (operations := managers.takeover(live, manager)):
                self._cluster.patch(ref(inputs), operations)
            try:
                return self._cluster.apply(inputs, manager, force=self._force(inputs), dry_run=dry_run)
            except ApiError as error:
                # A dry run cannot take back what kubectl holds first.
                if not (dry_run and error.conflicts and all(managers.is_taken_back(holder) for holder, _ in error.conflicts)):
                    raise
                return self._cluster.apply(inputs, manager, force=True, dry_run=True)
        except ApiError as error:
            raise _refused("update", inputs, error) from None

    def without_spelling(self, found: list[Change], new: Obj, manager: str) -> list[Change]:
        """Leaves out differences that are only another spelling of what is stored: 1000m for 1, or a false that the server drops."""
        try:
            kept = self._cluster.apply(new, manager or "pulumi-kubernetes", force=True, dry_run=True)
        except ApiError:
            return found  # refused: then the changes are real
        return [change for change in found if change.new is None or dig(kept, *change.path) != change.old]

    def _force(self, inputs: Obj) -> bool:
        return self._settings.patch_force or objects.is_true(inputs, objects.PATCH_FORCE)


def _respecting(inputs: Obj, live: Obj, manager: str, ignored: list[Path]) -> Obj:
    """ignoreChanges: a field that only others own is left to them, any other one keeps its live value."""
    for path in ignored:
        value: Json = dig(live, *path)
        if value is not None:
            inputs = objects.with_field(inputs, path, None if managers.owned_by_others(live, manager, path) else value)
    return inputs


def _namespace_missing(error: ApiError) -> bool:
    return error.code == 404 and str(error).startswith("namespaces ")


def _refused(action: str, inputs: Obj, error: ApiError) -> ProviderError:
    target = ref(inputs)
    reason = managers.conflict_message(error) if error.conflicts else str(error)
    return ProviderError(f"cannot {action} {target}: {reason}")
