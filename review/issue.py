"""One issue for as long as something is wrong: opened, kept up to date, closed. Found again by its first line and its author."""

import os
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass

from review.github import LONGEST, GitHub, GitHubError, from_environment

NEEDS = "issues: write"

ROOM = LONGEST - 5_000
"""Characters for what programs printed; the rest is for what stands around it."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What the issue says while something is wrong."""

    title: str
    body: str


def keep(github: GitHub, mark: str, problem: Problem | None, all_clear: str) -> str:
    """Open, update or close the issue whose first line is ``mark``; returns what was done. Raises GitHubError.

    ``all_clear`` is a sentence without its full stop: the last comment when there is no problem any more.
    """
    issue = next((one for one in github.own("issues?state=open", mark, needs=NEEDS) if "pull_request" not in one), None)
    if problem is None:
        if issue is None:
            return all_clear
        path = f"issues/{issue['number']}"
        github.ask("POST", f"{path}/comments", {"body": f"{all_clear}, says [this run]({github.run})."}, needs=NEEDS)
        github.ask("PATCH", path, {"state": "closed", "state_reason": "completed"}, needs=NEEDS)
        return f"closed {issue.get('html_url')}"
    content = {"title": problem.title, "body": f"{mark}\n{problem.body}"}
    if issue:
        github.ask("PATCH", f"issues/{issue['number']}", content, needs=NEEDS)
        return f"updated {issue.get('html_url')}"
    github.ask("POST", "issues", content, needs=NEEDS)
    return "opened an issue"


def command(track: Callable[[GitHub], str]) -> int:
    """Keep an issue, and print what was done; 0 when it says what is so, 1 when GitHub did not take it."""
    try:
        print(track(from_environment(os.environ)))
    except GitHubError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def fenced(text: str, room: int) -> str:
    """What a program printed as a block of code, in whole lines that fit into ``room`` characters.

    Nothing in it ends the block or mentions anybody, whatever an object of the cluster is called.
    """
    text = cut(text.strip(), room)
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{fence}text\n{text}\n{fence}"


def cut(text: str, room: int) -> str:
    """The whole lines that fit into ``room`` characters, and how many more there are."""
    if len(text) <= room:
        return text
    kept = text[:room].rpartition("\n")[0]
    return f"{kept}\n... and {len(text.splitlines()) - len(kept.splitlines())} more lines in the run"
