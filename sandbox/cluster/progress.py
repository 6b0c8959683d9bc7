"""Progress on stderr: one line a step with the seconds it took."""

import time
from collections.abc import Generator
from contextlib import contextmanager

from rich.console import Console

console = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


@contextmanager
def step(text: str) -> Generator[None]:
    """Show `text` while the block runs (a spinner on a terminal), and a line with the elapsed seconds when it has ended."""
    begin = time.monotonic()
    with console.status(f"{text} ..."):
        yield
    console.print(f"{time.monotonic() - begin:6.1f} s  {text}")


def say(text: str) -> None:
    """Print one line on stderr."""
    console.print(f"          {text}")
