"""YAML is read strictly, and written so that it reads back the same."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.documents import each, parse, read, to_yaml
from model.errors import InvalidConfiguration

BROKEN = {
    "a key twice": ("a: 1\nb: 2\na: 3\n", "f.yaml: line 3: key 'a' is there twice, first on line 1"),
    "a nested key twice": ("a:\n  b: 1\n  b: 2\n", "f.yaml: line 3: key 'b' is there twice, first on line 2"),
    "a number as key": ("a: 1\n3000: x\n", "f.yaml: line 2: a key must be text; put it in quotes"),
    "a list": ("- a\n", "f.yaml: the file must be a mapping of keys to values"),
    "a text": ("hello\n", "f.yaml: the file must be a mapping of keys to values"),
    "a bracket that stays open": ("a: [1\nb: 2\n", "f.yaml: line 2: expected ',' or ']', but got ':'"),
    "a tab": ("a:\n\tb: 1\n", "f.yaml: line 2: found character '\\t' that cannot start any token"),
    "an unknown tag": ("a: !secret x\n", "f.yaml: line 1: could not determine a constructor for the tag '!secret'"),
    "two documents": ("a: 1\n---\nb: 2\n", "f.yaml: line 2: but found another document"),
    "a control character": (
        "a: \x07\n",
        'f.yaml: unacceptable character #x0007: special characters are not allowed in "<unicode string>", position 3',
    ),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_is_told_with_its_line(text: str, said: str) -> None:
    with pytest.raises(InvalidConfiguration) as invalid:
        parse(text, "f.yaml")
    assert str(invalid.value) == said


def test_only_the_plain_values_of_yaml_1_2_are_no_text() -> None:
    text = "{a: no, b: on, c: 12:30, d: 2024-01-01, e: 0x10, f: 1_000, g: 010, h: true, i: -3, j: 1.5, k: null, l: '1', m: .5}"
    assert parse(text, "f").content == {
        "a": "no",
        "b": "on",
        "c": "12:30",
        "d": "2024-01-01",
        "e": "0x10",
        "f": "1_000",
        "g": "010",
        "h": True,
        "i": -3,
        "j": 1.5,
        "k": None,
        "l": "1",
        "m": ".5",
    }


def test_a_key_may_override_what_is_merged_in() -> None:
    assert parse("base: &b {x: 1, y: 2}\nd: {<<: *b, y: 3}\n", "f").content["d"] == {"x": 1, "y": 3}


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert parse("# nothing yet\n", "f").content == {}


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").write_bytes(b"a: \xff\n")
    with pytest.raises(InvalidConfiguration, match=r"f\.yaml: byte 3 is not UTF-8 text"):
        read(tmp_path, "f.yaml")


def test_a_directory_instead_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "f.yaml").mkdir()
    with pytest.raises(InvalidConfiguration, match=r"f\.yaml: cannot be read: Is a directory"):
        read(tmp_path, "f.yaml")


def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfiguration, match=r"d/f\.yaml: there is no such file; no such file is in d/"):
        read(tmp_path, "d/f.yaml")


def test_text_of_several_lines_is_written_as_a_block() -> None:
    assert to_yaml({"expr": "a\n> b\n"}) == "expr: |\n  a\n  > b\n"


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Co", "Cn"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, values, max_size=4))
def test_what_is_written_reads_back_the_same(content: dict[str, object]) -> None:
    assert parse(to_yaml(content), "f").content == content


def test_each_leads_through_mappings_and_lists() -> None:
    content = {"a": {"x": {"p": 1}, "y": {"p": [2, 3]}, "z": "text"}}
    assert list(each(content, "a", "*", "p")) == [("a.x.p", 1), ("a.y.p", [2, 3])]
    assert list(each(content, "a", "*", "p", "*")) == [("a.y.p[0]", 2), ("a.y.p[1]", 3)]
    assert list(each(content, "b", "*")) == []
