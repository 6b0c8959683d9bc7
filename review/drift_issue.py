"""``python3 -m review.drift_issue --reports DIR prod staging``: one issue for as long as an environment is not as it was deployed.

DIR has a directory ``drift-<environment>`` for each, with what ``python -m sandbox drift`` printed (``report.txt``) and its ``exit-code``.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from review.github import GitHub
from review.issue import ROOM, Problem, command, fenced, keep

MARK = "<!-- observability-drift -->"
"""The first line, by which the issue is found again."""

CLEAN = 0
STATES = {
    CLEAN: "is as it was deployed",
    1: "differs from what was deployed",
    3: "has objects that nobody deployed",
}
"""What an exit code says; any other says that it could not be examined (sandbox/drift_report.py)."""


@dataclass(frozen=True, kw_only=True)
class Examined:
    """What was found in one environment."""

    environment: str
    code: int | None
    """The exit code; None when there is no report at all."""

    text: str

    @property
    def state(self) -> str:
        """In words."""
        return STATES.get(-1 if self.code is None else self.code, "could not be examined")


def read(directory: Path, environment: str) -> Examined:
    """The report of an environment, or that there is none."""
    place = directory / f"drift-{environment}"
    try:
        return Examined(environment=environment, code=int((place / "exit-code").read_text()), text=(place / "report.txt").read_text())
    except (OSError, ValueError) as error:
        return Examined(environment=environment, code=None, text=f"there is no report: {error}")


def track(github: GitHub, found: Sequence[Examined]) -> str:
    """Open, update or close the issue; returns what was done. It stays open while anything could not be examined. Raises GitHubError."""
    wrong = any(one.code != CLEAN for one in found)
    problem = Problem(title=title(found), body="\n".join(_body(found, github.run))) if wrong else None
    return keep(github, MARK, problem, "All environments are as they were deployed")


def title(found: Sequence[Examined]) -> str:
    """What is not as it should be, worst first."""
    wrong = sorted((one for one in found if one.code != CLEAN), key=lambda one: (one.code != 1, one.environment))
    return f"Drift: {'; '.join(f'{one.environment} {one.state}' for one in wrong)}"


def _body(found: Sequence[Examined], run: str) -> Iterator[str]:
    yield f"As [this run]({run}) found it. The issue is kept up to date, and closed once all is as it was deployed."
    yield "The README says under *repair drift* what to do; what was changed on purpose belongs into the program."
    for one in found:
        yield f"\n### {one.environment} {one.state}\n"
        if one.code != CLEAN:
            yield fenced(one.text, ROOM // len(found))


def main(words: Sequence[str] | None = None) -> int:
    """0 when the issue says what is so, 1 when GitHub did not take it."""
    parser = argparse.ArgumentParser(prog="python3 -m review.drift_issue", description=__doc__)
    parser.add_argument("--reports", type=Path, required=True, metavar="DIR")
    parser.add_argument("environments", nargs="+", help="all that should have been examined")
    asked = parser.parse_args(words)
    return command(lambda github: track(github, [read(asked.reports, name) for name in asked.environments]))


if __name__ == "__main__":
    sys.exit(main())
