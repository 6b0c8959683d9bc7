"""The comment: short where little changes, red where data would go, details folded away."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from review.objects import ObjectChange

MARK = "<!-- observability-review -->"
"""The first line, by which the workflow finds the comment that it edits in place."""

LONGEST_LINE = 500
"""Characters of a line of a topic; what is longer is cut, as nobody reads it here."""

MOST_LINES = (40, 20, 10, 5, 1)
"""Lines of a topic: as many as let the whole fit."""

LONGEST_ALARM = 1000
"""Characters of a line of an alarm."""

LONGEST = 65_000
"""Characters of the whole. GitHub takes 65,536, and who publishes it adds a line."""


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
    texts = (_comment(reviews, base, most) for most in MOST_LINES)
    return next((text for text in texts if len(text) <= LONGEST), _comment(reviews, base, MOST_LINES[-1]))


def _comment(reviews: Sequence[EnvironmentReview], base: str, most: int) -> str:
    title = f"## What this changes, against `{base}`"
    return "\n".join([MARK, title, "", *_overview(reviews), *_alarms(reviews, most), *_details(reviews, most)]) + "\n"


def _overview(reviews: Sequence[EnvironmentReview]) -> Iterator[str]:
    yield "| environment | created | changed | replaced | deleted | dollars a month | check |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for review in reviews:
        counts = [sum(change.operation == operation for change in review.objects) for operation in _OPERATIONS]
        before, after = review.costs
        cost = "" if review.problem else f"{after:.2f}" if before == after else f"{before:.2f} → {after:.2f} ({after - before:+.2f})"
        check = "not comparable" if review.problem else f"{len(review.findings)} finding(s)" if review.findings else "nothing wrong"
        yield f"| {review.name} | {' | '.join(str(count) if count else '' for count in counts)} | {cost} | {check} |"
    yield ""


def _alarms(reviews: Sequence[EnvironmentReview], most: int) -> Iterator[str]:
    """What must not be overlooked; GitHub shows these in red."""
    for review in reviews:
        losses = [change for change in review.objects if change.is_loss]
        kept = [f"**{review.name}: {change.operation}, with the data that it holds:** {change}" for change in losses]
        wrong = (*((review.problem,) if review.problem else ()), *review.findings)
        refused = [f"**{review.name}: the guard:** {text}" for text in review.refusals]
        alarms = [*kept, *refused, *(f"**{review.name}:** {text}" for text in wrong)]
        for alarm in alarms[:most]:
            yield _alarm(alarm)
        if len(alarms) > most:
            yield _alarm(
                f"**{review.name}:** … and {len(alarms) - most} more: `make pr-comment` and `make check ENV={review.name}` tell all"
            )


def _alarm(text: str) -> str:
    # Whatever a program printed stays within the alarm: an empty line would end it.
    lines = (_plain(_cut(line, LONGEST_ALARM)) for line in text.splitlines()[: MOST_LINES[0]])
    return "\n".join(["> [!CAUTION]", *(f"> {line}".rstrip() for line in lines), ""])


def _details(reviews: Sequence[EnvironmentReview], most: int) -> Iterator[str]:
    for review in reviews:
        if review.is_unchanged:
            continue
        yield f"### {review.name}"
        yield ""
        for topic, lines in review.topics.items():
            if lines:
                yield from _folded(f"{topic}: {len(lines)}", lines, most, opened=True)
        for operation in _OPERATIONS:
            found = [change for change in review.objects if change.operation == operation]
            if found:
                title, lines = f"Objects {operation}: {len(found)}", [_object(change) for change in found]
                yield from _folded(title, lines, most, opened=operation == "replaced")
    if all(review.is_unchanged for review in reviews):
        yield "Nothing that is deployed changes."


def _object(change: ObjectChange) -> str:
    fields = f" ({', '.join(f'`{field}`' for field in change.fields)})" if change.fields and not change.reason else ""
    return f"{change}{fields}"


def _folded(title: str, lines: Sequence[str], most: int, *, opened: bool) -> Iterator[str]:
    yield f"<details{' open' if opened else ''}><summary>{title}</summary>"
    yield ""
    for line in lines[:most]:
        yield f"- {_plain(_cut(' '.join(line.split()), LONGEST_LINE))}"
    if len(lines) > most:
        yield f"- … and {len(lines) - most} more"
    yield ""
    yield "</details>"
    yield ""


def _cut(line: str, longest: int) -> str:
    return line if len(line) <= longest else f"{line[:longest]}…"


def _plain(line: str) -> str:
    """Without HTML: GitHub would leave out what it takes for a tag, and an opened comment would hide all that follows."""
    return _CODE_OR_TAG.sub(lambda found: "&lt;" if found[0] == "<" else found[0], line)


_CODE_OR_TAG = re.compile(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)|<")

_OPERATIONS = ("created", "changed", "replaced", "deleted")
