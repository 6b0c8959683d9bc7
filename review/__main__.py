"""``python -m review --base main``: the comment for a pull request, as Markdown on standard output."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from review.comment import EnvironmentReview, comment
from review.compare import names, review


def main(words: Sequence[str] | None = None) -> int:
    """0 when every environment could be compared and nothing is wrong with it, else 1; the comment is written in both cases."""
    parser = argparse.ArgumentParser(prog="python -m review", description=__doc__)
    parser.add_argument("--base", required=True, metavar="COMMIT", help="the commit or branch that the change is to be merged into")
    parser.add_argument("--out", type=Path, metavar="FILE", help="where to write the comment instead")
    asked = parser.parse_args(words)
    text = comment(reviews := _reviews(asked.base), asked.base)
    if asked.out:
        asked.out.write_text(text)
    else:
        sys.stdout.write(text)
    return 1 if any(one.problem or one.findings for one in reviews) else 0


def _reviews(base: str) -> list[EnvironmentReview]:
    found: list[EnvironmentReview] = []
    for name in names(base):
        print(f"comparing {name} with {base}", file=sys.stderr)
        found.append(review(name, base))
    return found


if __name__ == "__main__":
    sys.exit(main())
