"""One change that could lose something, as people read it and accept it."""

from dataclasses import dataclass

NOTHING = "nothing"
"""What stands on the side of a change where there is nothing."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """A fact that would not be as it was, or, where there is no ``before``, one that must not be as it is."""

    what: str
    """The fact, such as ``logs.retention``."""

    before: str = ""
    after: str
    why: str
    """What would be lost or go wrong."""

    way_out: str
    """What to do instead, or before it is accepted."""

    @property
    def line(self) -> str:
        """The change in one line: what an environment accepts it by."""
        return f"{self.what}: {self.before} -> {self.after}" if self.before else f"{self.what}: {self.after}"

    def __str__(self) -> str:
        return f"{self.line}\n    why: {self.why}\n    way out: {self.way_out}"
