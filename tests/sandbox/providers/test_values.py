"""JSON inside, PropertyValues on the wire: nothing is lost, and secrets stay where they were."""

import json

from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue

from sandbox.providers.values import UNKNOWN, Json, has_unknown, plain, plain_map, redact, secret_texts, wrap, wrap_map

JSON = st.recursive(
    st.booleans() | st.integers(-(2**50), 2**50) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_value_survives_the_wire(value: Json) -> None:
    back = plain(PropertyValue.unmarshal(wrap(value).marshal()))
    assert json.dumps(back, sort_keys=True) == json.dumps(value, sort_keys=True)  # tells 1 from 1.0 and from True


def test_secret_is_marked_at_its_own_place_only() -> None:
    inputs = {"data": PropertyValue({"a": PropertyValue("x", is_secret=True), "b": PropertyValue("y")})}
    out = wrap_map({"data": {"a": "x", "b": "y", "c": "z"}}, inputs)["data"]
    marks = {key: value.is_secret for key, value in wrap_map_of(out).items()}
    assert marks == {"a": True, "b": False, "c": False}


def test_list_is_secret_as_a_whole() -> None:
    inputs = {"env": PropertyValue([PropertyValue("a"), PropertyValue("x", is_secret=True)])}
    assert wrap_map({"env": ["x", "a"]}, inputs)["env"].is_secret


def test_map_in_a_secret_is_secret_as_a_whole() -> None:
    inputs = {"data": PropertyValue({"a": PropertyValue("x")}, is_secret=True)}
    assert wrap_map({"data": {"a": "x"}}, inputs)["data"].is_secret


def test_null_fields_are_dropped() -> None:
    assert plain_map({"a": PropertyValue(None), "b": PropertyValue({"c": PropertyValue(None)})}) == {"b": {}}


def test_unknown_is_found_at_any_depth() -> None:
    assert has_unknown({"a": [{"b": UNKNOWN}]})
    assert not has_unknown({"a": [{"b": "known"}]})


def test_secret_texts_are_taken_out_of_messages() -> None:
    secrets = secret_texts({"a": PropertyValue({"b": PropertyValue("hunter22")}, is_secret=True), "c": PropertyValue("public")})
    assert secrets == {"hunter22"}
    assert redact("invalid value hunter22 beside public", secrets) == "invalid value [secret] beside public"


def wrap_map_of(value: PropertyValue) -> dict[str, PropertyValue]:
    """The fields of a map on the wire."""
    assert isinstance(value.value, dict) or hasattr(value.value, "items")
    return dict(value.value.items())  # pyright: ignore
