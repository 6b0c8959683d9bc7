"""The aws provider's answers to the engine: what holds for all kinds; each kind's own life is in `buckets` and `identities`."""

import difflib
import json
import secrets
from typing import Final

from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from sandbox.providers.aws import buckets, identities
from sandbox.providers.aws.client import Aws, AwsError, problems
from sandbox.providers.aws.kinds import Kind
from sandbox.providers.blocking import BlockingProvider, ProviderError
from sandbox.providers.differences import Change, changes, detailed, path_text
from sandbox.providers.server import Engine, InitializationError
from sandbox.providers.values import Json, Obj, Properties, mapping, own_type, plain_map, text, wrap_map

KINDS: Final[dict[str, Kind]] = {
    "aws:s3/bucket:Bucket": buckets.Bucket(),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": buckets.PublicAccessBlock(),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": buckets.OwnershipControls(),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": buckets.Encryption(),
    "aws:s3/bucketVersioning:BucketVersioning": buckets.Versioning(),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": buckets.Lifecycle(),
    "aws:s3/bucketPolicy:BucketPolicy": buckets.Policy(),
    "aws:kms/key:Key": identities.Key(),
    "aws:kms/alias:Alias": identities.Alias(),
    "aws:iam/role:Role": identities.Role(),
    "aws:iam/rolePolicy:RolePolicy": identities.RolePolicy(),
}
_INPUTS: Final = "__inputs"
_GONE: Final = ("NoSuchBucket", "NoSuchEntity", "NotFoundException", "404")


class AwsProvider(BlockingProvider):
    """The kinds in `KINDS`, against the endpoints of the provider's configuration."""

    def __init__(self, engine: Engine) -> None:
        """Nothing here takes long enough to tell the engine about it."""
        del engine
        self._aws = Aws({})

    async def check_config(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuses unknown settings."""
        wrong = problems(plain_map(request.new_inputs))
        return sdk.CheckResponse(request.new_inputs, [sdk.CheckFailure(key, message) for key, message in wrong])

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        """Reads the settings; nothing is asked of AWS yet."""
        self._aws = Aws(plain_map(request.args))
        return sdk.ConfigureResponse(accept_secrets=True, supports_preview=True, accept_resources=False, accept_outputs=False)

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        """getCallerIdentity alone."""
        if request.tok != "aws:index/getCallerIdentity:getCallerIdentity":
            raise ProviderError(f"the sandbox stand-in has no function {request.tok}: it knows aws.get_caller_identity only")
        answer = self._aws.call("sts", "get_caller_identity")
        account = text(answer, "Account")
        return sdk.InvokeResponse(
            wrap_map({"accountId": account, "arn": text(answer, "Arn"), "userId": text(answer, "UserId"), "id": account})
        )

    def check_now(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        """Refuses what the kind does not have, makes up a name, adds the default tags."""
        kind = KINDS.get(own_type(request.type))
        if kind is None:
            known = ", ".join(token.rsplit(":", 1)[-1] for token in KINDS)
            reason = f"{own_type(request.type)} is not available here: the sandbox stand-in knows {known}"
            return sdk.CheckResponse(request.new_inputs, [sdk.CheckFailure("", reason)])
        inputs, old = plain_map(request.new_inputs), plain_map(request.old_inputs)
        unknown = [key for key in inputs if key not in kind.properties and not key.startswith("__")]
        failures = [sdk.CheckFailure(key, _not_a_property(own_type(request.type), key, kind)) for key in unknown]
        if kind.name_key and kind.name_key not in inputs:
            inputs[kind.name_key] = old.get(kind.name_key) or _made_up(own_type(request.type), request.name)
        if self._aws.default_tags and "tags" in kind.properties:
            inputs["tags"] = {**self._aws.default_tags, **mapping(inputs, "tags")}
        return sdk.CheckResponse(wrap_map(inputs, request.new_inputs), failures)

    def diff_now(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """The new inputs against the declared part of the last seen resource."""
        kind, state, new = KINDS[own_type(request.type)], plain_map(request.old_state), plain_map(request.new_inputs)
        old = _declared({**mapping(state, _INPUTS), **state}, mapping(state, _INPUTS))
        found = [change for change in changes(old, new) if not _same_document(change.old, change.new)]
        replacing = [change for change in found if change.path[0] in kind.replaces]

        def replaces(change: Change) -> bool:
            return change in replacing

        diff = detailed(found, replaces)
        # A name that the program gave cannot be taken twice; a setting is there once for each bucket.
        fixed = all(old.get(key) == new.get(key) for key in (kind.name_key, "bucket") if key)
        return sdk.DiffResponse(
            changes=bool(found),
            replaces=[path_text(change.path) for change in replacing],
            delete_before_replace=bool(replacing) and fixed,
            diffs=list(diff),
            detailed_diff=diff,
        )

    def create_now(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        """Makes the resource."""
        if request.preview:
            return sdk.CreateResponse("", dict(request.properties))
        kind, inputs = KINDS[own_type(request.type)], plain_map(request.properties)
        resource_id = kind.create(self._aws, inputs)
        try:
            live = kind.read(self._aws, resource_id)
        except AwsError as error:
            state = _state(inputs, inputs, request.properties)
            raise InitializationError(resource_id, state, [f"{resource_id} was made, but cannot be read: {error}"]) from None
        return sdk.CreateResponse(resource_id, _state(live or {}, inputs, request.properties))

    def read_now(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        """The resource as it is; without inputs (an import) all of its properties that can be given."""
        kind, inputs = KINDS[own_type(request.type)], plain_map(request.inputs)
        live = kind.read(self._aws, request.resource_id)
        if live is None:
            return sdk.ReadResponse()
        seen = _declared({**inputs, **live}, inputs) if inputs else {key: value for key, value in live.items() if key in kind.properties}
        seen = {key: inputs[key] if _same_document(value, inputs.get(key)) else value for key, value in seen.items()}
        return sdk.ReadResponse(request.resource_id, _state(live, seen, request.inputs), wrap_map(seen, request.inputs))

    def update_now(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        """Brings the resource to the inputs."""
        kind, inputs = KINDS[own_type(request.type)], plain_map(request.news)
        if request.preview:
            return sdk.UpdateResponse({**wrap_map(plain_map(request.olds), request.olds), **request.news})
        kind.update(self._aws, request.resource_id, inputs)
        return sdk.UpdateResponse(_state(kind.read(self._aws, request.resource_id) or {}, inputs, request.news))

    def delete_now(self, request: sdk.DeleteRequest) -> None:
        """Removes the resource. One that is gone already is fine."""
        try:
            KINDS[own_type(request.type)].delete(self._aws, request.resource_id, mapping(plain_map(request.properties), _INPUTS))
        except AwsError as error:
            if error.code not in _GONE:
                raise


def _state(live: Obj, inputs: Obj, like: Properties) -> dict[str, PropertyValue]:
    return {**wrap_map({**inputs, **live}, like), _INPUTS: PropertyValue(wrap_map(inputs, like))}


def _declared(live: Obj, shape: Obj) -> Obj:
    """The part of the live resource that the shape mentions. What AWS keeps in a list is declared as a whole: a rule too many is drift."""
    return {key: _part(value, shape[key]) for key, value in live.items() if key in shape}


def _part(live: Json, shape: Json) -> Json:
    if isinstance(live, dict) and isinstance(shape, dict):
        return _declared(live, shape)
    if isinstance(live, list) and isinstance(shape, list):
        return [_part(item, shape[at]) if at < len(shape) else item for at, item in enumerate(live)]
    return live


def _same_document(old: Json, new: Json) -> bool:
    """Whether both are the same JSON: AWS stores a policy, not its spelling."""
    if not (isinstance(old, str) and isinstance(new, str) and old[:1] == new[:1] == "{"):
        return False
    try:
        return bool(json.loads(old) == json.loads(new))
    except ValueError:
        return False


def _made_up(token: str, name: str) -> str:
    made = f"{name}-{secrets.token_hex(4)[:7]}"
    return f"alias/{made}" if token.endswith(":Alias") else made.lower() if token.endswith(":Bucket") else made


def _not_a_property(token: str, key: str, kind: Kind) -> str:
    near = difflib.get_close_matches(key, kind.properties, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{token} has no property {key} in the sandbox stand-in: {hint}It has {', '.join(sorted(kind.properties))}"
