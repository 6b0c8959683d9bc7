"""``python -m pictures [name ...]``: pictures of dashboards, messages and a comment, or those named; exit code 1 with what is missing."""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from dashboards.__main__ import every_system
from dashboards.board import Board
from dashboards.library import dashboards
from model.environment import load
from pictures import browser, example, grafana, live
from pictures.asking import Source
from pictures.browser import Browser, BrowserError
from pictures.comment import photograph_comment
from pictures.messages import photograph_messages
from pictures.page import WIDTH, page, page_height

ROOT = Path(__file__).resolve().parents[1]
DASHBOARDS = ROOT / "docs/dashboards"

MESSAGES = "messages"
"""The name of the pictures of messages."""

COMMENT = "pr-comment"
"""The name of the picture of a pull request's comment."""

MINUTES = 10.0
"""How long the servers with examples run before they are asked."""

CHOSEN: Mapping[str, Mapping[str, str]] = {
    "service": {"system": "dharma", "service": "api-gateway"},
    "traces": {"system": "dharma", "service": "api-gateway"},
}
"""What is chosen on dashboards that are about one service."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line for people."""
    parser = argparse.ArgumentParser(prog="python -m pictures", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"dashboards, '{MESSAGES}' or '{COMMENT}'; none named: all")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long the servers with examples run (%(default)g)")
    options = parser.parse_args(arguments)
    try:
        return Pictures(browser=browser.found(), names=options.names, minutes=options.minutes).take()
    except BrowserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


class Pictures:
    """All pictures that are wanted, each from where its data are."""

    def __init__(self, *, browser: Browser, names: Sequence[str], minutes: float) -> None:
        self._browser, self._names, self._minutes = browser, names, minutes

    def take(self) -> int:
        """Take them; 1 when some could not be."""
        if self._wanted(MESSAGES):
            photograph_messages(self._browser)
            say("messages")
        if self._wanted(COMMENT):
            photograph_comment(self._browser)
            say(COMMENT)
        here, others = self._boards()
        if url := grafana.wanted(os.environ):
            for board in (*here, *others):
                grafana.screenshot(self._browser, url, board.uid, DASHBOARDS / f"{board.uid}.png", page_height(json.loads(board.json)))
                say(f"{board.uid}: {url}")
            return 0
        missing = 0
        if here:
            try:
                self._draw(here, live.sandbox())
            except live.NoSandboxError as error:
                print(f"left as they are: {', '.join(board.uid for board in here)}: {error}", file=sys.stderr)
                missing = 1
        if others:
            with ExitStack() as stack:
                directory = Path(stack.enter_context(tempfile.TemporaryDirectory()))
                self._draw(others, stack.enter_context(example.example(every_system(), directory, self._minutes, say)))
        return missing

    def _boards(self) -> tuple[list[Board], list[Board]]:
        """The dashboards of dev, which a sandbox has, and all others."""
        here = [board for board in dashboards(load(ROOT, "dev")) if self._wanted(board.uid)]
        known = {board.uid for board in here}
        return here, [board for board in dashboards(every_system()) if self._wanted(board.uid) and board.uid not in known]

    def _wanted(self, name: str) -> bool:
        return not self._names or name in self._names

    def _draw(self, boards: Sequence[Board], source: Source) -> None:
        for board in boards:
            drawn = page(json.loads(board.json), board.folder.title, source.choosing(**CHOSEN.get(board.uid, {})))
            self._browser.of_text(drawn.html, DASHBOARDS / f"{board.uid}.png", WIDTH, drawn.height)
            say(f"{board.uid}: {source.words}")


def say(text: str) -> None:
    """What was done."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
