"""Alloy: what Promtail's configuration says, in the language of Grafana Alloy, step by step."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from components.documents import Document
from components.promtail import HostLines, host_labels, relabelling, stages
from model.catalogue import Catalogue
from model.documents import mapping
from model.pipeline import Level, Pipeline

PORT = 12345
"""Its metrics and its readiness."""

STATE = "/run/alloy"
"""The directory of the node that remembers how far each file was read."""

NOTES = f"{STATE}/loki.source.file.containers/positions.yml"
"""The file in it that says how far."""

RENAMED = {"labelallow": "label_keep", "labeldrop": "label_drop"}
"""Steps that Alloy calls otherwise than Promtail."""

_INDENT = "  "


def alloy_config(pipeline: Pipeline, catalogues: Iterable[Catalogue], *, push: str, drop: Sequence[Level], hosts: HostLines) -> str:
    """``config.alloy``: read the containers and files of its own node, put each line through its pipeline, ``push`` to Loki's address."""
    return "\n".join(
        [
            'discovery.kubernetes "pods" {',
            '  role = "pod"',
            "  selectors {",
            '    role  = "pod"',
            '    field = "spec.nodeName=" + sys.env("HOSTNAME")',
            "  }",
            "}",
            "",
            'discovery.relabel "containers" {',
            "  targets = discovery.kubernetes.pods.targets",
            *(line for rule in relabelling(catalogues) for line in block("rule", rule, 1)),
            "}",
            "",
            *reading("containers", "discovery.relabel.containers.output", stages(pipeline.stages, drop)),
            *(reading("hosts", literal(host_labels(hosts)), stages(hosts.pipeline.stages, drop)) if hosts.files else []),
            'loki.write "loki" {',
            *block("endpoint", {"url": push, "min_backoff_period": "500ms", "max_backoff_period": "30s", "max_backoff_retries": 0}, 1),
            "}",
            "",
        ]
    )


def reading(name: str, targets: str, steps: Sequence[Document]) -> list[str]:
    """From files to Loki: find them, read them, put each line through the steps."""
    return [
        f'local.file_match "{name}" {{',
        f"  path_targets = {targets}",
        "}",
        "",
        f'loki.source.file "{name}" {{',
        f"  targets    = local.file_match.{name}.targets",
        f"  forward_to = [loki.process.{name}.receiver]",
        "}",
        "",
        f'loki.process "{name}" {{',
        "  forward_to = [loki.write.loki.receiver]",
        *(line for step in steps for line in stage(step, 1)),
        "}",
        "",
    ]


def stage(step: Mapping[str, object], depth: int) -> list[str]:
    """One step of a pipeline; what Promtail writes otherwise is written Alloy's way."""
    [(kind, value)] = step.items()
    match kind:
        case "match":
            inner = cast("list[Document]", mapping(value)["stages"])
            within = [line for item in inner for line in stage(item, depth + 1)]
            return block("stage.match", {"selector": mapping(value)["selector"]}, depth, within)
        case "drop" if "source" in mapping(value):
            return block("stage.drop", {**mapping(value), "source": ",".join(cast("list[str]", mapping(value)["source"]))}, depth)
        case "labels" | "structured_metadata":
            return block(f"stage.{kind}", {"values": value}, depth)
        case "labelallow" | "labeldrop":
            return block(f"stage.{RENAMED[kind]}", {"values": value}, depth)
        case _:
            return block(f"stage.{kind}", mapping(value), depth)


def block(name: str, arguments: Mapping[str, object], depth: int, within: Sequence[str] = ()) -> list[str]:
    """A block with its arguments, and with the lines of other blocks in it."""
    indent = _INDENT * depth
    return [
        f"{indent}{name} {{",
        *(f"{indent}{_INDENT}{key} = {literal(value)}" for key, value in arguments.items()),
        *within,
        f"{indent}}}",
    ]


def literal(value: object) -> str:
    """A value in Alloy's words: like JSON, but for the keys of objects."""
    match value:
        case dict():
            entries = cast("dict[str, object]", value)
            return "{" + ", ".join(f"{json.dumps(key)} = {literal(item)}" for key, item in entries.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(literal(item) for item in cast("Sequence[object]", value)) + "]"
        case _:
            return json.dumps(value)
