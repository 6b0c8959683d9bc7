"""What happens to a log line between its node and Loki: the typed form of ``configs/pipelines``, whichever agent does it."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field

from model.base import Model
from model.documents import Document, children, each, is_mapping, mapping
from model.errors import Finding
from model.quantities import Duration, Size, Text

FILE = "configs/pipelines/containers.yaml"
"""The pipeline of all containers' lines."""

HOSTS_FILE = "configs/pipelines/hosts.yaml"
"""The pipeline of the lines in nodes' own files."""

Level = Literal["trace", "debug", "info", "warn", "error", "critical", "unknown"]
"""How bad it is what a line tells, in the words that all lines get."""

LEVELS: tuple[Level, ...] = get_args(Level)

Pattern = Annotated[str, Field(min_length=1)]
"""A regular expression as Go writes them (RE2): no look-around and no back-references."""

Label = Annotated[str, Text(r"[a-z][a-z0-9_]*", "a label of lower-case letters, digits and underscores, beginning with a letter")]
"""The name of a label, or of a value found in a line."""

GREATEST_LABELS = 15
"""Loki refuses streams with more labels."""

_IDENTIFIERS = re.compile(r"(.*_)?(id|uid|uuid|guid|ip|pod|filename|path|url|email|user|session|request|trace|span|timestamp|ts|time)")
_NOT_RE2 = re.compile(r"(?<!\\)(?:\\\\)*(?:\(\?(?:=|!|<=|<!|>|\(|P=|#)|\\[1-9])")


class Cri(Model):
    """Takes the container runtime's frame off: the time, the stream, and whether the line goes on in the next."""

    max_line: Size
    """Longer lines are cut here."""


class Match(Model):
    """Stages for some lines only; either ``line`` or ``unless``."""

    line: Pattern | None = None
    """The lines that match this pattern."""

    unless: Pattern | None = None
    """The lines that do not match this pattern."""

    stages: "tuple[Stage, ...]" = Field(min_length=1)


class Multiline(Model):
    """Puts the lines of a stack trace together."""

    first_line: Pattern
    """What the first of them matches, and no other."""

    max_wait: Duration
    """How long a line waits for the next."""

    max_lines: int = Field(ge=2, le=10_000)


class Fields(Model):
    """Finds values in a line."""

    fields: dict[Label, Annotated[tuple[str, ...], Field(min_length=1)]]
    """The name of each value, and the keys that it may have in the line, the best first."""


class Regex(Model):
    """Finds values in a line by the named groups of a pattern."""

    expression: Pattern


class Normalise(Model):
    """Gives every line one of our levels, from what was found as ``level``."""

    words: dict[Level, tuple[str, ...]]
    """What each level may be called, in lower case; what is in no list is ``unknown``."""


class Timestamp(Model):
    """Takes the line's own time where it has one; the time of the container runtime stays otherwise."""

    source: Label
    formats: tuple[Literal["RFC3339", "RFC3339Nano", "Unix", "UnixMs", "UnixNs"], ...] = Field(min_length=1)


class Drop(Model):
    """Drops lines that match."""

    reason: Label
    """The ``reason`` label of the counter of dropped lines."""

    sources: tuple[Label, ...] = ()
    """The values that are matched, joined by semicolons; the line when there are none."""

    expression: Pattern


class DropLevels(Model):
    """Drops the levels that the environment does not want (``logs.agent.dropLevels``)."""

    reason: Label


class Redact(Model):
    """Puts ``[redacted]`` in the place of secrets."""

    secret: str
    """What it is, for people."""

    expression: Pattern
    """What it looks like; its groups are replaced."""


class Limit(Model):
    """Drops what is too much, so that one loud pod does not drown the others.

    It counts what is read soon after it was written, within ``burst / rate`` seconds. What is read later has waited, for Loki or for the
    agent, and comes all at once although nobody was loud.
    """

    rate: int = Field(ge=1)
    """Lines a second."""

    burst: int = Field(ge=1)
    """Lines at once."""

    per: Label
    """The label whose values are limited, each by itself."""


class Stage(Model):
    """One step; just one of its keys is there."""

    cri: Cri | None = None
    match: Match | None = None
    multiline: Multiline | None = None
    json_: Fields | None = Field(default=None, alias="json")
    logfmt: Fields | None = None
    regex: Regex | None = None
    level: Normalise | None = None
    timestamp: Timestamp | None = None
    drop: Drop | None = None
    drop_levels: DropLevels | None = None
    redact: Redact | None = None
    limit: Limit | None = None
    labels: tuple[Label, ...] | None = None
    """Values that become labels."""

    metadata: tuple[Label, ...] | None = None
    """Values and labels that become structured metadata: found with the line, but making no streams."""

    keep_labels: tuple[Label, ...] | None = None
    """The labels that stay; all others go."""


class Pipeline(Model):
    """The stages in their order."""

    stages: tuple[Stage, ...] = Field(min_length=1)

    def redacting(self, other: "Pipeline") -> "Pipeline":
        """The same, and at its end the redaction of what is a secret in ``other``."""
        return Pipeline(stages=(*self.stages, *(stage for stage in other.stages if stage.redact)))


Match.model_rebuild()


def check_pipeline(pipeline: Document) -> Iterator[Finding]:
    """One kind of step each, patterns that the agents understand, labels that do not explode, words that mean one level."""
    for key, stage in _stages("", pipeline.content):
        kinds = list(mapping(stage))
        if len(kinds) != 1:
            yield Finding(file=pipeline.file, key=key, problem=f"has {len(kinds)} kinds of step: {', '.join(kinds)}", allowed="just one")
        for name, expression in _patterns(stage):
            if problem := _refused(expression):
                yield Finding(file=pipeline.file, key=f"{key}.{name}", problem=f"'{expression}' {problem}", allowed="a pattern of Go (RE2)")
        for name, finding in (*_wrong_match(stage), *_wrong_redaction(stage), *_wrong_labels(stage), *_wrong_words(stage)):
            yield Finding(file=pipeline.file, key=f"{key}.{name}", problem=finding[0], allowed=finding[1])


def _stages(prefix: str, parent: object) -> Iterator[tuple[str, object]]:
    for key, stage in each(parent, "stages", "*"):
        yield prefix + key, stage
        yield from _stages(f"{prefix}{key}.match.", mapping(stage).get("match"))


def _patterns(stage: object) -> Iterator[tuple[str, str]]:
    for kind, value in children(stage):
        for name in ("line", "unless", "firstLine", "expression"):
            pattern = mapping(value).get(name)
            if isinstance(pattern, str):
                yield f"{kind}.{name}", pattern


def _refused(pattern: str) -> str:
    """Why Go would refuse a pattern; nothing when it would not."""
    if found := _NOT_RE2.search(pattern):
        return f"uses {found[0]}, which Go does not have"
    try:
        re.compile(pattern)
    except re.error as error:
        return f"is no regular expression: {error}"
    return ""


Wrong = tuple[str, tuple[str, str]]
"""The key within a stage, what is wrong with it and what would be right."""


def _wrong_match(stage: object) -> Iterator[Wrong]:
    value = mapping(stage).get("match")
    if is_mapping(value) and ("line" in value) == ("unless" in value):
        yield "match", ("must say which lines", "either line or unless")


def _wrong_redaction(stage: object) -> Iterator[Wrong]:
    for key, pattern in each(stage, "redact", "expression"):
        if isinstance(pattern, str) and not _refused(pattern) and not re.compile(pattern).groups:
            yield key, (f"'{pattern}' has no group", "groups, which are what is replaced")


def _wrong_labels(stage: object) -> Iterator[Wrong]:
    for kind in ("labels", "keepLabels"):
        names = [(key, name) for key, name in each(stage, kind, "*") if isinstance(name, str)]
        for key, name in names:
            if _IDENTIFIERS.fullmatch(name):
                problem = f"label '{name}' has a value of its own for almost every line or pod, and each value is a stream"
                yield key, (problem, "metadata, which makes no streams")
        if len(names) > GREATEST_LABELS:
            yield kind, (f"{len(names)} labels were given", f"at most {GREATEST_LABELS}")


def _wrong_words(stage: object) -> Iterator[Wrong]:
    first: dict[object, str] = {}
    for key, word in each(stage, "level", "words", "*", "*"):
        if first.setdefault(word, key) != key:
            yield key, (f"'{word}' is in {first[word].rpartition('words.')[2]} already", "each word once")
