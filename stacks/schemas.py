"""The JSON Schemas of what people edit, as files that editors find by the first line of each edited file."""

import json
from pathlib import Path

from model.schema import catalogue_schema, dashboards_schema, pipeline_schema, routing_schema, stack_schema

FOLDER = "configs/schemas"


def files() -> dict[str, str]:
    """Every schema as text, by path within the project."""
    schemas = {
        "stack": stack_schema(),
        "catalogue": catalogue_schema(),
        "dashboards": dashboards_schema(),
        "pipeline": pipeline_schema(),
        "routing": routing_schema(),
    }
    return {f"{FOLDER}/{name}.schema.json": json.dumps(schema, indent=2) + "\n" for name, schema in schemas.items()}


def write(root: Path) -> list[str]:
    """Write those that differ; returns their paths."""
    changed = {path: text for path, text in files().items() if not (root / path).exists() or (root / path).read_text() != text}
    for path, text in changed.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return list(changed)
