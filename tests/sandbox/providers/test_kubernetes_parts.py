"""The parts of the kubernetes stand-in that need no API server: settings, names, field managers, the table of immutable fields."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
import yaml
from pulumi.runtime.proto import provider_pb2

from sandbox.providers import install
from sandbox.providers.differences import changes
from sandbox.providers.kubernetes import immutable, managers, objects, settings
from sandbox.providers.kubernetes.client import ApiError, Cluster, Ref
from sandbox.providers.values import UNKNOWN, Json, Obj, dig
from tests.sandbox.providers.live import eventually
from tests.sandbox.providers.plugin import Plugin, RefusedError, struct

KUBECONFIG: Obj = {
    "apiVersion": "v1",
    "kind": "Config",
    "current-context": "here",
    "clusters": [{"name": "a", "cluster": {"server": "https://127.0.0.1:1"}}, {"name": "b", "cluster": {"server": "https://127.0.0.1:2"}}],
    "users": [{"name": "me", "user": {"token": "hidden-token"}}],
    "contexts": [
        {"name": "here", "context": {"cluster": "a", "user": "me", "namespace": "team"}},
        {"name": "there", "context": {"cluster": "b", "user": "me"}},
    ],
}


class TestSettings:
    def test_kubeconfig_is_a_path_or_content(self, tmp_path: Path) -> None:
        file = tmp_path / "config"
        file.write_text(yaml.safe_dump(KUBECONFIG))
        given: list[Json] = [str(file), yaml.safe_dump(KUBECONFIG), KUBECONFIG]
        assert [settings.settings({"kubeconfig": one}).kubeconfig for one in given] == [KUBECONFIG] * 3

    def test_context_decides_cluster_and_namespace(self) -> None:
        here = settings.settings({"kubeconfig": KUBECONFIG})
        there = settings.settings({"kubeconfig": KUBECONFIG, "context": "there"})
        assert (here.namespace, settings.cluster_of(here)) == ("team", "https://127.0.0.1:1")
        assert (there.namespace, settings.cluster_of(there)) == ("", "https://127.0.0.1:2")

    def test_cluster_overrides_the_context(self) -> None:
        assert settings.cluster_of(settings.settings({"kubeconfig": KUBECONFIG, "cluster": "b"})) == "https://127.0.0.1:2"

    def test_switches_come_as_texts_too(self) -> None:
        chosen = settings.settings({"kubeconfig": KUBECONFIG, "enableConfigMapMutable": "true", "enableSecretMutable": True})
        assert (chosen.config_map_mutable, chosen.secret_mutable, chosen.patch_force) == (True, True, False)

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"kubeconfg": "x"}, "did you mean kubeconfig?"),
            ({"enableConfigMapMutable": "yes"}, "must be true or false, not 'yes'"),
            ({"enableServerSideApply": "false"}, "must be true here"),
            ({"renderYamlToDirectory": "x"}, "only the official provider plugin"),
        ],
    )
    def test_what_it_cannot_take_is_refused(self, given: Obj, told: str) -> None:
        assert told in settings.problems(given)[0][1]

    def test_what_it_can_take_is_accepted(self) -> None:
        assert settings.problems({"kubeconfig": UNKNOWN, "enableSecretMutable": UNKNOWN, "version": "4.32.0"}) == []

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"kubeconfig": "/nowhere/config"}, "/nowhere/config cannot be read: No such file"),
            ({"kubeconfig": "token: hidden-token\n"}, "this is no kubeconfig"),
            ({"kubeconfig": KUBECONFIG, "context": "elsewhere"}, "no context 'elsewhere'; it has here, there"),
        ],
    )
    def test_unusable_kubeconfig_is_named_but_not_quoted(self, given: Obj, told: str) -> None:
        with pytest.raises(ValueError, match=told) as raised:
            settings.settings(given)
        assert "hidden-token" not in str(raised.value)


class TestKinds:
    def test_token_gives_version_and_kind(self) -> None:
        assert objects.kind_of_token("kubernetes:core/v1:Pod") == ("v1", "Pod")
        assert objects.kind_of_token("kubernetes:apps/v1:Deployment") == ("apps/v1", "Deployment")
        assert objects.kind_of_token("kubernetes:networking.k8s.io/v1:NetworkPolicy") == ("networking.k8s.io/v1", "NetworkPolicy")

    @pytest.mark.parametrize("token", ["kubernetes:helm.sh/v3:Release", "kubernetes:core/v1:PodPatch", "kubernetes:yaml/v2:ConfigFile"])
    def test_what_is_no_plain_kind_is_refused(self, token: str) -> None:
        with pytest.raises(ValueError, match="is not available here"):
            objects.kind_of_token(token)

    def test_name_from_a_seed_is_always_the_same(self) -> None:
        assert objects.unique("a-", b"seed") == objects.unique("a-", b"seed") != objects.unique("a-", b"other")
        assert objects.unique("a-") != objects.unique("a-")


LIVE: Obj = {
    "metadata": {
        "resourceVersion": "7",
        "managedFields": [
            {"manager": "ours", "operation": "Apply", "fieldsV1": {"f:data": {"f:a": {}}}},
            {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:data": {"f:b": {}}}},
            {"manager": "autoscaler", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
        ],
    }
}
BEFORE: Obj = {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"serviceName": "a"}}
AFTER: Obj = {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": {"serviceName": "b"}}


class TestManagers:
    def test_what_kubectl_holds_becomes_ours_and_the_rest_stays(self) -> None:
        entries = dig(managers.takeover(LIVE, "ours"), 1, "value")
        assert isinstance(entries, list)
        assert [(dig(one, "manager"), dig(one, "fieldsV1")) for one in entries] == [
            ("autoscaler", {"f:spec": {"f:replicas": {}}}),
            ("ours", {"f:data": {"f:a": {}, "f:b": {}}}),
        ]

    def test_nothing_is_taken_where_kubectl_holds_nothing(self) -> None:
        without: Obj = {"metadata": {"managedFields": [{"manager": "autoscaler", "operation": "Update", "fieldsV1": {}}]}}
        assert managers.takeover(without, "ours") == []

    def test_owner_of_a_field(self) -> None:
        assert managers.owned_by_others(LIVE, "ours", ("spec", "replicas"))
        assert not managers.owned_by_others(LIVE, "ours", ("data", "a"))
        assert not managers.owned_by_others(LIVE, "ours", ("data", "unheard-of"))


class TestImmutable:
    def _replaced(self) -> bool:
        fields = immutable.replacing_fields(AFTER, config_map_mutable=False, secret_mutable=False)
        return any(immutable.replaces(change, fields) for change in changes(BEFORE, AFTER))

    def test_table_decides(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert self._replaced()
        monkeypatch.setitem(immutable.FIELDS, ("apps/v1", "StatefulSet"), "spec.selector")
        assert not self._replaced()

    def test_subtree_that_brings_the_field_replaces(self) -> None:
        without: Obj = {"apiVersion": "apps/v1", "kind": "StatefulSet"}
        fields = immutable.replacing_fields(AFTER, config_map_mutable=False, secret_mutable=False)
        assert all(immutable.replaces(change, fields) for change in changes(without, AFTER))
        other: Obj = {**without, "spec": {"replicas": 1}}
        assert not any(immutable.replaces(change, fields) for change in changes(without, other))


def test_lost_api_server_is_named() -> None:
    with pytest.raises(ApiError, match=r"https://127\.0\.0\.1:1 cannot be reached"):
        Cluster(KUBECONFIG).get(Ref("v1", "Pod", "default", "a"))


@pytest.fixture
def offline(tmp_path: Path) -> Iterator[Plugin]:
    """The plugin with a cluster that is not there."""
    (tmp_path / "config").write_text(yaml.safe_dump(KUBECONFIG))
    with Plugin(install(tmp_path / "bin") / "pulumi-resource-kubernetes", {"kubeconfig": str(tmp_path / "config")}) as running:
        yield running


def test_lost_api_server_is_a_clear_error_for_the_engine(offline: Plugin) -> None:
    with pytest.raises(RefusedError) as refused:
        offline.make("a", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "b"}})
    assert "https://127.0.0.1:1 cannot be reached" in str(refused.value)
    assert "Traceback" not in str(refused.value)
    assert "hidden-token" not in str(refused.value)


def test_another_cluster_replaces_the_provider_and_another_token_does_not(offline: Plugin) -> None:
    def asked(new: Obj) -> list[str]:
        urn = "urn:pulumi:a::b::pulumi:providers:kubernetes::x"
        old = struct({"kubeconfig": yaml.safe_dump(KUBECONFIG)})
        answer = offline.call("DiffConfig", provider_pb2.DiffRequest(urn=urn, olds=old, news=struct(new)))
        return list(cast(provider_pb2.DiffResponse, answer).replaces)

    assert asked({"kubeconfig": yaml.safe_dump(KUBECONFIG), "context": "there"}) == ["kubeconfig"]
    users: list[Json] = [{"name": "me", "user": {"token": "another-token"}}]
    assert asked({"kubeconfig": yaml.safe_dump({**KUBECONFIG, "users": users})}) == []


def test_plugin_ends_with_the_engine_that_started_it(tmp_path: Path) -> None:
    launcher, port = install(tmp_path / "bin") / "pulumi-resource-kubernetes", tmp_path / "port"
    script = f"{launcher} 127.0.0.1:1 > {port} 2> /dev/null & echo $!; until [ -s {port} ]; do sleep 0.1; done"
    started = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    process = Path("/proc") / started.stdout.strip()
    eventually(lambda: not process.exists() or "State:\tZ" in (process / "status").read_text(), "the plugin's end")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_plugin_ends_when_the_engine_says_so(tmp_path: Path, number: signal.Signals) -> None:
    """A plugin that ignores SIGINT costs every operation the five seconds after which the engine kills it."""
    launcher = install(tmp_path / "bin") / "pulumi-resource-kubernetes"
    with subprocess.Popen([str(launcher), "127.0.0.1:1"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert int(process.stdout.readline()) > 0
        process.send_signal(number)
        assert process.wait(timeout=60) == 0
