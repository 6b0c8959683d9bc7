"""``docs/testing.md``: the promises, the tests that hold them, and their tiers. ``python -m tests.testing_page`` writes the tiers anew."""

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from tests.tiers import ROOT, TIERS, Tier, all_tests

PAGE = ROOT / "docs/testing.md"

_ROW = re.compile(r"^\| (?P<promise>[^|]+) \| (?P<said_in>[^|]+) \| (?P<tests>`tests/[^|]+) \| (?P<tier>[^|]*) \|$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)#]+)\)")
_CODE = re.compile(r"`([^`\n]+)`|^(make [^\n]+)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Promise:
    """A row of the table."""

    text: str
    said_in: tuple[str, ...]
    """The files that make it, by their path from ``docs``."""

    tests: tuple[str, ...]
    """Tests that hold it, as pytest calls them without their parameters."""

    tier: str
    """The tiers of those tests, as the page says them."""


def promises(page: str) -> list[Promise]:
    """The rows of a page."""
    return [
        Promise(
            text=row["promise"],
            said_in=tuple(_LINK.findall(row["said_in"])),
            tests=tuple(re.findall(r"`([^`]+)`", row["tests"])),
            tier=row["tier"].strip(),
        )
        for row in _ROW.finditer(page)
    ]


def tier_of(tests: Iterable[str], known: Mapping[str, frozenset[Tier]]) -> str:
    """The tiers of some tests, the earliest first."""
    found = {tier for test in tests for tier in known.get(test, ())}
    return ", ".join(tier for tier in TIERS if tier in found)


def mistakes(page: str, known: Mapping[str, frozenset[Tier]]) -> Iterator[str]:
    """What is not true: tests that are not there, tiers that are not theirs, decisions, pages and commands without a promise."""
    rows = promises(page)
    for row in rows:
        for test in row.tests:
            if test not in known:
                near = get_close_matches(test, known, n=1)
                yield f"{row.text}: there is no {test}{f': is it {near[0]} now?' if near else ''}"
        if row.tier != (tier := tier_of(row.tests, known)) and all(test in known for test in row.tests):
            yield f"{row.text}: its tests are {tier}, not {row.tier}: `python -m tests.testing_page` writes that anew"
        yield from (f"{row.text}: there is no docs/{file}" for file in row.said_in if not (PAGE.parent / file).is_file())
    said = {file for row in rows for file in row.said_in}
    for file in sorted([*PAGE.parent.glob("*.md"), *PAGE.parent.glob("decisions/*.md")]):
        name = str(file.relative_to(PAGE.parent))
        if file != PAGE and name not in said:
            yield f"no promise is said to be in {name}"
    for command in sorted(commands((ROOT / "README.md").read_text()) - commands(page)):
        yield f"the README has `make {command}`, of which nothing is promised here"


def commands(text: str) -> set[str]:
    """The targets of make that a text speaks of."""
    return {target for code in _CODE.findall(text) for target in re.findall(r"\bmake ([a-z]+(?:-[a-z]+)*)", "".join(code))}


def with_tiers(page: str, known: Mapping[str, frozenset[Tier]]) -> str:
    """The page with the tiers as the tests have them."""

    def row(found: re.Match[str]) -> str:
        tests = re.findall(r"`([^`]+)`", found["tests"])
        return f"| {found['promise']} | {found['said_in']} | {found['tests']} | {tier_of(tests, known)} |"

    return _ROW.sub(row, page)


def main(page: Path = PAGE) -> int:
    """Write the tiers; 0 when all else is true too, 1 with what is not."""
    known = all_tests()
    page.write_text(with_tiers(page.read_text(), known))
    wrong = list(mistakes(page.read_text(), known))
    print("\n".join(wrong) or f"{page.name} is true: {len(promises(page.read_text()))} promises")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
