"""A fault that the tests of a rule show is noticed, what is none is not, and what cannot be evaluated hides nothing."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.toolchain import tool
from tests.rules.mutate import equivalents, survivors
from tests.rules.operators import mutants
from tests.rules.rulebook import alerts, recordings

RULES = {rule.id: rule for rule in [*alerts(), *recordings()]}


@pytest.mark.binaries
def test_what_is_a_fault_is_noticed_and_nothing_else() -> None:
    alert, record = RULES["ServiceDown"], RULES["service:http_error_ratio:rate5m"]
    changes = {
        alert: {
            "what cannot be evaluated": {**alert.fields, "expr": "up * on () up"},
            "nothing": alert.fields,
            "told too late": {**alert.fields, "for": "5m"},
        },
        record: {"nothing": record.fields, "twice as much": {**record.fields, "expr": f"2 * ({record.expression})"}},
    }
    assert survivors(changes, jobs=1) == {alert: ["nothing"], record: ["nothing"]}


@pytest.mark.binaries
def test_a_rule_that_fails_as_it_is_is_told() -> None:
    alert = RULES["ServiceDown"]
    elsewhere = replace(alert, fields={**alert.fields, "alert": "Other"})
    with pytest.raises(RuntimeError, match="ServiceDown"):
        survivors({elsewhere: {"nothing": alert.fields}}, jobs=1)


@pytest.mark.binaries
def test_every_mutant_is_a_rule_that_loads(tmp_path: Path) -> None:
    every = [dict(fields) for rule in RULES.values() for _, fields in mutants(rule)]
    (tmp_path / "mutants.yaml").write_text(json.dumps({"groups": [{"name": "mutants", "rules": every}]}))
    command = [tool("promtool"), "check", "rules", "--lint=none", "mutants.yaml"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.stderr == ""
    assert len(every) > 4000


def test_what_is_called_equivalent_is_a_mutant_and_has_a_reason() -> None:
    every = {(rule.id, what) for rule in RULES.values() for what, _ in mutants(rule)}
    assert set(equivalents()) - every == set()
    assert [what for what, reason in equivalents().items() if len(reason.split()) < 5] == []
