"""Secrets stay secret: in what goes to the state, in errors and on the object."""

import json
from typing import cast

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.provider.experimental.property_value import PropertyValue

from sandbox.providers.values import Json, Obj, mapping
from tests.sandbox.providers.live import Namespace
from tests.sandbox.providers.plugin import Plugin, RefusedError, struct

pytestmark = pytest.mark.cluster
CANARY = "canary-tweet-4711"
ENCODED = "Y2FuYXJ5LXR3ZWV0LTQ3MTE="
# How the protocol marks a secret.
SIGNATURE, SECRET_MARK = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"


def _without_secrets(message: struct_pb2.Struct) -> str:
    """The message as text, with all that is marked secret left out."""

    def strip(value: Json) -> Json:
        if isinstance(value, dict):
            return "[secret]" if value.get(SIGNATURE) == SECRET_MARK else {key: strip(item) for key, item in value.items()}
        return [strip(item) for item in value] if isinstance(value, list) else value

    return json.dumps(strip(cast(Json, json_format.MessageToDict(message))))


@pytest.mark.parametrize("fields", [{"stringData": {"password": CANARY}}, {"data": {"password": ENCODED}}])
def test_data_of_a_secret_is_always_secret(plugin: Plugin, namespace: Namespace, fields: Obj) -> None:
    made = plugin.make("login", {**namespace.obj("Secret", "login"), **fields})
    for wire in (made.inputs, made.state, plugin.read(made).state, plugin.read(made).inputs):
        assert ENCODED in str(wire) or CANARY in str(wire)
        assert CANARY not in _without_secrets(wire)
        assert ENCODED not in _without_secrets(wire)


def test_preview_of_a_secret_is_secret(plugin: Plugin, namespace: Namespace) -> None:
    previewed = plugin.make("login", namespace.obj("Secret", "login", stringData={"password": CANARY}), preview=True)
    assert ENCODED not in _without_secrets(previewed.state)


def test_secret_input_of_any_kind_stays_secret(plugin: Plugin, namespace: Namespace) -> None:
    obj = namespace.obj("ConfigMap", "settings")
    properties = {**{key: PropertyValue.unmarshal(value) for key, value in struct(obj).fields.items()}}
    properties["data"] = PropertyValue({"token": PropertyValue(CANARY, is_secret=True), "plain": PropertyValue("visible")})
    made = plugin.make("settings", properties)
    for wire in (made.inputs, made.state, plugin.read(made).state):
        assert CANARY not in _without_secrets(wire)
        assert "visible" in _without_secrets(wire)


def test_string_data_is_no_change_once_it_is_stored(plugin: Plugin, namespace: Namespace) -> None:
    declared = namespace.obj("Secret", "login", stringData={"password": CANARY})
    made = plugin.make("login", declared)
    checked = plugin.check(made.urn, struct(declared), made.inputs)
    assert not plugin.diff(plugin.read(made), checked.inputs).detailedDiff


def test_error_does_not_quote_a_secret(plugin: Plugin, namespace: Namespace) -> None:
    obj = namespace.obj("ConfigMap", "settings")
    properties = {key: PropertyValue.unmarshal(value) for key, value in struct(obj).fields.items()}
    properties["data"] = PropertyValue({CANARY + " ": PropertyValue(CANARY + " ", is_secret=True)})
    with pytest.raises(RefusedError) as refused:
        plugin.make("settings", properties, preview=True)
    assert CANARY not in str(refused.value)


def test_object_carries_no_copy_of_its_data(plugin: Plugin, namespace: Namespace) -> None:
    plugin.make("login", namespace.obj("Secret", "login", stringData={"password": CANARY}))
    live = namespace.get("Secret", "login") or {}
    assert live["data"] == {"password": ENCODED}
    metadata = json.dumps(mapping(live, "metadata"))
    assert CANARY not in metadata
    assert ENCODED not in metadata
