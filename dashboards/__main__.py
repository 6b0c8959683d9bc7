"""``python -m dashboards`` prints docs/dashboards.md: which dashboards there are, whose source asked for them, and their panels."""

import json
import sys
from pathlib import Path

from dashboards.library import dashboards
from model.documents import each, mapping
from model.environment import Environment, from_config
from model.stack import read_stack

ROOT = Path(__file__).resolve().parent.parent

SEEDS = {
    "000": ("x0tta6bl4-overview", "x0tta6bl4-production-ready", "x0tta6bl4-enhanced", "x0tta6bl4-complete"),
    "001": ("healing-guard-overview", "healing-guard-system-resources", "healing-guard-ml-model-performance"),
    "002": ("automation-orchestrator-api-overview", "automation-orchestrator-database"),
    "003": (
        "automation-platform-system-health",
        "automation-platform-test-watcher",
        "automation-platform-audit-agent",
        "automation-platform-api-metrics",
    ),
    "004": ("dharma-overview", "service"),
}
"""The dashboards that each source names."""


def every_system(root: Path = ROOT) -> Environment:
    """Production with the systems of all catalogues of a project."""
    stack, _ = read_stack(root, "prod")
    names = sorted(path.stem for path in (root / "configs/catalogues").glob("*.yaml"))
    return from_config(root, "prod", {**stack.values, "catalogues": names})


def page() -> str:
    """The text of docs/dashboards.md."""
    asked = {uid: seed for seed, uids in SEEDS.items() for uid in uids}
    boards = [(asked.get(board.uid, ""), board.folder.title, json.loads(board.json)) for board in dashboards(every_system())]
    lines = [
        f"| {seed} | {folder} | {board['title']} `{board['uid']}` | {picture(board)} | {', '.join(titles(board))} |"
        for seed, folder, board in boards
    ]
    return "\n".join(
        [
            "# Dashboards",
            "",
            "Made by `make golden` from the catalogues and `configs/dashboards`; a test compares it. Seed: whose source names it.",
            f"All systems together have {len(boards)} dashboards with {sum(len(titles(board)) for *_, board in boards)} panels.",
            "",
            "The pictures are made by `make pictures`: each dashboard's own JSON with what a real Prometheus, Loki and Jaeger answer to",
            "its queries, drawn without Grafana, whose server cannot be had from the package registries that this project may use. At the",
            "foot of each is where its data are from: the sandbox for what runs in dev, for other systems the examples by which the",
            "tests ask every query. With `GRAFANA_URL=address` the same command takes screenshots of a Grafana.",
            "",
            "`tests/dashboards` proves that each dashboard fits the schema of Grafana and that each query gives data from a real",
            "Prometheus, Loki or Jaeger; `tests/e2e/test_dashboards.py` proves it on the whole platform.",
            "",
            "| Seed | Folder | Dashboard | Picture | Panels |",
            "| --- | --- | --- | --- | --- |",
            *lines,
            "",
        ]
    )


def picture(board: dict[str, object]) -> str:
    """A small picture that leads to the whole one."""
    file = f"dashboards/{board['uid']}.png"
    return f'[<img src="{file}" width="160" alt="{board["title"]}">]({file})'


def titles(board: dict[str, object]) -> list[str]:
    """The titles of the panels, in their order."""
    return [str(mapping(panel)["title"]) for _, panel in each(board, "panels", "*") if mapping(panel).get("type") != "row"]


if __name__ == "__main__":
    sys.stdout.write(page())
