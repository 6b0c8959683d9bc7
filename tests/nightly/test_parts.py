"""Every nightly test belongs to exactly one part, and every part that is tests has some."""

from collections.abc import Iterable, Iterator, Mapping

import pytest

from tests.nightly.parts import PARTS, Part
from tests.tiers import Tier, all_tests

NIGHTLY: frozenset[Tier] = frozenset({"nightly"})
QUICK: frozenset[Tier] = frozenset({"quick"})


def mistakes(parts: Iterable[Part], tiers: Mapping[str, frozenset[Tier]]) -> Iterator[str]:
    """What is not as it should be, given the tiers of tests by their names."""
    files = {test.partition("::")[0] for test, of_test in tiers.items() if "nightly" in of_test}
    places = [(part.name, place) for part in parts for place in part.tests]
    for file in sorted(files):
        owners = [name for name, place in places if f"{file}/".startswith(f"{place}/")]
        if len(owners) != 1:
            yield f"{file} has nightly tests and is in {owners or 'no part'}"
    for name, place in places:
        if not any(f"{file}/".startswith(f"{place}/") for file in files):
            yield f"{name}: no test of {place} is nightly"


def test_every_nightly_test_is_in_one_part_and_every_part_has_some() -> None:
    assert list(mistakes(PARTS, all_tests())) == []


SOME = Part(name="some", proves="", minutes=1, tests=("tests/a",))
OTHER = Part(name="other", proves="", minutes=1, tests=("tests/b/test_b.py",))


@pytest.mark.parametrize(
    ("parts", "tiers", "told"),
    [
        ((SOME,), {"tests/a/test_a.py::test_it": NIGHTLY}, []),
        (
            (SOME,),
            {"tests/a/test_a.py::test_it": NIGHTLY | QUICK, "tests/ab/test_c.py::test_it": NIGHTLY},
            ["tests/ab/test_c.py has nightly tests and is in no part"],
        ),
        (
            (SOME, OTHER, OTHER),
            {"tests/a/test_a.py::test_it": NIGHTLY, "tests/b/test_b.py::test_it": NIGHTLY},
            ["tests/b/test_b.py has nightly tests and is in ['other', 'other']"],
        ),
        ((SOME,), {"tests/a/test_a.py::test_it": QUICK}, ["some: no test of tests/a is nightly"]),
    ],
)
def test_a_test_without_a_part_and_a_part_without_tests_are_noticed(
    parts: tuple[Part, ...], tiers: dict[str, frozenset[Tier]], told: list[str]
) -> None:
    assert list(mistakes(parts, tiers)) == told
