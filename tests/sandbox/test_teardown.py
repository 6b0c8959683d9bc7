"""Deleting an environment: what goes and what stays, what has to be typed, and what is told of a namespace that does not go."""

import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pytest

from sandbox import confirmation
from sandbox.__main__ import main
from sandbox.confirmation import NotConfirmedError, confirm
from sandbox.destroying import destroy, phrase
from sandbox.engine import Engine, EngineError
from sandbox.kube import Kube, Object
from sandbox.providers.values import Json, Obj
from sandbox.recovery import State
from sandbox.teardown import Thing, plan, protect, protected, release_volumes, stuck

PREFIX = "urn:pulumi:prod::observability::"
PROVIDER = f"{PREFIX}pulumi:providers:kubernetes::cluster"


def resource(token: str, name: str, **more: Json) -> Obj:
    """A resource of a state."""
    return {"urn": f"{PREFIX}{token}::{name}", "type": token, "custom": True, "id": name, "provider": f"{PROVIDER}::0a", **more}


SPACE = resource("kubernetes:core/v1:Namespace", "observability", protect=True, parent=f"{PREFIX}own::spaces")
CONFIG = resource("kubernetes:core/v1:ConfigMap", "observability/rules", dependencies=[SPACE["urn"]])
BUCKET = resource("aws:s3/bucket:Bucket", "logs", protect=True, inputs={"bucket": "logs"}, outputs={"__inputs": {"bucket": "logs"}})
POLICY = resource("aws:s3/bucketPolicy:BucketPolicy", "logs", protect=True, propertyDependencies={"bucket": [BUCKET["urn"]]})
RESOURCES: list[Obj] = [
    {"urn": f"{PREFIX}own::spaces", "type": "own", "custom": False},
    {"urn": PROVIDER, "type": "pulumi:providers:kubernetes", "custom": True, "id": "0a"},
    SPACE,
    CONFIG,
    BUCKET,
    POLICY,
]


def test_what_is_protected_stays_and_everything_else_goes() -> None:
    found = plan(RESOURCES, with_data=False)
    assert found.deleted == (Thing(kind="ConfigMap", name="observability/rules"),)
    assert list(found.lines({})) == [
        "deletes  1 ConfigMap: observability/rules",
        "keeps    1 Bucket: logs",
        "keeps    1 BucketPolicy: logs",
        "keeps    1 Namespace: observability",
    ]


def test_with_data_everything_goes() -> None:
    found = plan(RESOURCES, with_data=True)
    assert (len(found.deleted), found.kept) == (4, ())


def test_what_a_protected_one_needs_stays_with_it() -> None:
    claim = resource("kubernetes:core/v1:PersistentVolumeClaim", "observability/data", protect=True, dependencies=[CONFIG["urn"]])
    assert plan([*RESOURCES, claim], with_data=False).deleted == ()


@pytest.fixture
def state(tmp_path: Path) -> State:
    """A state with the resources above."""
    state = State(backend=tmp_path, environment="prod")
    state.checkpoint.parent.mkdir(parents=True)
    state.checkpoint.write_text(json.dumps({"version": 3, "checkpoint": {"latest": {"resources": RESOURCES}}}))
    return state


def recorded(state: State) -> list[Obj]:
    return json.loads(state.checkpoint.read_text())["checkpoint"]["latest"]["resources"]


def test_protection_is_taken_away_and_given_back_and_the_bucket_goes_with_what_is_in_it(state: State) -> None:
    held = protected(state)
    assert len(held) == 3
    protect(state, held, on=False)
    assert protected(state) == []
    [bucket] = [one for one in recorded(state) if one.get("type") == BUCKET["type"]]
    assert bucket["inputs"] == {"bucket": "logs", "forceDestroy": True}
    assert bucket["outputs"] == {"__inputs": {"bucket": "logs", "forceDestroy": True}, "forceDestroy": True}
    assert bucket["retainOnDelete"] is False
    assert recorded(state)[3] == CONFIG
    protect(state, held, on=True)
    assert protected(state) == held
    assert [one["inputs"]["forceDestroy"] for one in cast("list[Any]", recorded(state)) if "inputs" in one] == [False]


class Stack:
    """The engine's stack, of which a deletion is interrupted."""

    def __init__(self, state: State) -> None:
        self._state = state

    def destroy(self, *, exclude_protected: bool, **_: object) -> None:
        assert exclude_protected
        assert protected(self._state) == []
        raise KeyboardInterrupt


def test_an_interrupted_deletion_leaves_the_rest_as_protected_as_it_was(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Recorder([])
    monkeypatch.setattr(Engine, "_state", state)

    def stack(_: Engine) -> nullcontext[Stack]:
        return nullcontext(Stack(state))

    monkeypatch.setattr(Engine, "_stack", stack)
    engine._say = print  # pyright: ignore[reportPrivateUsage] - what the constructor would set, which looks for plugins
    held = protected(state)
    with pytest.raises(KeyboardInterrupt):
        Engine.destroy(engine, with_data=True)
    assert protected(state) == held


class Recorder(Engine):
    """An engine that only notes what it is told to delete."""

    def __init__(self, resources: list[Obj], failure: str = "") -> None:
        self.deleted: list[bool] = []
        self._resources, self._failure = tuple(resources), failure

    def resources(self) -> tuple[Obj, ...]:
        return self._resources

    def destroy(self, *, with_data: bool = False) -> None:
        self.deleted.append(with_data)
        if self._failure:
            raise EngineError(self._failure)


class Api(Kube):
    """A cluster that answers from a mapping, and with no items where that has none."""

    def __init__(self, answers: Mapping[str, Object]) -> None:
        self._answers = answers
        self.patched: dict[str, object] = {}

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Object:
        assert query is None
        return self._answers.get(path, {"items": [], "groups": [], "resources": []})

    def call(
        self, method: str, path: str, *, query: Mapping[str, str] | None = None, body: object = None, kind: str = "application/json"
    ) -> Object:
        assert (method, query, kind) == ("PATCH", None, "application/merge-patch+json")
        self.patched[path] = body
        return {}


CLAIM = {"metadata": {"name": "data-loki-0"}, "status": {"capacity": {"storage": "50Gi"}}}
CLUSTER = Api({"/api/v1/namespaces/observability/persistentvolumeclaims": {"items": [CLAIM]}})


@pytest.fixture(autouse=True)
def _nobody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(confirmation.VARIABLE, raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)


def told(engine: Engine, *, with_data: bool) -> list[str]:
    """What `make destroy` says, up to an error."""
    said: list[str] = []
    try:
        destroy(engine, CLUSTER, "prod", with_data=with_data, say=said.append)
    except NotConfirmedError as error:
        said.append(str(error))
    return said


def test_nothing_is_deleted_before_the_name_is_typed_and_data_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Recorder(RESOURCES)
    said = told(engine, with_data=False)
    assert said[-1] == 'nothing was changed: deleting prod has to be confirmed; where nobody can type, by CONFIRM="prod"'
    assert "keeps    1 volumes with their data: data-loki-0 (50Gi)" in said
    assert engine.deleted == []
    monkeypatch.setenv(confirmation.VARIABLE, "prod")
    assert told(engine, with_data=False)[-1].startswith(
        "prod: deleted, but for what is protected; `make up ENV=prod` takes that over again"
    )
    assert engine.deleted == [False]


@pytest.mark.parametrize("typed", ["prod", "yes", "", "delete data of staging"])
def test_data_is_not_deleted_by_anything_but_the_words_for_it(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(confirmation.VARIABLE, typed)
    engine = Recorder(RESOURCES)
    assert told(engine, with_data=True)[-1] == f"nothing was changed: {typed!r} was given, allowed: 'delete data of prod'"
    assert engine.deleted == []


def test_data_is_deleted_by_the_words_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(confirmation.VARIABLE, "delete data of prod")
    engine = Recorder(RESOURCES)
    said = told(engine, with_data=True)
    assert "deletes  1 volumes with their data: data-loki-0 (50Gi)" in said
    assert (said[-1], engine.deleted) == ("prod: deleted, with all its data", [True])


def test_where_nothing_is_protected_the_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(confirmation.VARIABLE, phrase("prod", data=False))
    engine = Recorder([CONFIG, {**SPACE, "protect": False}])
    assert "deletes  1 volumes with their data: data-loki-0 (50Gi)" in told(engine, with_data=True)
    assert engine.deleted == [True]


def test_what_is_deleted_already_asks_for_nothing() -> None:
    assert told(Recorder([SPACE]), with_data=False)[-1].startswith("prod: nothing to delete, but for what is protected")
    assert told(Recorder([]), with_data=False)[-1] == "prod: nothing to delete"


def test_people_may_type_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    asked: list[str] = []

    def typed(question: str) -> str:
        asked.append(question)
        return "prod "

    monkeypatch.setattr("builtins.input", typed)
    confirm("prod", "deleting prod")
    assert asked == ["deleting prod: type `prod` to go on: "]


VOLUMES = {
    "/api/v1/persistentvolumes": {
        "items": [
            {"metadata": {"name": "left"}, "spec": {"claimRef": {"namespace": "observability", "name": "data-loki-1"}}},
            {"metadata": {"name": "used"}, "spec": {"claimRef": {"namespace": "observability", "name": "data-loki-0"}}},
            {"metadata": {"name": "foreign"}, "spec": {"claimRef": {"namespace": "shop", "name": "data"}}},
            {"metadata": {"name": "free"}, "spec": {}},
        ]
    },
    "/api/v1/namespaces/observability/persistentvolumeclaims": {"items": [CLAIM]},
}


def test_with_data_volumes_go_that_their_class_would_keep_but_none_that_is_used_or_not_ours() -> None:
    cluster = Api(VOLUMES)
    assert release_volumes(cluster) == ["left"]
    assert cluster.patched == {"/api/v1/persistentvolumes/left": {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}}


HELD = {
    "/api/v1/namespaces/observability": {
        "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"},
        "status": {"conditions": [{"status": "True", "message": "Some content remains"}, {"status": "False", "message": "x"}]},
    },
    "/api/v1": {"resources": [{"kind": "ConfigMap", "name": "configmaps", "namespaced": True, "verbs": ["list"]}]},
    "/api/v1/namespaces/observability/configmaps": {
        "items": [{"metadata": {"name": "held", "finalizers": ["example.org/hold"]}}, {"metadata": {"name": "free"}}]
    },
    "/apis/apiregistration.k8s.io/v1/apiservices": {
        "items": [
            {
                "metadata": {"name": "v1beta1.metrics.k8s.io"},
                "status": {"conditions": [{"type": "Available", "status": "False", "message": "no endpoints"}]},
            }
        ]
    },
}


def test_a_namespace_that_does_not_go_is_told_with_what_holds_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(confirmation.VARIABLE, "prod")
    said: list[str] = []
    with pytest.raises(EngineError, match="still exists"):
        destroy(Recorder(RESOURCES, "still exists"), Api(HELD), "prod", with_data=False, say=said.append)
    assert said[-3:] == [
        "namespace observability is held: Some content remains",
        "ConfigMap observability/held is held by the finalizers example.org/hold: who set them has to remove them; if it is no more, "
        "remove them by hand (kubectl patch)",
        "API service v1beta1.metrics.k8s.io does not answer (no endpoints): no namespace goes as long as the cluster cannot ask it what is "
        "left; repair or delete it",
    ]


def test_a_namespace_that_nobody_deletes_is_held_by_nothing() -> None:
    assert list(stuck(Api({"/api/v1/namespaces/observability": {"metadata": {"name": "observability"}}}))) == []


def test_a_sandbox_is_taken_down_and_no_cluster_of_the_users(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KUBECONTEXT", "prod")
    assert main(["down"]) == 2
    assert (
        "`down` takes a sandbox away, and prod is a cluster of yours: `make destroy` deletes the platform from it"
        in capsys.readouterr().err
    )
