"""JSON Schemas of what people edit, so that editors complete and check it: ``python -m model.schema`` prints them."""

import json
import sys

from model.catalogue import Catalogue
from model.pages import Pages
from model.pipeline import Pipeline
from model.routing import Routing
from model.settings import Settings
from model.stack import PROJECT


def stack_schema() -> dict[str, object]:
    """The schema of a stack file: this project's settings in full, and any other key."""
    settings = Settings.model_json_schema(by_alias=True)
    secret = {"type": "object", "properties": {"secure": {"type": "string"}}, "required": ["secure"], "additionalProperties": False}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Pulumi.<env>.yaml",
        "type": "object",
        "required": ["config"],
        "properties": {
            "config": {
                "type": "object",
                "required": [f"{PROJECT}:{key}" for key in settings["required"]],
                "properties": {f"{PROJECT}:{key}": schema for key, schema in settings["properties"].items()},
                "patternProperties": {f"^{PROJECT}:(?!({'|'.join(settings['properties'])})$)": secret},
            }
        },
        "$defs": settings["$defs"],
    }


def catalogue_schema() -> dict[str, object]:
    """The schema of a catalogue file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Catalogue.model_json_schema(by_alias=True)}


def dashboards_schema() -> dict[str, object]:
    """The schema of a file of a system's own dashboards."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Pages.model_json_schema(by_alias=True)}


def pipeline_schema() -> dict[str, object]:
    """The schema of a pipeline file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Pipeline.model_json_schema(by_alias=True)}


def routing_schema() -> dict[str, object]:
    """The schema of ``configs/routing.yaml``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Routing.model_json_schema(by_alias=True)}


if __name__ == "__main__":
    schemas = {
        "stack": stack_schema(),
        "catalogue": catalogue_schema(),
        "dashboards": dashboards_schema(),
        "pipeline": pipeline_schema(),
        "routing": routing_schema(),
    }
    json.dump(schemas, sys.stdout, indent=2)
    sys.stdout.write("\n")
