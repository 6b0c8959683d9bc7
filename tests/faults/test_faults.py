"""The list of faults fits the tree as it is, and the script tells what is caught, what is not, and what cannot be tried."""

import ast
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.__main__ import main
from tests.faults.fault import Fault, FaultError
from tests.faults.faults import FAULTS
from tests.tiers import ROOT, all_tests

ROOMS = ("components", "model", "checks", "sandbox")


def named(fault: Fault) -> str:
    return fault.name


@pytest.mark.parametrize("fault", FAULTS, ids=named)
def test_every_fault_applies_to_the_tree_as_it_is(fault: Fault) -> None:
    text = (ROOT / fault.file).read_text()
    edited = fault.edited(text)
    assert edited != text
    if fault.file.endswith(".py"):
        ast.parse(edited)
    assert [test for test in fault.caught_by if test not in all_tests()] == []


def test_there_are_enough_of_them_in_every_room_and_some_that_only_programs_or_a_cluster_show() -> None:
    assert len(FAULTS) >= 30
    assert len({fault.name for fault in FAULTS}) == len(FAULTS)
    rooms = Counter(fault.file.partition("/")[0] for fault in FAULTS)
    assert set(rooms) == set(ROOMS)
    assert min(rooms.values()) >= 5
    assert sum(all("quick" not in all_tests()[test] for test in fault.caught_by) for fault in FAULTS) >= 6


FAULT = Fault(
    name="adds-wrongly", file="adding.py", old="a + b", new="a - b", breaks="1 and 1 are 2", caught_by=("tests/test_adding.py::test_sum",)
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "tests").mkdir(parents=True)
    (root / "adding.py").write_text("def add(a, b):\n    return a + b\n")
    (root / "tests/test_adding.py").write_text(
        "from adding import add\n\ndef test_sum():\n    assert add(1, 1) == 2\n\ndef test_zero():\n    assert add(1, 0) == 1\n"
    )
    return root


def test_a_fault_that_a_test_notices_is_caught_and_the_tree_stays_as_it_was(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (tree / "adding.py").read_text()
    assert main([], [FAULT], tree) == 0
    said = capsys.readouterr()
    assert said.out == "1 of 1 faults are caught\n"
    assert "adds-wrongly (adding.py): caught by tests/test_adding.py::test_sum" in said.err
    assert (tree / "adding.py").read_text() == before
    assert not list(tree.rglob("__pycache__"))


def test_one_that_no_test_notices_is_named(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unnoticed = replace(FAULT, name="unnoticed", caught_by=("tests/test_adding.py::test_zero",))
    assert main([], [FAULT, unnoticed], tree) == 1
    assert capsys.readouterr().out == "1 of 2 faults are caught; not caught: unnoticed\n"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (replace(FAULT, old="a * b"), "adds-wrongly: the text to replace is 0 times in adding.py"),
        (replace(FAULT, old="a"), "adds-wrongly: the text to replace is 3 times in adding.py"),
        (replace(FAULT, file="gone.py"), "adds-wrongly: there is no gone.py"),
        (replace(FAULT, new="a +"), "the tests cannot be run (pytest's exit code"),
        (replace(FAULT, caught_by=("tests/test_adding.py::test_gone",)), "the tests cannot be run (pytest's exit code"),
    ],
)
def test_one_that_cannot_be_tried_is_an_error_that_names_it(
    fault: Fault, told: str, tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], [fault], tree) == 1
    assert told in " ".join(capsys.readouterr().err.split())


def test_a_test_that_fails_without_any_fault_shows_nothing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "adding.py").write_text("def add(a, b):\n    return 3 * (a + b)\n")
    assert main([], [FAULT], tree) == 1
    assert "error: these fail without any fault, so they show nothing:\ntests/test_adding.py::test_sum\n" in capsys.readouterr().err


def test_a_fault_that_is_not_there_is_refused_by_name(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["adds-wrong"], [FAULT], tree) == 2
    assert "there is no fault 'adds-wrong': did you mean 'adds-wrongly'?" in capsys.readouterr().err


def test_a_text_that_moved_is_noticed() -> None:
    with pytest.raises(FaultError, match="adapt the fault"):
        FAULTS[0].edited("nothing of it")
