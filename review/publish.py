"""``python3 -m review.publish --pull-request 12 comment.md``: the one comment of a pull request, made once and then edited in place."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from review.github import GitHub, GitHubError, from_environment

NEEDS = "pull-requests: write"


def publish(github: GitHub, pull_request: int, text: str) -> str:
    """Edit the comment with the same first line, or make it; returns what was done. Raises GitHubError."""
    mark = text.partition("\n")[0].strip()
    if not (mark.startswith("<!--") and mark.endswith("-->")):
        raise GitHubError("this is no comment of `make pr-comment`: it does not begin with a mark, so it would be made anew each time")
    body = {"body": f"{text.rstrip()}\n\nFrom [this run]({github.run}), which has the previews too.\n"}
    comments = f"issues/{pull_request}/comments"
    for comment in github.own(comments, mark, needs=NEEDS):
        github.ask("PATCH", f"issues/comments/{comment['id']}", body, needs=NEEDS)
        return f"edited {comment.get('html_url')}"
    github.ask("POST", comments, body, needs=NEEDS)
    return f"made the comment of #{pull_request}"


def main(words: Sequence[str] | None = None) -> int:
    """0 when the comment is there, 1 when not."""
    parser = argparse.ArgumentParser(prog="python3 -m review.publish", description=__doc__)
    parser.add_argument("--pull-request", type=int, required=True, metavar="NUMBER")
    parser.add_argument("file", type=Path, help="what `make pr-comment` wrote")
    asked = parser.parse_args(words)
    try:
        print(publish(from_environment(os.environ), asked.pull_request, asked.file.read_text()))
    except (GitHubError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
