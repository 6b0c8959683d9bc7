"""``python3 -m review.nightly_issue --results DIR``: one issue for as long as the nightly run does not pass as a whole.

DIR has what ``make nightly`` wrote: ``summary.json`` and ``summary.md``.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from review.github import GitHub
from review.issue import ROOM, Problem, command, cut, keep

MARK = "<!-- observability-nightly -->"
"""The first line, by which the issue is found again."""

PASSED = "passed"


@dataclass(frozen=True, kw_only=True)
class Results:
    """What came of a nightly run."""

    parts: tuple[tuple[str, str], ...]
    """Each part and its result; empty when there is no summary that can be read."""

    text: str
    """The summary for people, or why there is none."""

    @property
    def passed(self) -> bool:
        """Whether every part ran and passed."""
        return bool(self.parts) and all(result == PASSED for _, result in self.parts)


def read(directory: Path) -> Results:
    """The results that a run left; the lack of them is a result too, as the run was ended before it could write any."""
    try:
        told = json.loads((directory / "summary.json").read_text())
        parts = tuple((str(part["part"]), str(part["result"])) for part in told["parts"])
        return Results(parts=parts, text=(directory / "summary.md").read_text())
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Results(parts=(), text=f"there is no summary: {error!r}")


def track(github: GitHub, results: Results) -> str:
    """Open, update or close the issue; returns what was done. Raises GitHubError."""
    begin = f"As [this run]({github.run}) found it. The issue is kept up to date, and closed once every part passes."
    hint = "`make nightly PARTS=<name>` runs one part; docs/testing.md says what each needs."
    body = f"{begin}\n{hint}\n\n{cut(results.text, ROOM)}"
    return keep(github, MARK, None if results.passed else Problem(title=title(results), body=body), "Every part of the nightly run passes")


def title(results: Results) -> str:
    """What did not pass."""
    wrong = [f"{name} {result}" for name, result in results.parts if result != PASSED]
    return f"Nightly: {'; '.join(wrong) or 'the run left no summary'}"


def main(words: Sequence[str] | None = None) -> int:
    """0 when the issue says what is so, 1 when GitHub did not take it."""
    parser = argparse.ArgumentParser(prog="python3 -m review.nightly_issue", description=__doc__)
    parser.add_argument("--results", type=Path, required=True, metavar="DIR", help="what `make nightly` wrote")
    asked = parser.parse_args(words)
    return command(lambda github: track(github, read(asked.results)))


if __name__ == "__main__":
    sys.exit(main())
