"""Environments with the real engine: deployed as they are, then previewed or deployed with a setting changed."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
from pulumi import automation

from model.documents import mapping
from sandbox import engine
from sandbox.engine import Target
from tests.e2e.projects import ProjectEngine
from tests.guard.edits import Edit, read_as, stack_of
from tests.guard.plan import STATEFUL

Step = tuple[str, str, str]
"""What the engine would do, to which kind, of which name in the program."""


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """An environment on its cluster."""

    name: str
    engine: ProjectEngine
    said: list[str]
    """What the engine said of the last command, line by line."""

    @contextmanager
    def configured(self, edit: Edit | None = None, accept: Sequence[str] = ()) -> Generator[None]:
        """Run the body with one setting changed, and with what is accepted."""
        settings = edit.content if edit and edit.file.startswith("Pulumi.") else stack_of(self.name)
        accepted = [*cast("list[str]", settings.get("accept", [])), *accept]
        config = {f"observability:{key}": value for key, value in {**settings, "accept": accepted}.items()}
        own = engine.here

        def here(stack: Mapping[str, object], s3: str | None, say: engine.Say) -> str:
            kept = {
                key: value for key, value in mapping(stack["config"]).items() if "secure" in mapping(value) or key.startswith("pulumi:")
            }
            return own({**stack, "config": {**kept, **config}}, s3, say)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(engine, "here", here)
            if edit and not edit.file.startswith("Pulumi."):
                patch.setattr("model.environment.read", read_as(edit))
            self.said.clear()
            yield

    def planned(self) -> set[Step]:
        """What a preview would replace or delete of what holds data, or is the way to it."""
        found: set[Step] = set()

        def look(event: automation.EngineEvent) -> None:
            if event.resource_pre_event:
                metadata = event.resource_pre_event.metadata
                operation, kind = automation.OpType(metadata.op).value, metadata.type.rpartition(":")[2]
                if operation in ("replace", "delete") and kind in STATEFUL:
                    found.add((operation, kind, metadata.urn.rpartition("::")[2]))

        with self.engine.stack() as stack:
            stack.preview(on_output=self.said.append, on_event=look, color="never")
        return found


def deployment(place: Target, name: str, project: Path) -> Deployment:
    """An environment that is deployed on a cluster from a copy of the project."""
    said: list[str] = []
    return Deployment(name=name, engine=ProjectEngine(place, name, said.append, project), said=said)
