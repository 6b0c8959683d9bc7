"""Every alert has its page, every page its alert, and a page says something."""

import re

import promql_parser
import pytest

from tests.rules.log_rulebook import log_alerts
from tests.rules.rulebook import ROOT, alerts

FOLDER = ROOT / "docs/runbooks"
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
FEWEST_WORDS = 150
COMMANDS = ("kubectl", "curl", "amtool", "promtool", "logcli", "pulumi", "make", "psql", "redis-cli", "aws", "select")
OF_KUBERNETES = {
    "CrashLoopBackOff",
    "CreateContainerConfigError",
    "CreateContainerError",
    "DiskPressure",
    "ErrImagePull",
    "ImagePullBackOff",
    "MemoryPressure",
    "NotReady",
    "OOMKilled",
    "RunContainerError",
}
"""Names that look like those of alerts and are Kubernetes' own."""

LOGQL = re.compile(r"^\{[^}]*\}(?: *\|.*)?$|count_over_time\(\{")
"""Selectors of lines by themselves or with filters, and counts of lines."""

LINKS = {
    "a dashboard": "<grafana>/d/",
    "a silence": "amtool silence add --alertmanager.url=<alertmanager> --duration=1h --comment='<what you do>' alertname={name} ",
}
PAGES = sorted(path.stem for path in FOLDER.glob("*.md"))


def faults(name: str, text: str) -> list[str]:
    """What a runbook page lacks."""
    found = [] if text.startswith(f"# {name}\n") else [f"its title is not {name}"]
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    if parts[1::2] != SECTIONS:
        found.append(f"its sections are {parts[1::2]}")
    found += [f"section {title} is empty" for title, body in zip(parts[1::2], parts[2::2], strict=True) if not body.strip()]
    own, _, links = text.partition("\n---\n")
    if len(own.split()) < FEWEST_WORDS:
        found.append(f"it has {len(own.split())} words of its own")
    found += [f"it does not link to {what}" for what, link in LINKS.items() if link.format(name=name) not in links]
    found += [f"no query: {query}" for query in queries(own) if not parses(query)]
    if "    " not in text and "`" not in text:
        found.append("it has no command and no query")
    return found


def queries(text: str) -> list[str]:
    """The indented blocks of a page that are neither commands nor SQL: PromQL."""
    blocks = re.findall(r"(?:^ {4,}\S.*\n)+", text, flags=re.MULTILINE)
    found: list[str] = []
    for block in (block.strip() for block in blocks):
        # A block is one query, or has one a line, beside commands.
        each_line = [line.strip() for line in block.splitlines() if line.split()[0] not in COMMANDS]
        found += [block] if block.split()[0] not in COMMANDS and parses(block) else each_line if block.split()[0] not in COMMANDS else []
    return found


def parses(query: str) -> bool:
    """Whether PromQL is well formed; what stands in angle brackets is to be filled in. LogQL is left to Loki."""
    if LOGQL.search(query):
        return True
    try:
        promql_parser.parse(re.sub(r"<[a-z]+>", "x", query))
    except ValueError:
        return False
    return True


def test_alerts_and_pages_match_one_to_one() -> None:
    assert sorted(known()) == PAGES


def known() -> set[str]:
    """The names of all alerts, of Prometheus and of Loki."""
    return {str(alert.fields["alert"]) for alert in alerts()} | {alert.name for alert in log_alerts()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_complete(name: str) -> None:
    assert faults(name, (FOLDER / f"{name}.md").read_text()) == []


def test_an_incomplete_page_is_noticed() -> None:
    assert faults("ServiceDown", "# Other\n\n## Meaning\n\n## Impact\n\n    sum by (rate(x)\n") == [
        "its title is not ServiceDown",
        "its sections are ['Meaning', 'Impact']",
        "section Meaning is empty",
        "it has 9 words of its own",
        "it does not link to a dashboard",
        "it does not link to a silence",
        "no query: sum by (rate(x)",
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_refers_to_alerts_that_exist(name: str) -> None:
    referred = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][A-Za-z]+)+)`", (FOLDER / f"{name}.md").read_text()))
    assert referred - known() - OF_KUBERNETES == set()
