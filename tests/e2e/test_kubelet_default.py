"""With the kubelet's own pace, which clusters outside of the sandbox have, an edited file reaches the process in the promised time too."""

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox import target
from sandbox.cluster.instance import Instance
from sandbox.cluster.ownership import find_strays
from tests.conftest import Platform
from tests.e2e import projects
from tests.e2e.arriving import ARRIVES_SECONDS
from tests.e2e.leaking import ENVIRONMENT
from tests.e2e.projects import ProjectEngine
from tests.e2e.test_config_arrives import CHANGES
from tests.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.nightly]

READ_AGAIN = ("prometheus", "rules", "jaeger")
"""Edits that restart nothing: all depends on the kubelet."""


DEFAULT = "1m0s"


@pytest.fixture
def unhurried(platform: Platform) -> Iterator[Platform]:
    """The platform with a kubelet that looks at pods as often as it does by itself."""
    file = platform.instance.config / "kubelet.json"
    hurried = file.read_text()
    settings = {key: value for key, value in json.loads(hurried).items() if key != "syncFrequency"}
    try:
        file.write_text(json.dumps(settings))
        restart_kubelet(platform.instance)
        until(lambda: pace(platform) == DEFAULT, what="the kubelet has its default")
        yield platform
    finally:
        file.write_text(hurried)
        restart_kubelet(platform.instance)
        platform.engine.up()
        until(lambda: pace(platform) != DEFAULT, what="the kubelet has the sandbox's settings")


def restart_kubelet(instance: Instance) -> None:
    """End it: its supervisor starts it again."""
    [kubelet] = [pid for pid in find_strays(instance.name) if Path(f"/proc/{pid}/comm").read_text() == "kubelet\n"]
    os.kill(kubelet, signal.SIGTERM)


def pace(platform: Platform) -> str:
    """How often the kubelet looks at pods, as it says itself."""
    node = platform.instance.node_name
    return str(platform.kube.get(f"/api/v1/nodes/{node}/proxy/configz")["kubeletconfig"]["syncFrequency"])


def test_an_edit_reaches_the_process_in_the_promised_time(unhurried: Platform, tmp_path: Path) -> None:
    project = projects.copy(tmp_path)
    engine = ProjectEngine(target.sandbox(unhurried.instance), ENVIRONMENT, print, project)
    for name in READ_AGAIN:
        projects.edit(project, CHANGES[name].file, CHANGES[name].old, CHANGES[name].new)
    engine.up()
    ended = time.monotonic()
    for name in READ_AGAIN:
        left = ARRIVES_SECONDS - (time.monotonic() - ended)
        until(lambda name=name: CHANGES[name].says(unhurried.kube), seconds=max(left, 1), what=f"{name} runs with what was deployed")
        print(f"{name}: at most {time.monotonic() - ended:.0f} s after the deployment")
