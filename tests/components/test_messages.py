"""The messages, as a real Alertmanager writes them to real receivers that hold them against the published forms.

``GOLDEN=write`` writes those in ``tests/golden/messages`` anew, for review.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checks.delivery.messages import message_findings
from checks.render import write
from components.platform import documents
from model.secrets import pager_secret
from sandbox.toolchain import tool
from tests.alerting import Alert, Alertmanager, Receiver, alertmanager, hurried, receiver
from tests.components.environments import NAMES, ROOT, environment
from tests.waiting import until

GOLDEN = ROOT / "tests/golden/messages"
KEYS = {pager_secret(pager): f"{pager:x<32}".replace("-", "x") for pager in ("operations", "product", "security", "leads")}
SIZES = (1, 5, 60)
TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")
"""A time in a message. What is reviewed says another one: an alert that began long ago would be sent before its group is complete."""

SEVERITY = {"pagerduty": "critical", "slack": "warning", "mail": "info"}
"""The severity that goes to each kind of receiver alone, or to it too."""


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with receiver(tmp_path_factory.mktemp("secrets"), KEYS) as running:
        yield running


@pytest.fixture(scope="module")
def server(inbox: Receiver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Alertmanager]:
    config = inbox.configured(hurried(environment("prod"), wait="2s"), tmp_path_factory.mktemp("config"))
    with alertmanager(config, tmp_path_factory.mktemp("state")) as running:
        yield running


def alerts(kind: str, size: int, **more: str) -> list[Alert]:
    """Alerts that come as one message: of one service, on several pods."""
    place = {"env": "prod", "cluster": f"size-{size}", "namespace": "dharma", "service": f"{kind}-{size}"}
    return [
        {
            "alertname": "HighLatency",
            "severity": SEVERITY[kind],
            "team": "ai",
            "category": "service",
            "pod": f"pod-{number:02}",
            **place,
            **more,
        }
        for number in range(size)
    ]


ANNOTATIONS = {
    "summary": "The 95th percentile is above the promise",
    "description": "It was 912ms for 5 minutes: more than the 500ms that the catalogue promises.",
    "runbook_url": "https://runbooks.example/HighLatency.md",
}


def messages(inbox: Receiver, kind: str, service: str) -> dict[str, dict[str, Any]]:
    """What came about a service, by status."""
    found: dict[str, dict[str, Any]] = {}
    for message in inbox.got(kind):
        text = json.dumps(message)
        if f"{service} (" in text and "incident-leads" not in text and KEYS["pagerdutyLeadsKey"] not in text:
            found["resolved" if "[RESOLVED]" in text else "firing"] = message
    return found


@pytest.fixture(scope="module")
def told(server: Alertmanager, inbox: Receiver) -> dict[tuple[str, int], dict[str, dict[str, Any]]]:
    """All messages by kind and size: first that all fire, then that all is over."""
    sets = {(kind, size): alerts(kind, size) for kind in SEVERITY for size in SIZES}
    for over in (False, True):
        for found in sets.values():
            server.post(*found, annotations=ANNOTATIONS, over=over)
        status = "resolved" if over else "firing"
        until(
            lambda status=status: all(status in messages(inbox, kind, f"{kind}-{size}") for kind, size in sets),
            seconds=60,
            what=f"all {status} messages are there",
        )
    return {(kind, size): messages(inbox, kind, f"{kind}-{size}") for kind, size in sets}


@pytest.mark.binaries
@pytest.mark.parametrize("kind", SEVERITY)
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_messages_are_as_reviewed(kind: str, size: int, status: str, told: dict[tuple[str, int], dict[str, dict[str, Any]]]) -> None:
    message = told[kind, size][status]
    files = (
        {"txt": message["text"], "html": message["html"]} if kind == "mail" else {"json": json.dumps(message, indent=2, ensure_ascii=False)}
    )
    for suffix, text in files.items():
        file, said = GOLDEN / f"{kind}-{status}-{size}.{suffix}", TIME.sub("2026-01-02 03:04 UTC", text.replace("\r\n", "\n")).rstrip("\n")
        if os.environ.get("GOLDEN") == "write":
            GOLDEN.mkdir(exist_ok=True)
            file.write_text(f"{said}\n")
        assert file.read_text() == f"{said}\n"


@pytest.mark.binaries
def test_a_long_group_is_cut_with_a_count_and_a_short_one_is_not(told: dict[tuple[str, int], dict[str, dict[str, Any]]]) -> None:
    for kind in SEVERITY:
        assert "... and 50 more" in json.dumps(told[kind, 60]["firing"])
        assert "more" not in json.dumps(told[kind, 5]["firing"]).replace("more than", "")
        assert "pod-04" in json.dumps(told[kind, 5]["firing"])


@pytest.mark.binaries
@pytest.mark.usefixtures("told")
def test_receivers_refuse_nothing_and_no_secret_is_told(inbox: Receiver) -> None:
    assert inbox.refused() == 0
    for kind in SEVERITY:
        text = json.dumps([{**message, "routing_key": ""} for message in inbox.got(kind)])
        for secret in inbox.secrets.iterdir():
            assert secret.read_text() not in text


HOSTILE = """<!channel> <script>alert(1)</script> "quoted" \\ {{ .ExternalURL }}: {{ template "title" . }}"""


@pytest.mark.binaries
def test_what_a_label_or_a_summary_says_stays_text(server: Alertmanager, inbox: Receiver) -> None:
    annotations = {**ANNOTATIONS, "summary": HOSTILE, "description": f"{HOSTILE}\nkey: value"}
    for kind in SEVERITY:
        server.post(*alerts(kind, 1, service=f"odd-{kind}", pod=HOSTILE, namespace=HOSTILE), annotations=annotations)
    until(lambda: all(messages(inbox, kind, f"odd-{kind}") for kind in SEVERITY), seconds=30, what="the odd messages are there")
    assert inbox.refused() == 0
    slack, page, mail = (messages(inbox, kind, f"odd-{kind}")["firing"] for kind in ("slack", "pagerduty", "mail"))
    assert "<!channel>" not in json.dumps(slack)
    assert "&lt;!channel&gt;" in slack["attachments"][0]["text"]
    assert "<script" not in mail["html"]
    assert "&lt;script&gt;" in mail["html"]
    details = page["payload"]["custom_details"]
    assert "{{ .ExternalURL }}" in details["firing"]
    assert not any(isinstance(value, dict | list) for value in details.values()), "none was read as a structure"
    silence = slack["attachments"][0]["actions"][2]["url"]
    assert "%5C%22quoted%5C%22" in silence
    assert " " not in silence


@pytest.mark.binaries
@pytest.mark.parametrize("name", NAMES)
def test_every_receiver_of_every_environment_can_be_written_to(name: str, tmp_path: Path) -> None:
    write(documents(environment(name)), tmp_path)
    assert message_findings(tmp_path, lambda program: str(tool(program))) == []


@pytest.mark.binaries
@pytest.mark.parametrize(
    ("good", "bad", "said"),
    [
        (
            "{{ .Alerts | len }} alerts",
            "{{ .Alertes | len }} alerts",
            'configs/templates/messages.tmpl: line 7: executing "title" at <.Alertes>',
        ),
        ('{{ define "team" }}', '{{ define "team }}', "configs/templates/messages.tmpl: line 16: unexpected"),
        ('{{ define "team" }}', '{{ define "teem" }}', "html/template"),
    ],
)
def test_a_template_with_a_mistake_is_named_with_its_line(good: str, bad: str, said: str, tmp_path: Path) -> None:
    write(documents(environment("prod")), tmp_path)
    file = tmp_path / "alertmanager/templates/messages.tmpl"
    assert good in file.read_text()
    file.write_text(file.read_text().replace(good, bad))
    found = [str(finding) for finding in message_findings(tmp_path, lambda program: str(tool(program)))]
    assert any(said in finding for finding in found), found
