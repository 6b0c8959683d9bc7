"""A service in the catalogue is on the dashboards, and an alert leads to one that is there; nobody has to do anything for it."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import cast

from components.platform import documents
from dashboards.__main__ import ROOT, SEEDS, every_system, page
from dashboards.library import dashboards
from model.documents import each, mapping, parse
from model.environment import Environment, load
from tests.components.environments import environment
from tests.model.breaking import DHARMA, put
from tests.model.conftest import copied

BILLING: dict[str, object] = {
    "description": "Sends invoices",
    "team": "finops",
    "port": 3010,
    "metrics": {"invoices_sent_total": {"type": "counter", "labels": ["kind"], "description": "Invoices sent"}},
}
"""A service that is not there yet, as people write it into a catalogue."""


def test_every_dashboard_that_a_source_names_is_there_and_listed() -> None:
    there = {board.uid for board in dashboards(every_system())}
    assert [uid for uids in SEEDS.values() for uid in uids if uid not in there] == []
    assert (ROOT / "docs/dashboards.md").read_text() == page()


def text_of(given: Environment) -> dict[str, str]:
    """Dashboards by identity."""
    return {board.uid: board.json for board in dashboards(given)}


def with_service(directory: Path, name: str, entry: dict[str, object]) -> Environment:
    """Dev after one more entry in the file of its catalogue, and no other change."""
    project = copied(directory)
    put(project, DHARMA, ("services", name), entry)
    return load(project, "dev")


def test_a_new_service_is_on_the_dashboards_with_its_metrics(tmp_path: Path) -> None:
    before, after = text_of(environment("dev")), text_of(with_service(tmp_path, "billing", BILLING))
    assert "invoices_sent_total" not in "".join(before.values())
    assert (
        'sum by (service, kind) (rate(invoices_sent_total{system=\\"dharma\\", service=\\"billing\\"}[$__rate_interval]))'
        in after["dharma-business"]
    )
    # All others ask series by service, which it has as all do: tests/dashboards/test_queries.py sees it there.
    assert {uid for uid in after if after[uid] != before.get(uid)} == {"dharma-business"}


def test_a_team_without_anything_yet_gets_a_dashboard_with_its_first_service(tmp_path: Path) -> None:
    scanner: dict[str, object] = {"description": "Scans images", "team": "infrastructure", "port": 3010}
    before, after = text_of(environment("dev")), text_of(with_service(tmp_path, "scanner", scanner))
    assert len(json.loads(after["team-infrastructure"])["panels"]) > len(json.loads(before["team-infrastructure"])["panels"])


def test_without_logs_nobody_is_asked_for_any() -> None:
    given = environment("dev")
    found = text_of(replace(given, settings=given.settings.model_copy(update={"logs": None})))
    assert "logs" not in found
    assert [uid for uid, text in found.items() if '"loki"' in text] == []


def test_every_alert_leads_to_a_dashboard_that_has_the_choices_it_makes() -> None:
    boards = {uid: json.loads(text) for uid, text in text_of(environment("prod")).items()}
    variables = {uid: {str(name) for _, name in each(board, "templating", "list", "*", "name")} for uid, board in boards.items()}
    links: list[str] = []
    for path, text in documents(environment("prod")).items():
        if path.startswith("prometheus/rules/"):
            for _, rule in each(parse(text, path).content, "groups", "*", "rules", "*"):
                if "alert" in mapping(rule):
                    links.append(str(mapping(mapping(rule)["annotations"])["dashboard_url"]))
    assert links
    for link in links:
        uid = cast("re.Match[str]", re.search(r"/d/([\w-]+)", link))[1]
        assert uid in boards, link
        assert set(re.findall(r"var-(\w+)=", link)) <= variables[uid], link


def test_the_first_screen_answers_without_scrolling() -> None:
    for uid, text in text_of(environment("dev")).items():
        if uid in ("overview", "service", "dharma-overview"):
            places = {panel["title"]: panel["gridPos"] for panel in json.loads(text)["panels"]}
            for title in ("Critical alerts", "Services down", "What is broken", "Services"):
                assert places[title]["y"] + places[title]["h"] <= 22, (uid, title)
