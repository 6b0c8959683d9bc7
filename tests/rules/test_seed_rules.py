"""Every alert and recording rule that a seed names is there, where the table says."""

import re

from model.documents import each, read
from tests.rules.rulebook import ROOT

TABLE = (ROOT / "docs/seed-rules.md").read_text()
ROWS = re.findall(r"^\| (00\d) \| (\S+) \| (\S+\.yaml) \|", TABLE, flags=re.MULTILINE)


def test_the_rules_of_all_seeds_are_where_the_table_says() -> None:
    missing = [(name, file) for _, name, file in ROWS if name not in names(file)]
    assert missing == []


def names(file: str) -> set[str]:
    """The names of the rules of a file."""
    content = read(ROOT, f"configs/rules/{file}").content
    return {str(name) for kind in ("alert", "record") for _, name in each(content, "groups", "*", "rules", "*", kind)}


def test_the_table_has_all_that_the_seeds_name() -> None:
    count = {seed: sum(1 for other, _, _ in ROWS if other == seed) for seed in ("000", "001", "002", "003", "004")}
    # As counted in the seeds: 000 seven headings, of which one is two alerts; 001 three alerts and two series; 002 fourteen and six.
    assert count == {"000": 8, "001": 5, "002": 20, "003": 6, "004": 28}


def test_a_rule_that_is_not_there_is_noticed() -> None:
    assert "ServiceDown" in names("services.yaml")
    assert "ServiceGone" not in names("services.yaml")
