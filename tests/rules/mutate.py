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
from model.slo import WINDOWS
from sandbox.toolchain import tool
from tests.rules.cases import Test, cases_by_rule, given_names
from tests.rules.judging import judge, write_together
from tests.rules.operators import Fields, mutants
from tests.rules.rulebook import TESTS, Rule, alerts, needed, recordings

EQUIVALENT_FILE = TESTS / "equivalent.yaml"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "observability/mutants"
"""What promtool said of broken rules, by the digest of rule and tests: outside the tree, and never wrong."""


AT_A_TIME = 8
"""Rules between two words on how far it is."""


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
    return {
        (rule.replace("<w>", window), change): str(reason)
        for rule, changes in mapping(content).items()
        for change, reason in mapping(changes).items()
        for window in (WINDOWS if "<w>" in rule else ("",))
    }


def examine(rules: Sequence[Rule], jobs: int = 2) -> list[Result]:
    """The results of rules, from the cache where nothing changed."""
    results: list[Result] = []
    for start in range(0, len(rules), AT_A_TIME):
        chunk = rules[start : start + AT_A_TIME]
        unknown = [rule for rule in chunk if not _cached(rule).exists()]
        for rule, survived in survivors({rule: dict(mutants(rule)) for rule in unknown}, jobs).items():
            _cached(rule).parent.mkdir(parents=True, exist_ok=True)
            _cached(rule).write_text(json.dumps(survived))
        results += [_result(rule, json.loads(_cached(rule).read_text())) for rule in chunk]
        _say(f"{len(results)} of {len(rules)} rules examined")
    return results


def survivors(changes: Mapping[Rule, Mapping[str, Fields]], jobs: int) -> dict[Rule, list[str]]:
    """Those changes of rules that no test notices, by what was done. Most fail the first tests; only the others are given all.

    Raises RuntimeError when promtool complains without saying of what: when a rule fails as it is.
    """
    left = {rule: {f"{_own_name(rule)}__{index}__": what for index, what in enumerate(of_rule)} for rule, of_rule in changes.items()}
    for only in (_is_telling, None):
        again = [rule for rule, names in left.items() if names]
        while again:
            noticed = _noticed({rule: {name: changes[rule][what] for name, what in left[rule].items()} for rule in again}, only, jobs)
            for rule, names in noticed.items():
                left[rule] = {name: what for name, what in left[rule].items() if name not in names}
            # Where one cannot be evaluated, the others are not judged: so until nothing more is noticed.
            again = [rule for rule, names in noticed.items() if names and left[rule]]
    return {rule: list(names.values()) for rule, names in left.items()}


def _is_telling(test: Test) -> bool:
    return str(test["name"]).partition(": ")[2] in ("fires", "boundary", "value")


def _noticed(variants: Mapping[Rule, Mapping[str, Fields]], only: Callable[[Test], bool] | None, jobs: int) -> dict[Rule, list[str]]:
    """The names of those variants that fail a test."""
    with tempfile.TemporaryDirectory(prefix="observability-mutants-") as directory:
        targets = {
            rule: write_together(Path(directory), f"r{index}", rule, named, only) for index, (rule, named) in enumerate(variants.items())
        }
        verdicts = judge(tool("promtool"), list(targets.values()), jobs, at_once=-(-len(targets) // jobs))
    found: dict[Rule, list[str]] = {}
    for rule, target in targets.items():
        said = verdicts[target.name]
        found[rule] = [name for name in variants[rule] if name in said]
        if said and not found[rule]:
            raise RuntimeError(f"{rule.id}: {said}")
    return found


def _own_name(rule: Rule) -> str:
    return str(rule.fields["alert"]) if rule.is_alert else rule.makes


def _cached(rule: Rule) -> Path:
    return CACHE / f"{_digest(rule)}.json"


@cache
def _digest(rule: Rule) -> str:
    tests = cases_by_rule().get(rule.id, ())
    needs = [dict(other.fields) for other in needed(rule, given_names(tests))]
    return hashlib.sha256(json.dumps([needs, tests, list(mutants(rule)), str(tool("promtool"))], default=str).encode()).hexdigest()[:32]


def _result(rule: Rule, left: Sequence[str]) -> Result:
    return Result(
        rule=rule.id,
        file=rule.file,
        killed=tuple(what for what, _ in mutants(rule) if what not in left),
        survived=tuple(what for what in left if (rule.id, what) not in equivalents()),
        equivalent=tuple(what for what in left if (rule.id, what) in equivalents()),
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
