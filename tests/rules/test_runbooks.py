"""Every alert has its page, every page its alert, and a page says something."""

import re

import pytest

from tests.rules.rulebook import ROOT, alerts

FOLDER = ROOT / "docs/runbooks"
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
FEWEST_WORDS = 150
PAGES = sorted(path.stem for path in FOLDER.glob("*.md"))


def faults(name: str, text: str) -> list[str]:
    """What a runbook page lacks."""
    found = [] if text.startswith(f"# {name}\n") else [f"its title is not {name}"]
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    if parts[1::2] != SECTIONS:
        found.append(f"its sections are {parts[1::2]}")
    found += [f"section {title} is empty" for title, body in zip(parts[1::2], parts[2::2], strict=True) if not body.strip()]
    if len(text.split()) < FEWEST_WORDS:
        found.append(f"it has {len(text.split())} words")
    if "    " not in text and "`" not in text:
        found.append("it has no command and no query")
    return found


def test_alerts_and_pages_match_one_to_one() -> None:
    assert sorted(alert.name for alert in alerts()) == PAGES


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_complete(name: str) -> None:
    assert faults(name, (FOLDER / f"{name}.md").read_text()) == []


def test_an_incomplete_page_is_noticed() -> None:
    assert faults("ServiceDown", "# Other\n\n## Meaning\n\n## Impact\n\nNone.\n") == [
        "its title is not ServiceDown",
        "its sections are ['Meaning', 'Impact']",
        "section Meaning is empty",
        "it has 7 words",
        "it has no command and no query",
    ]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_refers_to_alerts_that_exist(name: str) -> None:
    known = {alert.name for alert in alerts()}
    referred = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][A-Za-z]+)+)`", (FOLDER / f"{name}.md").read_text()))
    assert referred - known - {"CrashLoopBackOff", "OOMKilled", "CreateContainerConfigError"} == set()
