"""The past of Loki's schema cannot be changed by mistake: what was deployed is on record, and what is new lies ahead."""

from datetime import date
from pathlib import Path

import pytest

from model.documents import Document, each, mapping, read, to_yaml
from model.environment import from_config, load
from model.errors import InvalidConfiguration
from model.log_schema import FILE, RECORD, check_log_schema
from tests.model.breaking import DEV, complaints

FIRST: dict[str, object] = {"from": "2026-01-01", "store": "tsdb", "schema": "v13", "prefix": "index_", "period": "24h"}
SECOND = {**FIRST, "from": "2027-03-01", "prefix": "tables_"}
APPEND = "; allowed: what was deployed, unchanged; a new period after it"
TODAY = date(2027, 2, 1)


def said(periods: list[dict[str, object]], deployed: list[dict[str, object]]) -> list[str]:
    """What is wrong with some periods, given those that were deployed."""
    documents = [Document(file=file, content={"periods": content}) for file, content in ((FILE, periods), (RECORD, deployed))]
    return [str(finding).removeprefix(f"{FILE}: ") for finding in check_log_schema(documents[0], documents[1], TODAY)]


def test_a_period_that_lies_ahead_may_be_appended_and_still_be_changed() -> None:
    assert said([FIRST, SECOND], [FIRST]) == []
    assert said([FIRST, {**SECOND, "from": "2027-02-02"}], [FIRST]) == []
    assert said([FIRST, SECOND], [FIRST, SECOND]) == []


@pytest.mark.parametrize(
    ("key", "value"), [("from", "2025-12-31"), ("store", "boltdb"), ("schema", "v12"), ("prefix", "x_"), ("period", "168h")]
)
def test_no_field_of_what_was_deployed_may_change(key: str, value: str) -> None:
    assert said([{**FIRST, key: value}], [FIRST]) == [
        f"periods[0].{key}: '{value}' was given: logs are stored since 2026-01-01 with '{FIRST[key]}', and would be unreadable{APPEND}"
    ]


def test_what_was_deployed_may_not_go() -> None:
    assert said([FIRST], [FIRST, SECOND]) == [
        f"periods: the period from 2027-03-01 is gone: the logs that are stored so would be unreadable{APPEND}"
    ]
    assert len(said([SECOND], [FIRST, SECOND])) == 3  # another day and another prefix than the first, and the second is gone


@pytest.mark.parametrize("begins", ["2027-01-31", "2027-02-01"])
def test_what_is_new_may_not_have_begun(begins: str) -> None:
    [found] = said([FIRST, {**SECOND, "from": begins}], [FIRST])
    assert found == (
        f"periods[1].from: the period from {begins} is not in {RECORD}, and has begun: what was stored since then otherwise would be "
        f"unreadable; allowed: a day after 2027-02-01; or, if it was deployed before it began, an entry in {RECORD}"
    )


def test_periods_follow_each_other() -> None:
    assert said([FIRST, SECOND, {**SECOND, "prefix": "more_"}], [FIRST]) == [
        "periods[2].from: '2027-03-01' was given; allowed: a day after 2027-03-01, that of the period before"
    ]


def changed(project: Path, **fields: object) -> None:
    """Changes the first period of a project."""
    content = read(project, FILE).content
    for _, period in each(content, "periods", "[0]"):
        mapping(period).update(fields)
    (project / FILE).write_text(to_yaml(content))


def test_a_changed_past_is_refused_by_the_checks_and_by_every_preview(project: Path) -> None:
    load(project, "dev")
    changed(project, prefix="other_")
    [complaint] = complaints(project)
    assert complaint.startswith(f"{FILE}: periods[0].prefix: 'other_' was given: logs are stored since 2026-01-01 with 'index_'")
    config = mapping(read(project, DEV).content["config"])
    values = {key.removeprefix("observability:"): value for key, value in config.items() if "secure" not in mapping(value)}
    with pytest.raises(InvalidConfiguration, match="would be unreadable"):
        from_config(project, "dev", values)


def test_a_project_without_the_record_is_refused(project: Path) -> None:
    (project / RECORD).unlink()
    [complaint] = complaints(project)
    assert complaint.startswith(f"{RECORD}: there is no such file")


@pytest.mark.parametrize(
    ("field", "value", "allowed"),
    [
        ("from", "yesterday", "a day, such as 2026-01-01"),
        ("schema", "v14", "v13"),
        ("store", "boltdb-shipper", "tsdb"),
        ("period", "168h", "24h"),
    ],
)
def test_what_loki_would_not_store_is_refused_with_what_it_would(project: Path, field: str, value: str, allowed: str) -> None:
    changed(project, **{field: value})
    assert complaints(project)[0].startswith(f"{FILE}: periods[0].{field}: '{value}' was given; allowed: {allowed}")
