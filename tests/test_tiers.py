"""The tier of a test follows from its markers, wherever they stand."""

from types import ModuleType

from tests.tiers import all_tests, of_module

MODULE = """
import pytest

pytestmark = {whole}

@pytest.mark.parametrize("kills", [1, pytest.param(10, marks=pytest.mark.nightly)])
def test_some_cases(kills): ...

@pytest.mark.parametrize("name", [pytest.param("a", marks=pytest.mark.binaries), pytest.param("b", marks=pytest.mark.nightly)])
def test_each_case(name): ...

@pytest.mark.binaries
def test_of_a_program(): ...

def test_plain(): ...

class TestThings:
    pytestmark = pytest.mark.cluster
    def test_there(self): ...

def helper(): ...
"""


def tiers(whole: str) -> dict[str, set[str]]:
    module = ModuleType("example")
    exec(MODULE.format(whole=whole), vars(module))  # noqa: S102 - the text above
    return {name: set(found) for name, found in of_module(module).items()}


def test_a_test_is_where_its_markers_put_it() -> None:
    assert tiers("()") == {
        "test_some_cases": {"quick", "nightly"},
        "test_each_case": {"test", "nightly"},
        "test_of_a_program": {"test"},
        "test_plain": {"quick"},
        "TestThings::test_there": {"test"},
    }


def test_markers_of_a_file_count_for_all_that_is_in_it() -> None:
    assert set(map(frozenset, tiers("[pytest.mark.cluster, pytest.mark.nightly]").values())) == {frozenset({"nightly"})}
    assert tiers("pytest.mark.binaries")["test_plain"] == {"test"}
    assert tiers("pytest.mark.binaries")["test_some_cases"] == {"test", "nightly"}


def test_all_tests_are_found() -> None:
    assert all_tests()["tests/test_tiers.py::test_all_tests_are_found"] == {"quick"}
    assert all_tests()["tests/workflows/test_plan.py::test_only_what_was_previewed_is_made"] == {"test"}
