"""No program that runs says a secret that it was given, in any line of any container."""

import json
from dataclasses import replace
from typing import Any

import pytest

from sandbox import target
from sandbox.drift_report import Report
from tests.conftest import Platform
from tests.e2e import leaking, projects
from tests.e2e.leaking import OF_RUNNING_PROGRAMS, Trail, contents, leaks
from tests.e2e.projects import ProjectEngine

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def of_platform(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Trail:
    """The running platform, whose secrets are those of the stack file; of a key in several lines, one is looked for."""
    project = projects.copy(tmp_path_factory.mktemp("project"))
    engine = ProjectEngine(target.sandbox(platform.instance), leaking.ENVIRONMENT, print, project)
    config: dict[str, dict[str, Any]] = json.loads(engine.pulumi("config", "--show-secrets", "--json"))
    secrets = {key: max(str(one["value"]).splitlines(), key=len) for key, one in config.items() if one["secret"]}
    assert secrets
    return Trail(engine=engine, kube=platform.kube, canaries=secrets, said={}, report=Report())


def test_no_program_says_a_secret_that_it_was_given(of_platform: Trail) -> None:
    """That lines are seen at all is shown by one that Prometheus writes when it has read its configuration."""
    lines = contents(of_platform, OF_RUNNING_PROGRAMS)
    assert leaks(of_platform, lines) == []
    said = replace(of_platform, canaries={"what Prometheus says": "Completed loading of configuration file"})
    assert [leak.place for leak in leaks(said, lines)] == [*OF_RUNNING_PROGRAMS]
