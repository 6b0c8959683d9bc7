"""Mistakes in a pipeline: refused with the place and the reason before any agent sees them."""

from pathlib import Path
from typing import cast

import pytest

from model.documents import mapping, read, to_yaml
from model.environment import load
from model.pipeline import FILE, GREATEST_LABELS
from tests.model.breaking import DURATION, complaints

GO = "; allowed: a pattern of Go (RE2)"

MISTAKES: dict[str, tuple[object, str]] = {
    "unknown kind of step": (
        {"jsn": {"fields": {"level": ["level"]}}},
        ".jsn: unknown key 'jsn'; allowed: cri, match, multiline, json, logfmt, regex, level, timestamp, drop, dropLevels, redact, limit, "
        "labels, metadata, keepLabels; did you mean 'json'?",
    ),
    "two kinds in one step": (
        {"cri": {"maxLine": "1Ki"}, "labels": ["level"]},
        ": has 2 kinds of step: cri, labels; allowed: just one",
    ),
    "no kind": ({}, ": has 0 kinds of step: ; allowed: just one"),
    "pattern that is none": (
        {"regex": {"expression": "(?P<level>["}},
        f".regex.expression: '(?P<level>[' is no regular expression: unterminated character set at position 10{GO}",
    ),
    "look-ahead": (
        {"drop": {"reason": "noise", "expression": "^(?!error)"}},
        f".drop.expression: '^(?!error)' uses (?!, which Go does not have{GO}",
    ),
    "back-reference": (
        {"regex": {"expression": r"(a)\1"}},
        rf".regex.expression: '(a)\1' uses \1, which Go does not have{GO}",
    ),
    "pattern within a match": (
        {"match": {"line": "x", "stages": [{"regex": {"expression": "("}}]}},
        f".match.stages[0].regex.expression: '(' is no regular expression: missing ), unterminated subpattern at position 0{GO}",
    ),
    "match of nothing": (
        {"match": {"stages": [{"labels": ["level"]}]}},
        ".match: must say which lines; allowed: either line or unless",
    ),
    "match of everything": (
        {"match": {"line": "x", "unless": "x", "stages": [{"labels": ["level"]}]}},
        ".match: must say which lines; allowed: either line or unless",
    ),
    "redaction of nothing": (
        {"redact": {"secret": "all", "expression": "secret=.*"}},
        ".redact.expression: 'secret=.*' has no group; allowed: groups, which are what is replaced",
    ),
    "label named like an id": (
        {"labels": ["level", "trace_id"]},
        ".labels[1]: label 'trace_id' has a value of its own for almost every line or pod, and each value is a stream; "
        "allowed: metadata, which makes no streams",
    ),
    "label that stays and is named like an id": (
        {"keepLabels": ["pod"]},
        ".keepLabels[0]: label 'pod' has a value of its own for almost every line or pod, and each value is a stream; "
        "allowed: metadata, which makes no streams",
    ),
    "too many labels": (
        {"keepLabels": [f"label{letter}" for letter in "abcdefghijklmnop"]},
        f".keepLabels: 16 labels were given; allowed: at most {GREATEST_LABELS}",
    ),
    "label that is none": (
        {"labels": ["Level"]},
        ".labels[0]: 'Level' was given; allowed: a label of lower-case letters, digits and underscores, beginning with a letter",
    ),
    "word of two levels": (
        {"level": {"words": {"warn": ["w"], "error": ["err", "w"]}}},
        ".level.words.error[1]: 'w' is in warn[0] already; allowed: each word once",
    ),
    "unknown level": (
        {"level": {"words": {"warning": ["w"]}}},
        ".level.words.warning: unknown key 'warning'; allowed: trace, debug, info, warn, error, critical, unknown; did you mean 'warn'?",
    ),
    "time without a unit": (
        {"multiline": {"firstLine": "x", "maxWait": "3", "maxLines": 10}},
        f".multiline.maxWait: '3' was given; allowed: {DURATION}",
    ),
    "limit of nothing": ({"limit": {"rate": 0, "burst": 1, "per": "pod"}}, ".limit.rate: 0 was given; allowed: at least 1"),
}


@pytest.mark.parametrize(("stage", "said"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_with_its_place_and_reason(project: Path, stage: object, said: str) -> None:
    content = read(project, FILE).content
    stages = cast("list[object]", content["stages"])
    (project / FILE).write_text(to_yaml({"stages": [*stages, stage]}))
    assert complaints(project) == [f"{FILE}: stages[{len(stages)}]{said}"]


@pytest.mark.parametrize("pattern", [r"\\1", r"\(\?=", "(?:a|b)", "(?i)x", "(?P<level>x)"])
def test_what_only_looks_like_a_mistake_is_none(project: Path, pattern: str) -> None:
    content = read(project, FILE).content
    stages = cast("list[object]", content["stages"])
    (project / FILE).write_text(to_yaml({"stages": [*stages, {"regex": {"expression": pattern}}]}))
    assert load(project, "dev").pipeline.stages[-1].regex is not None


def test_a_project_without_a_pipeline_is_refused(project: Path) -> None:
    (project / FILE).unlink()
    assert complaints(project) == [f"{FILE}: there is no such file; files there: hosts.yaml"]


def test_the_pipeline_of_the_project_is_understood(project: Path) -> None:
    assert mapping(read(project, FILE).content).keys() == {"stages"}
    assert len(load(project, "prod").pipeline.stages) > 10
