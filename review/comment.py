"""The comment: short where little changes, red where data would go, details folded away."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from review.objects import ObjectChange

MARK = "<!-- observability-review -->"
"""The first line, by which the workflow finds the comment that it edits in place."""

LONGEST_LINE = 300
"""Characters of a line of a topic; what is longer is cut, as nobody reads it here."""

MOST_LINES = 40
"""Lines of a topic; GitHub takes 65,536 characters a comment."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentReview:
    """What a change does to one environment."""

    name: str
    objects: Sequence[ObjectChange]
    topics: Mapping[str, Sequence[str]]
    """Lines by topic, such as ``Alerts``; topics without lines are left out."""

    costs: tuple[float, float]
    """Dollars a month before and after."""

    findings: Sequence[str] = ()
    """What `make check` says is wrong."""

    refusals: Sequence[str] = ()
    """What the guard says of the change (docs/decisions/0013-change-guard.md)."""

    problem: str = ""
    """Why it could not be compared, if so."""

    @property
    def is_unchanged(self) -> bool:
        """Whether there is nothing to say."""
        return not (
            self.objects or any(self.topics.values()) or self.findings or self.refusals or self.problem or self.costs[0] != self.costs[1]
        )


def comment(reviews: Sequence[EnvironmentReview], base: str) -> str:
    """The whole comment, as GitHub Markdown."""
    title = f"## What this changes, against `{base}`"
    return "\n".join([MARK, title, "", *_overview(reviews), *_alarms(reviews), *_details(reviews)]) + "\n"


def _overview(reviews: Sequence[EnvironmentReview]) -> Iterator[str]:
    yield "| environment | created | changed | replaced | deleted | dollars a month | check |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for review in reviews:
        counts = [sum(change.operation == operation for change in review.objects) for operation in _OPERATIONS]
        before, after = review.costs
        cost = f"{after:.2f}" if before == after else f"{before:.2f} → {after:.2f} ({after - before:+.2f})"
        check = "not comparable" if review.problem else f"{len(review.findings)} finding(s)" if review.findings else "nothing wrong"
        yield f"| {review.name} | {' | '.join(str(count) if count else '' for count in counts)} | {cost} | {check} |"
    yield ""


def _alarms(reviews: Sequence[EnvironmentReview]) -> Iterator[str]:
    """What must not be overlooked; GitHub shows these in red."""
    for review in reviews:
        losses = [change for change in review.objects if change.is_loss]
        for change in losses:
            yield "> [!CAUTION]"
            yield f"> **{review.name}: {change.operation}, with the data that it holds:** {change}"
            yield ""
        for text in review.refusals:
            yield "> [!CAUTION]"
            yield f"> **{review.name}: the guard:** {text}"
            yield ""
        for text in (*((review.problem,) if review.problem else ()), *review.findings):
            yield "> [!CAUTION]"
            yield f"> **{review.name}:** {text}"
            yield ""


def _details(reviews: Sequence[EnvironmentReview]) -> Iterator[str]:
    for review in reviews:
        if review.is_unchanged:
            continue
        yield f"### {review.name}"
        yield ""
        for topic, lines in review.topics.items():
            if lines:
                yield from _folded(f"{topic}: {len(lines)}", lines, opened=True)
        for operation in _OPERATIONS:
            found = [change for change in review.objects if change.operation == operation]
            if found:
                title, lines = f"Objects {operation}: {len(found)}", [_object(change) for change in found]
                yield from _folded(title, lines, opened=operation == "replaced")
    if all(review.is_unchanged for review in reviews):
        yield "Nothing that is deployed changes."


def _object(change: ObjectChange) -> str:
    fields = f" ({', '.join(f'`{field}`' for field in change.fields)})" if change.fields and not change.reason else ""
    return f"{change}{fields}"


def _folded(title: str, lines: Sequence[str], *, opened: bool) -> Iterator[str]:
    yield f"<details{' open' if opened else ''}><summary>{title}</summary>"
    yield ""
    for line in lines[:MOST_LINES]:
        yield f"- {line if len(line) <= LONGEST_LINE else f'{line[:LONGEST_LINE]}…'}"
    if len(lines) > MOST_LINES:
        yield f"- … and {len(lines) - MOST_LINES} more"
    yield ""
    yield "</details>"
    yield ""


_OPERATIONS = ("created", "changed", "replaced", "deleted")
