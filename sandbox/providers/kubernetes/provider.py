"""The kubernetes provider's answers to the engine. What each step does is in the modules beside this one; here is who calls whom."""

import threading
from contextlib import suppress
from functools import partial

from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from sandbox.providers.blocking import BlockingProvider, ProviderError
from sandbox.providers.differences import at_or_below, changes, detailed, parse_path, path_text, pruned
from sandbox.providers.kubernetes import objects, settings
from sandbox.providers.kubernetes.applying import Applier
from sandbox.providers.kubernetes.client import ApiError, Cluster, Ref, UnknownKindError, ref
from sandbox.providers.kubernetes.immutable import replaces, replacing_fields
from sandbox.providers.kubernetes.readiness import FailedError, missing
from sandbox.providers.kubernetes.waiting import NotReadyError, Waiter, timeout_of
from sandbox.providers.server import Engine, InitializationError
from sandbox.providers.values import Obj, has_unknown, mapping, own_type, plain_map, text


class KubernetesProvider(BlockingProvider):
    """Every plain Kubernetes kind, by server-side apply."""

    def __init__(self, engine: Engine) -> None:
        """`engine` gets the progress messages."""
        self._engine = engine
        self._stop = threading.Event()
        self._settings = settings.Settings(kubeconfig=None)
        self._cluster: Cluster | None = None

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuses unknown settings."""
        wrong = settings.problems(plain_map(request.new_inputs))
        return sdk.CheckResponse(request.new_inputs, [sdk.CheckFailure(key, message) for key, message in wrong])

    async def diff_config(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Another cluster means other objects, so everything is replaced; other settings change nothing that exists."""
        old, new = plain_map(request.old_state), plain_map(request.new_inputs)
        if has_unknown(new) or old == new:
            return sdk.DiffResponse()
        moved = settings.cluster_of(settings.settings(old)) != settings.cluster_of(settings.settings(new))
        return sdk.DiffResponse(replaces=["clusterIdentifier" if "clusterIdentifier" in new else "kubeconfig"] if moved else [])

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Reads the settings. The API server is asked for the first time when a resource needs it."""
        self._settings = settings.settings(plain_map(request.args))
        if self._settings.kubeconfig is not None:
            self._cluster = Cluster(self._settings.kubeconfig, self._settings.context)
        return sdk.ConfigureResponse(accept_secrets=True, supports_preview=True, accept_resources=False, accept_outputs=False)

    async def cancel(self) -> None:
        """Ends all waits; what they waited for is kept in the state."""
        self._stop.set()

    def check_now(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Fills in kind, name and namespace, and brings the inputs into the form in which the server keeps them."""
        try:
            api_version, kind = objects.kind_of_token(own_type(request.type))
        except ValueError as error:
            return sdk.CheckResponse(request.new_inputs, [sdk.CheckFailure("", str(error))])
        inputs = objects.normalised({"apiVersion": api_version, "kind": kind, **plain_map(request.new_inputs)})
        if text(inputs, "metadata", "generateName"):
            wrong = "metadata.generateName is not available here: leave out the name instead, and one is made from the resource's name"
            return sdk.CheckResponse(request.new_inputs, [sdk.CheckFailure("metadata.generateName", wrong)])
        old = plain_map(request.old_inputs)
        if not text(inputs, "metadata", "name"):
            if objects.is_true(old, objects.AUTONAMED):
                inputs = objects.with_name(inputs, text(old, "metadata", "name"))
            elif not old:
                inputs = objects.with_name(inputs, objects.unique(f"{request.name}-", request.random_seed))
        if not text(inputs, "metadata", "namespace") and self._namespaced(inputs):
            inputs = objects.in_namespace(inputs, self._settings.namespace or "default")
        return sdk.CheckResponse(objects.sealed(inputs, request.new_inputs))

    def diff_now(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """The new inputs against the last seen live object, of which only the declared part counts."""
        live = plain_map(request.old_state)
        manager = text(live, objects.MANAGER_KEY)
        old = pruned(live, objects.normalised(mapping(live, objects.INPUTS_KEY)))
        new = objects.normalised(plain_map(request.new_inputs))
        namespaced = self._namespaced(new)
        old = objects.in_namespace(old, text(old, "metadata", "namespace") or "default" if namespaced else "")
        new = objects.in_namespace(new, text(new, "metadata", "namespace") or "default" if namespaced else "")
        found = changes(old, new)
        ignored = [parse_path(path) for path in request.ignore_changes]
        found = [change for change in found if not any(at_or_below(change.path, path) for path in ignored)]
        if found and self._cluster and not has_unknown(new):
            found = Applier(self._cluster, self._settings).without_spelling(found, new, manager)
        fields = replacing_fields(new, config_map_mutable=self._settings.config_map_mutable, secret_mutable=self._settings.secret_mutable)
        replacing = [change for change in found if replaces(change, fields)]
        diff = detailed(found, lambda change: change in replacing)
        same_name = ref(old) == ref(new) and not objects.is_true(new, objects.AUTONAMED)
        asking = [path_text(change.path) for change in replacing]
        return sdk.DiffResponse(
            changes=bool(found), replaces=asking, delete_before_replace=bool(asking) and same_name, diffs=list(diff), detailed_diff=diff
        )

    def create_now(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Applies the object, which must be new, and waits until it is ready."""
        inputs = plain_map(request.properties)
        manager = objects.annotation(inputs, objects.FIELD_MANAGER) or objects.unique("pulumi-kubernetes-")
        if request.preview:
            tried = Applier(self._cluster, self._settings).try_new(inputs, manager) if self._cluster and not has_unknown(inputs) else None
            outputs = objects.sealed(objects.previewed(tried, inputs), request.properties) if tried else request.properties
            return sdk.CreateResponse("", outputs)
        cluster = self._reach()
        applier = Applier(cluster, self._settings)
        if not self._settings.upsert:
            applier.refuse_to_adopt(inputs, own_type(request.type), request.name)
        live = applier.apply_new(inputs, manager, self._stop)
        live = self._ready(
            request.urn, inputs, live, request.timeout, partial(objects.state, inputs=inputs, like=request.properties, manager=manager)
        )
        return sdk.CreateResponse(ref(live).id, objects.state(live, inputs, request.properties, manager))

    def update_now(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Applies the new inputs to the live object and waits until it is ready."""
        inputs = objects.normalised(plain_map(request.news))
        if request.preview and (has_unknown(inputs) or not self._cluster):
            return sdk.UpdateResponse(request.news)
        old = plain_map(request.olds)
        manager = (
            objects.annotation(inputs, objects.FIELD_MANAGER) or text(old, objects.MANAGER_KEY) or objects.unique("pulumi-kubernetes-")
        )
        live = Applier(self._reach(), self._settings).update(inputs, manager, list(request.ignore_changes), dry_run=request.preview)
        state = partial(objects.state, inputs=inputs, like=request.news, manager=manager)
        if not request.preview:
            live = self._ready(request.urn, inputs, live, request.timeout, state)
        return sdk.UpdateResponse(state(live))

    def read_now(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """The live object, and as inputs the part of it that was declared; all of it on import."""
        inputs, old = objects.normalised(plain_map(request.inputs)), plain_map(request.properties)
        known = bool(plain_map(request.inputs))
        api_version, kind = text(inputs, "apiVersion") or text(old, "apiVersion"), text(inputs, "kind") or text(old, "kind")
        if not kind:
            api_version, kind = objects.kind_of_token(own_type(request.type))
        cluster = self._reach()
        live = cluster.get(self._in_scope(objects.parse_id(request.resource_id, api_version, kind)))
        if live is None:
            return sdk.ReadResponse()
        seen = pruned(live, inputs) if known else objects.as_inputs(live)
        manager = text(old, objects.MANAGER_KEY) or objects.unique("pulumi-kubernetes-")
        state, wire = objects.state(live, seen, request.inputs, manager), objects.sealed(seen, request.inputs)
        if known and not objects.is_true(inputs, objects.SKIP_AWAIT):
            try:
                lack = missing(live, cluster)
            except FailedError as failure:
                lack = str(failure)
            if lack:
                raise InitializationError(request.resource_id, state, [f"{ref(live)}: {lack}"], wire)
        return sdk.ReadResponse(request.resource_id, state, wire)

    def delete_now(self, request: sdk.DeleteRequest) -> None:
        """Deletes the object with all that it owns and waits until it is gone. One that is gone already is fine."""
        cluster, old = self._reach(), plain_map(request.properties)
        try:
            target = self._in_scope(objects.parse_id(request.resource_id, text(old, "apiVersion"), text(old, "kind")))
            propagation = objects.annotation(old, objects.DELETION_PROPAGATION).capitalize() or "Foreground"
            cluster.delete(target, propagation)
        except ApiError as error:
            if error.code == 404:
                return
            raise
        try:
            Waiter(cluster, self._stop).until_gone(target, timeout_of(old, request.timeout), partial(self._engine.status, request.urn))
        except NotReadyError as late:
            raise ProviderError("\n".join(late.reasons)) from None

    def _ready(self, urn: str, inputs: Obj, live: Obj, timeout: float, state: "partial[dict[str, PropertyValue]]") -> Obj:
        if objects.is_true(inputs, objects.SKIP_AWAIT):
            return live
        waiter = Waiter(self._reach(), self._stop)
        try:
            return waiter.until_ready(ref(live), timeout_of(inputs, timeout), partial(self._engine.status, urn))
        except NotReadyError as late:
            reasons = late.reasons
        except ApiError as error:
            reasons = [f"{ref(live)} was applied, but whether it is ready is not known: {error}"]
        with suppress(ApiError):  # then the state as applied is better than none
            live = self._reach().get(ref(live)) or live
        raise InitializationError(ref(live).id, state(live), reasons)

    def _reach(self) -> Cluster:
        if self._cluster is None:
            raise ProviderError("the provider has no kubeconfig yet: it is unknown until the cluster it comes from is made")
        return self._cluster

    def _namespaced(self, obj: Obj) -> bool:
        if self._cluster is None:
            return bool(text(obj, "metadata", "namespace"))
        try:
            return self._cluster.namespaced(text(obj, "apiVersion"), text(obj, "kind"))
        except UnknownKindError:
            return True  # most probably a custom resource whose definition is made by the same program

    def _in_scope(self, target: Ref) -> Ref:
        """The official provider writes ids of objects in `default` with the namespace; people who import leave it out."""
        if target.namespace or not self._reach().namespaced(target.api_version, target.kind):
            return target
        return Ref(target.api_version, target.kind, self._settings.namespace or "default", target.name)
