"""What becomes of a node's own lines: each is put through the real Promtail."""

from pathlib import Path

import pytest

from components.promtail import host_labels, stages
from tests.components.environments import environment
from tests.components.test_log_agent import hosts_of
from tests.components.test_promtail_lines import END, Sent, put

pytestmark = pytest.mark.binaries

BEFORE = "Nov 21 09:00:00 node-1 kernel: "


def of_host(tmp_path: Path, line: str) -> Sent:
    """What Promtail sends of a line of the first file."""
    labels = {**host_labels(hosts_of("prod"))[0], "filename": "/var/log/syslog"}
    steps = stages(environment("prod").host_pipeline.stages, ())
    [found] = put(tmp_path, steps, labels, [line.encode()], [END.encode()] * 2)
    return found


def test_a_line_names_its_node_and_program(tmp_path: Path) -> None:
    found = of_host(tmp_path, "Nov  1 09:00:00 ip-10-0-0-1.eu-central-1.compute.internal sshd[812]: Accepted publickey for ops")
    assert found.labels == {"source": "host", "node": "ip-10-0-0-1.eu-central-1.compute.internal", "service": "sshd", "level": "unknown"}
    assert found.text.endswith("Accepted publickey for ops")


def test_a_time_with_its_zone_is_taken(tmp_path: Path) -> None:
    found = of_host(tmp_path, "2026-11-21T09:00:00.5+01:00 node-1 systemd[1]: Started kubelet.service")
    assert (found.labels["service"], found.labels["node"]) == ("systemd", "node-1")
    assert found.time in ("2026-11-21T09:00:00.5+0100", "2026-11-21T08:00:00.5+0000")


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Out of memory: Killed process 4242 (java)", "critical"),
        ("EXT4-fs error (device nvme0n1p1): I/O error while writing superblock", "critical"),
        ("nvme0: Warning: temperature above threshold", "warn"),
        ("pam_unix(sshd:auth): authentication failure", "error"),
        ("eth0: link becomes ready", "unknown"),
        ("errors=remount-ro", "unknown"),
    ],
)
def test_the_level_is_what_words_say(text: str, level: str, tmp_path: Path) -> None:
    assert of_host(tmp_path, BEFORE + text).level == level


def test_a_line_of_another_form_is_kept_as_it_is(tmp_path: Path) -> None:
    found = of_host(tmp_path, "no syslog at all")
    assert (found.text, found.labels) == ("no syslog at all", {"source": "host", "level": "unknown"})


def test_secrets_are_redacted_as_in_lines_of_containers(tmp_path: Path) -> None:
    assert of_host(tmp_path, BEFORE + "login password=hunter2").text == BEFORE + "login password=[redacted]"
