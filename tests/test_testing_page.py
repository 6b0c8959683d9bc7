"""``docs/testing.md`` is true: its tests exist, its tiers are theirs, and no decision, page or command is without a promise."""

import re

import pytest

from tests.testing_page import PAGE, commands, mistakes, promises, with_tiers
from tests.tiers import all_tests


def test_the_page_is_true() -> None:
    assert list(mistakes(PAGE.read_text(), all_tests())) == []


def test_all_rows_of_the_page_are_read() -> None:
    page = PAGE.read_text()
    assert len(promises(page)) == len(re.findall(r"^\| .*`tests/", page, re.MULTILINE)) > 100


FIRST = "tests/model/test_quantities.py::test_a_number_without_a_unit_is_refused"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (FIRST, f"{FIRST}_any_more", rf"there is no {FIRST}_any_more: is it {FIRST} now\?"),
        (f"`{FIRST}` | quick |", f"`{FIRST}` | test |", "its tests are quick, not test"),
        ("](decisions/0010-", "](decisions/0009-", r"there is no docs/decisions/0009-"),
        ("](decisions/0009-", "](", "no promise is said to be in decisions/0009-"),
        ("](mutation.md)", "](workflows.md)", "no promise is said to be in mutation.md"),
        ("`make digests`", "The command", "the README has `make digests`, of which nothing is promised"),
    ],
)
def test_what_is_not_true_is_named(old: str, new: str, told: str) -> None:
    page = PAGE.read_text()
    assert old in page
    assert any(re.search(told, mistake) for mistake in mistakes(page.replace(old, new), all_tests()))


def test_a_test_that_is_renamed_is_named() -> None:
    known = {name: tiers for name, tiers in all_tests().items() if name != FIRST}
    [mistake] = mistakes(PAGE.read_text(), known)
    assert f"there is no {FIRST}" in mistake


def test_tiers_are_written_as_the_tests_have_them() -> None:
    page = PAGE.read_text()
    wrong = page.replace(f"`{FIRST}` | quick |", f"`{FIRST}` | nightly |")
    assert wrong != page
    assert with_tiers(wrong, all_tests()) == page


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("`make new-env NAME=qa`, or `SANDBOX=name make up`", {"new-env", "up"}),
        ("make test    # everything", {"test"}),
        ("what would make sense", set[str]()),
    ],
)
def test_commands_are_found_where_they_are_code(text: str, found: set[str]) -> None:
    assert commands(text) == found
