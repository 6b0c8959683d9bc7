"""What people have to type before something is done that cannot be undone."""

import os
import sys

VARIABLE = "CONFIRM"
"""Says it where nobody can type."""


class NotConfirmedError(Exception):
    """It was not confirmed, so nothing was done; the text says how it is."""


def confirm(expected: str, question: str) -> None:
    """Return once `expected` was given, word by word. Raises NotConfirmedError."""
    given = os.environ.get(VARIABLE)
    if given is None and sys.stdin.isatty():
        given = input(f"{question}: type `{expected}` to go on: ")
    if given is None:
        raise NotConfirmedError(f'nothing was changed: {question} has to be confirmed; where nobody can type, by {VARIABLE}="{expected}"')
    if given.strip() != expected:
        raise NotConfirmedError(f"nothing was changed: {given.strip()!r} was given, allowed: {expected!r}")
