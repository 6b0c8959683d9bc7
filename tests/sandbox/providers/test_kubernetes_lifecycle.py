"""What becomes of an object from check to delete, against a real API server."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from sandbox.providers.values import UNKNOWN, Obj, dig
from tests.sandbox.providers.live import Namespace, eventually
from tests.sandbox.providers.plugin import Plugin, RefusedError, Resource, struct, urn_of

pytestmark = pytest.mark.cluster


def _config_map(namespace: Namespace, name: str = "settings", **data: str) -> Obj:
    return namespace.obj("ConfigMap", name, data=dict(data))


def _changed(plugin: Plugin, old: Resource, obj: Obj, ignore: tuple[str, ...] = ()) -> list[str]:
    return sorted(plugin.diff(old, plugin.check(old.urn, struct(obj), old.inputs).inputs, ignore).detailedDiff)


class TestNames:
    def test_missing_name_is_made_from_the_resource_name(self, plugin: Plugin, namespace: Namespace) -> None:
        made = plugin.make("settings", _config_map(namespace, ""))
        assert re.fullmatch(rf"{namespace.name}/settings-[0-9a-f]{{8}}", made.id)
        live = namespace.find("ConfigMap")[-1]
        assert live["metadata"]["annotations"]["pulumi.com/autonamed"] == "true"

    def test_made_name_is_kept_on_update(self, plugin: Plugin, namespace: Namespace) -> None:
        made = plugin.make("settings", _config_map(namespace, "", key="1"))
        assert _changed(plugin, made, _config_map(namespace, "", key="1")) == []
        assert _changed(plugin, made, _config_map(namespace, "", key="2")) == ["data.key"]

    def test_given_name_is_kept(self, plugin: Plugin, namespace: Namespace) -> None:
        assert plugin.make("other", _config_map(namespace, "settings")).id == f"{namespace.name}/settings"

    def test_object_without_a_namespace_goes_to_the_default_one(self, plugin: Plugin) -> None:
        obj: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}
        checked = plugin.check(urn_of("x", obj), struct(obj))
        assert plugin.create(urn_of("x", obj), checked.inputs, preview=True).outputs()["metadata"]
        assert _changed(plugin, Resource(urn_of("x", obj), "default/x", checked.inputs, struct({**obj, "__inputs": obj})), obj) == []


class TestDiff:
    def test_whole_numbers_are_whole_numbers(self, plugin: Plugin, namespace: Namespace) -> None:
        service = namespace.obj("Service", "web", spec={"clusterIP": "None", "ports": [{"name": "http", "port": 80, "targetPort": 8080}]})
        made = plugin.make("web", service)
        assert _changed(plugin, made, service) == []
        assert _changed(plugin, plugin.read(made), service) == []

    def test_another_spelling_of_what_is_stored_is_no_change(self, plugin: Plugin, namespace: Namespace) -> None:
        deployment = namespace.deployment("spelt", replicas=0, resources={"limits": {"cpu": "1000m", "memory": "1024Mi"}}, tty=False)
        made = plugin.make("spelt", deployment)
        assert _changed(plugin, made, deployment) == []
        other = namespace.deployment("spelt", replicas=0, resources={"limits": {"cpu": "2000m", "memory": "1024Mi"}}, tty=False)
        limits = "spec.template.spec.containers[0].resources.limits.cpu"
        assert _changed(plugin, made, other) == [limits]

    def test_ignored_changes_are_none(self, plugin: Plugin, namespace: Namespace) -> None:
        made = plugin.make("settings", _config_map(namespace, key="1"))
        assert _changed(plugin, made, _config_map(namespace, key="2"), ignore=("data.key",)) == []


class TestPreview:
    def test_what_the_server_refuses_is_refused_and_nothing_is_stored(self, plugin: Plugin, namespace: Namespace) -> None:
        deployment = namespace.deployment("wrong")
        dict_at(deployment, "spec", "template", "metadata")["labels"] = {"app": "another"}
        with pytest.raises(RefusedError, match="selector"):
            plugin.make("wrong", deployment, preview=True)
        assert namespace.get("Deployment", "wrong") is None

    def test_what_the_server_takes_is_accepted_and_nothing_is_stored(self, plugin: Plugin, namespace: Namespace) -> None:
        previewed = plugin.make("right", namespace.deployment("right"), preview=True)
        assert previewed.id == ""
        assert namespace.get("Deployment", "right") is None

    def test_misspelt_field_is_refused(self, plugin: Plugin, namespace: Namespace) -> None:
        with pytest.raises(RefusedError, match="imagePullPolicyy"):
            plugin.make("typo", namespace.deployment("typo", imagePullPolicyy="Always"), preview=True)

    def test_namespace_of_the_same_program_may_be_missing(self, plugin: Plugin, namespace: Namespace) -> None:
        plugin.make("early", _config_map(Namespace(namespace.kube, "not-there-yet"), key="1"), preview=True)

    def test_kind_of_the_same_program_may_be_missing(self, plugin: Plugin) -> None:
        custom: Obj = {"apiVersion": "example.com/v1", "kind": "Later", "metadata": {"name": "a", "namespace": "default"}}
        plugin.make("later", custom, preview=True)

    def test_unknown_inputs_are_taken_as_they_are(self, plugin: Plugin, namespace: Namespace) -> None:
        previewed = plugin.make("later", _config_map(namespace, key=UNKNOWN), preview=True)
        assert dig(previewed.outputs(), "data", "key") == UNKNOWN

    def test_update_is_tried_without_effect(self, mutable_plugin: Plugin, namespace: Namespace) -> None:
        made = mutable_plugin.make("settings", _config_map(namespace, key="1"))
        assert dig(mutable_plugin.update(made, _config_map(namespace, key="2"), preview=True).outputs(), "data", "key") == "2"
        assert (namespace.get("ConfigMap", "settings") or {})["data"] == {"key": "1"}

    def test_replacement_of_a_fixed_name_can_be_previewed(self, plugin: Plugin, namespace: Namespace, is_official: bool) -> None:
        plugin.make("fixed", namespace.deployment("fixed", replicas=0))
        other = namespace.deployment("fixed", replicas=0)
        dict_at(other, "spec", "selector")["matchLabels"] = {"app": "new"}
        dict_at(other, "spec", "template", "metadata")["labels"] = {"app": "new"}
        if not is_official:  # which refuses here what it then does
            assert dig(plugin.make("fixed", other, preview=True).outputs(), "metadata", "name") == "fixed"


class TestCreate:
    def test_existing_object_is_not_adopted(self, plugin: Plugin, namespace: Namespace) -> None:
        plugin.make("first", _config_map(namespace, key="mine"))
        with pytest.raises(RefusedError, match="already exists"):
            plugin.make("second", _config_map(namespace, key="theirs"))
        assert (namespace.get("ConfigMap", "settings") or {})["data"] == {"key": "mine"}

    def test_each_resource_has_a_field_manager_of_its_own(self, plugin: Plugin, namespace: Namespace) -> None:
        made = [plugin.make(name, _config_map(namespace, name)) for name in ("a", "b")]
        managers = {str(one.outputs()["__fieldManager"]) for one in made}
        assert len(managers) == 2
        assert all(re.fullmatch(r"pulumi-kubernetes-[0-9a-f]{8}", manager) for manager in managers)

    def test_calls_run_side_by_side(self, plugin: Plugin, namespace: Namespace) -> None:
        def make(at: int) -> Resource:
            return plugin.make(f"many-{at}", _config_map(namespace, "", key=str(at)))

        with ThreadPoolExecutor(16) as pool:
            made = list(pool.map(make, range(32)))
        assert len({one.id for one in made}) == 32


class TestUpdate:
    def test_field_that_the_program_drops_goes_away(self, mutable_plugin: Plugin, namespace: Namespace) -> None:
        made = mutable_plugin.make("settings", _config_map(namespace, a="1", b="2"))
        assert _changed(mutable_plugin, made, _config_map(namespace, a="1")) == ["data.b"]
        mutable_plugin.update(made, _config_map(namespace, a="1"))
        assert (namespace.get("ConfigMap", "settings") or {})["data"] == {"a": "1"}

    def test_change_by_kubectl_is_drift_and_is_taken_back(self, mutable_plugin: Plugin, namespace: Namespace) -> None:
        declared = _config_map(namespace, key="1")
        made = mutable_plugin.make("settings", declared)
        namespace.merge("ConfigMap", "settings", {"data": {"key": "edited", "more": "added"}})
        seen = mutable_plugin.read(made)
        assert _changed(mutable_plugin, seen, declared) == ["data.key"]
        mutable_plugin.update(seen, declared, preview=True)
        mutable_plugin.update(seen, declared)
        assert (namespace.get("ConfigMap", "settings") or {})["data"] == {"key": "1"}

    def test_conflict_names_the_manager_and_the_field(self, mutable_plugin: Plugin, namespace: Namespace) -> None:
        made = mutable_plugin.make("settings", _config_map(namespace, key="1"))
        namespace.apply("ConfigMap", _config_map(namespace, key="theirs"), "another-operator")
        with pytest.raises(RefusedError, match=r"(?s)(another-operator.*\.data\.key|\.data\.key.*another-operator)"):
            mutable_plugin.update(made, _config_map(namespace, key="2"))
        assert (namespace.get("ConfigMap", "settings") or {})["data"] == {"key": "theirs"}

    def test_conflict_is_overruled_by_patch_force(self, mutable_plugin: Plugin, namespace: Namespace) -> None:
        made = mutable_plugin.make("settings", _config_map(namespace, key="1"))
        namespace.apply("ConfigMap", _config_map(namespace, key="theirs"), "another-operator")
        forced = namespace.obj("ConfigMap", "settings", annotations={"pulumi.com/patchForce": "true"}, data={"key": "2"})
        mutable_plugin.update(made, forced)
        assert (namespace.get("ConfigMap", "settings") or {})["data"] == {"key": "2"}

    def test_ignored_field_of_another_manager_is_left_to_it(self, plugin: Plugin, namespace: Namespace) -> None:
        made = plugin.make("web", namespace.deployment("web", replicas=0))
        scaled: Obj = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 3}}
        namespace.apply("Deployment", scaled, "autoscaler")
        changed = namespace.deployment("web", replicas=0, annotations={"pulumi.com/skipAwait": "true"})
        plugin.update(made, changed, ignore=("spec.replicas",))
        live = namespace.get("Deployment", "web") or {}
        assert live["spec"]["replicas"] == 3
        assert "pulumi.com/skipAwait" in live["metadata"]["annotations"]


class TestRead:
    def test_undeclared_fields_are_no_drift(self, plugin: Plugin, namespace: Namespace) -> None:
        declared = _config_map(namespace, key="1")
        made = plugin.make("settings", declared)
        namespace.merge("ConfigMap", "settings", {"metadata": {"labels": {"by": "someone"}}})
        assert _changed(plugin, plugin.read(made), declared) == []

    def test_removed_field_is_drift(self, plugin: Plugin, namespace: Namespace) -> None:
        declared = _config_map(namespace, a="1", b="2")
        made = plugin.make("settings", declared)
        namespace.merge("ConfigMap", "settings", {"data": {"b": None}})
        assert _changed(plugin, plugin.read(made), declared) == ["data.b"]

    def test_deleted_object_is_gone(self, plugin: Plugin, namespace: Namespace) -> None:
        made = plugin.make("settings", _config_map(namespace))
        namespace.delete("ConfigMap", "settings")
        assert plugin.read(made).id == ""

    def test_import_reads_by_id_alone(self, plugin: Plugin, namespace: Namespace) -> None:
        obj = _config_map(namespace, key="1")
        namespace.apply("ConfigMap", obj, "someone")
        imported = plugin.read(Resource(urn_of("settings", obj), f"{namespace.name}/settings", struct({}), struct({})))
        assert imported.id == f"{namespace.name}/settings"
        assert _changed(plugin, imported, obj) == []


class TestDelete:
    def test_returns_only_when_the_object_is_gone(self, plugin: Plugin, namespace: Namespace) -> None:
        held = _config_map(namespace)
        dict_at(held, "metadata")["finalizers"] = ["observability.test/held"]
        made = plugin.make("held", held)
        deleting = threading.Thread(target=plugin.delete, args=(made,))
        deleting.start()
        eventually(lambda: (namespace.get("ConfigMap", "settings") or {}).get("metadata", {}).get("deletionTimestamp"), "a deletion")
        assert deleting.is_alive()
        namespace.merge("ConfigMap", "settings", {"metadata": {"finalizers": None}})
        deleting.join(timeout=60)
        assert not deleting.is_alive()
        assert namespace.get("ConfigMap", "settings") is None

    def test_timeout_names_what_holds_the_object(self, plugin: Plugin, namespace: Namespace, is_official: bool) -> None:
        held = _config_map(namespace)
        dict_at(held, "metadata")["finalizers"] = ["observability.test/held"]
        made = plugin.make("held", held)
        expected = "settings" if is_official else "observability.test/held"
        with pytest.raises(RefusedError, match=expected):
            plugin.delete(made, timeout=1)
        namespace.merge("ConfigMap", "settings", {"metadata": {"finalizers": None}})

    def test_absent_object_is_fine(self, plugin: Plugin, namespace: Namespace) -> None:
        made = plugin.make("settings", _config_map(namespace))
        namespace.delete("ConfigMap", "settings")
        plugin.delete(made)


def dict_at(obj: Obj, *path: str) -> Obj:
    """The map at the path, to be changed in place."""
    found = dig(obj, *path)
    assert isinstance(found, dict)
    return found
