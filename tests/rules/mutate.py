"""``make mutate``: breaks every rule in every way that ``operators`` knows, and counts how many of those its tests notice."""

import argparse
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from model.documents import mapping
from sandbox.toolchain import tool
from tests.rules.cases import Test, cases_by_rule, given_names
from tests.rules.judging import judge, write
from tests.rules.operators import Fields, mutants
from tests.rules.rulebook import TESTS, Rule, alerts, needed, recordings

EQUIVALENT_FILE = TESTS / "equivalent.yaml"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "observability/mutants"
"""What was found out about a rule, by the digest of everything that it depends on: outside the tree, and never wrong."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of the mutants of one rule."""

    rule: str
    file: str
    killed: tuple[str, ...]
    survived: tuple[str, ...]
    equivalent: tuple[str, ...]
    """Those that survived as they change nothing, with the reason in ``equivalent.yaml``."""


@cache
def equivalents() -> dict[tuple[str, str], str]:
    """Changes that change nothing, by rule and change, with the reason."""
    content = yaml.safe_load(EQUIVALENT_FILE.read_text())
    return {(rule, change): str(reason) for rule, changes in mapping(content).items() for change, reason in mapping(changes).items()}


def examine(rules: Sequence[Rule], jobs: int = 2) -> list[Result]:
    """The results of rules, from the cache where nothing changed."""
    unknown = [rule for rule in rules if not _cached(rule).exists()]
    for start in range(0, len(unknown), 20):
        chunk = unknown[start : start + 20]
        _examine_now(chunk, jobs)
        _say(f"{min(start + 20, len(unknown))} of {len(unknown)} rules examined")
    return [_result(rule) for rule in rules]


def _examine_now(rules: Sequence[Rule], jobs: int) -> None:
    """Most mutants fail the first tests; only those that pass are given the others."""
    every = {(rule.id, what): (rule, fields) for rule in rules for what, fields in mutants(rule)}
    passed = _passing(every, _is_quick, jobs)
    survived = _passing({key: every[key] for key in passed}, lambda test: not _is_quick(test), jobs)
    CACHE.mkdir(parents=True, exist_ok=True)
    for rule in rules:
        left = [what for name, what in survived if name == rule.id]
        noticed = [what for name, what in every if name == rule.id and (name, what) not in survived]
        _cached(rule).write_text(json.dumps({"killed": noticed, "survived": left}))


def _is_quick(test: Test) -> bool:
    return str(test["name"]).rpartition(": ")[2] in ("fires", "boundary", "value")


def _passing(every: Mapping[tuple[str, str], tuple[Rule, Fields]], only: Callable[[Test], bool], jobs: int) -> set[tuple[str, str]]:
    """The mutants that pass some of their rule's tests."""
    if not every:
        return set()
    with tempfile.TemporaryDirectory(prefix="observability-mutants-") as directory:
        targets = {
            write(Path(directory), f"m{index}", rule, fields, only): key for index, (key, (rule, fields)) in enumerate(every.items())
        }
        verdicts = judge(tool("promtool"), list(targets), jobs)
    return {key for target, key in targets.items() if not verdicts[target.name]}


def _cached(rule: Rule) -> Path:
    return CACHE / f"{_digest(rule)}.json"


@cache
def _digest(rule: Rule) -> str:
    tests = cases_by_rule().get(rule.id, ())
    needs = [dict(other.fields) for other in needed(rule, given_names(tests))]
    tools = [(TESTS / name).read_text() for name in ("operators.py", "judging.py")]
    return hashlib.sha256(json.dumps([needs, tests, tools], sort_keys=True, default=str).encode()).hexdigest()[:32]


def _result(rule: Rule) -> Result:
    found = json.loads(_cached(rule).read_text())
    alike = [what for what in found["survived"] if (rule.id, what) in equivalents()]
    return Result(
        rule=rule.id,
        file=rule.file,
        killed=tuple(found["killed"]),
        survived=tuple(what for what in found["survived"] if what not in alike),
        equivalent=tuple(alike),
    )


def score(results: Iterable[Result]) -> tuple[int, int]:
    """(mutants that were noticed, mutants that could be)."""
    counted = list(results)
    killed = sum(len(result.killed) for result in counted)
    return killed, killed + sum(len(result.survived) for result in counted)


def report(results: Sequence[Result]) -> str:
    """The score by file, the survivors, and what is equivalent, as a page."""
    killed, possible = score(results)
    lines = [
        "# Mutation score of the rules",
        "",
        "Made by `make mutate`. Each rule is broken in every way of `tests/rules/operators.py` (comparison flipped, boundary moved,",
        "number doubled and halved, matcher, grouping or join label dropped, function exchanged, range three times as long, `for` doubled",
        "and dropped, one side of `and`, `or` and `unless` alone, severity shifted, label or template dropped); promtool runs its tests.",
        "",
        f"**{killed} of {possible} mutants are noticed: {killed / possible:.1%}.** "
        f"{sum(len(result.equivalent) for result in results)} more change nothing (below, with the reason).",
        "",
        "| file | rules | mutants | noticed | equivalent |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for file in sorted({result.file for result in results}):
        of_file = [result for result in results if result.file == file]
        some, all_ = score(of_file)
        lines.append(f"| {file} | {len(of_file)} | {all_} | {some / all_:.1%} | {sum(len(result.equivalent) for result in of_file)} |")
    lines += ["", "## Survivors", ""]
    lines += [f"- `{result.rule}`: {what}" for result in results for what in result.survived] or ["None."]
    lines += ["", "## Equivalent", ""]
    lines += [f"- `{result.rule}`: {what}. {equivalents()[result.rule, what]}" for result in results for what in result.equivalent]
    return "\n".join(lines) + "\n"


def main(words: Sequence[str] | None = None) -> int:
    """Run the command; 0 when the score is reached."""
    parser = argparse.ArgumentParser(prog="make mutate", description=__doc__)
    parser.add_argument("--file", help="only the rules of this file, such as configs/rules/slo.yaml")
    parser.add_argument("--jobs", type=int, default=2, help="programs at a time")
    parser.add_argument("--least", type=float, default=0.95, help="the share that has to be noticed")
    parser.add_argument("--out", type=Path, help="where to write the page")
    asked = parser.parse_args(words)
    rules = [rule for rule in [*alerts(), *recordings()] if not asked.file or rule.file == asked.file]
    if not rules:
        parser.error(f"no rule is in {asked.file}")
    results = examine(rules, asked.jobs)
    killed, possible = score(results)
    for result in results:
        for what in result.survived:
            _say(f"not noticed: {result.rule}: {what}")
    _say(f"{killed} of {possible} mutants noticed: {killed / possible:.1%}")
    if asked.out:
        asked.out.write_text(report(results))
    return 0 if killed >= asked.least * possible else 1


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
