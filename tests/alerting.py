"""Real Alertmanagers and the sandbox's real receivers, as processes on this machine."""

import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, cast

from checks.render import write
from components.notification import SECRETS_FOLDER
from components.platform import documents
from model.environment import Environment
from model.quantities import Duration
from sandbox.demo import image
from sandbox.gobuild import build_local
from sandbox.ports import free_port
from sandbox.toolchain import tool
from tests.waiting import until

Alert = dict[str, str]
"""The labels of an alert."""

READY_SECONDS = 30


def call(port: int, method: str, path: str, body: object = None) -> str:
    """What a server on this machine answers with 2xx."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read().decode()
    finally:
        connection.close()
    assert answer.status < 300, f"{method} {path}: {answer.status} {text}"
    return text


@dataclass(frozen=True, kw_only=True)
class Alertmanager:
    """A real Alertmanager."""

    port: int
    process: "subprocess.Popen[bytes]"

    def post(
        self, *alerts: Alert, started: timedelta = timedelta(0), annotations: Mapping[str, str] | None = None, over: bool = False
    ) -> None:
        """Send alerts that began some time ago, and are over or not."""
        now = datetime.now(UTC)
        times = {"startsAt": (now - started).isoformat()} | ({"endsAt": now.isoformat()} if over else {})
        body = [
            {"labels": labels, "annotations": annotations or {}, "generatorURL": "http://prometheus/graph", **times} for labels in alerts
        ]
        call(self.port, "POST", "/api/v2/alerts", body)

    def alerts(self) -> list[dict[str, Any]]:
        """All alerts, with their receivers and what silences them."""
        return cast("list[dict[str, Any]]", json.loads(call(self.port, "GET", "/api/v2/alerts")))

    def groups(self) -> list[dict[str, Any]]:
        """All groups; only these say what a time interval keeps back."""
        return cast("list[dict[str, Any]]", json.loads(call(self.port, "GET", "/api/v2/alerts/groups")))

    def silence(self, **labels: str) -> None:
        """Silence alerts for an hour."""
        now = datetime.now(UTC)
        matchers = [{"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in labels.items()]
        times = {"startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
        call(self.port, "POST", "/api/v2/silences", {"matchers": matchers, "createdBy": "test", "comment": "taken", **times})

    def peers(self) -> int:
        """How many Alertmanagers it knows, itself among them."""
        return len(json.loads(call(self.port, "GET", "/api/v2/status"))["cluster"]["peers"])

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            call(self.port, "GET", "/-/ready")
        except (OSError, AssertionError):
            return False
        return True


@contextmanager
def alertmanager(config: Path, state: Path, flags: Sequence[str] = ("--cluster.listen-address=",)) -> Generator[Alertmanager]:
    """An Alertmanager with this configuration, until the end of the block."""
    port = free_port()
    given = [f"--config.file={config}", f"--storage.path={state}", f"--web.listen-address=127.0.0.1:{port}"]
    named = ["--web.external-url=http://alertmanager.test", "--enable-feature=utf8-strict-mode,receiver-name-in-metrics"]
    process = subprocess.Popen([tool("alertmanager"), *given, *named, *flags], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = Alertmanager(port=port, process=process)
        until(server.ready, seconds=READY_SECONDS, what="Alertmanager is ready")
        yield server
    finally:
        process.kill()
        process.wait()


@contextmanager
def cluster(config: Path, state: Path, size: int, peer_timeout: str) -> Generator[list[Alertmanager]]:
    """Alertmanagers that know each other."""
    gossip = [free_port() for _ in range(size)]
    known = [f"--cluster.peer=127.0.0.1:{port}" for port in gossip]
    with ExitStack() as running:
        servers = [
            running.enter_context(
                alertmanager(
                    config,
                    state / str(index),
                    [
                        f"--cluster.listen-address=127.0.0.1:{port}",
                        f"--cluster.peer-name=alertmanager-{index}",
                        f"--cluster.peer-timeout={peer_timeout}",
                        "--cluster.gossip-interval=50ms",
                        "--cluster.settle-timeout=5s",
                        *known,
                    ],
                )
            )
            for index, port in enumerate(gossip)
        ]
        for server in servers:
            until(lambda server=server: server.peers() == size, seconds=READY_SECONDS, what=f"{size} peers know each other")
        yield servers


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """The sandbox's receiver: webhook, heartbeat, Slack, PagerDuty and mail server in one."""

    http: int
    smtp: int
    secrets: Path = field(repr=False)
    """Where the secrets are that lead to it."""

    def got(self, kind: str) -> list[dict[str, Any]]:
        """What came to ``alerts``, ``heartbeat``, ``slack``, ``pagerduty`` or ``mail``, oldest first."""
        return [item["notification"] for item in json.loads(call(self.http, "GET", f"/{kind}"))]

    def refused(self) -> int:
        """How many messages were not as they should be."""
        [count] = re.findall(r"^webhook_notifications_rejected_total (\d+)$", call(self.http, "GET", "/metrics"), re.MULTILINE)
        return int(count)

    def configured(self, environment: Environment, directory: Path) -> Path:
        """The ``alertmanager.yml`` that an environment renders, with its templates, but with this receiver's addresses and secrets."""
        write(documents(environment), directory)
        file = directory / "alertmanager/alertmanager.yml"
        text = file.read_text().replace(SECRETS_FOLDER, str(self.secrets))
        text = re.sub(r"pagerduty_url: \S+", f"pagerduty_url: http://127.0.0.1:{self.http}/v2/enqueue", text)
        text = re.sub(r"smtp_smarthost: \S+", f"smtp_smarthost: 127.0.0.1:{self.smtp}", text)
        text = text.replace("smtp_require_tls: true", "smtp_require_tls: false")
        file.write_text(text)
        return file


def hurried(environment: Environment, *, wait: str = "300ms", escalate_after: str = "1h") -> Environment:
    """The same environment with groups that form within a moment, and a second line that is told after another time."""
    moment = {"group_wait": Duration(wait), "group_interval": Duration(wait), "repeat_interval": Duration("1h")}
    pace = {severity: pace.model_copy(update=moment) for severity, pace in environment.routing.pace.items()}
    told = {"working_hours": (), "escalate_after": Duration(escalate_after)}
    notifications = environment.settings.notifications.model_copy(update=told)
    return replace(
        environment,
        routing=environment.routing.model_copy(update={"pace": pace}),
        settings=environment.settings.model_copy(update={"notifications": notifications}),
    )


@contextmanager
def receiver(directory: Path, pagers: Mapping[str, str]) -> Generator[Receiver]:
    """The receiver, with the secrets that lead to it in files; ``pagers`` are integration keys by the key in the stack file."""
    http, smtp = free_port(), free_port()
    base = f"http://127.0.0.1:{http}"
    urls = {"slackApiUrl": f"{base}/services/T/B/x", "webhookUrl": f"{base}/alerts", "heartbeatUrl": f"{base}/heartbeat"}
    directory.mkdir(parents=True, exist_ok=True)
    for name, value in {**urls, "smtpPassword": "unused", **pagers}.items():
        (directory / name).write_text(value)
    environment = {**os.environ, "PORT": str(http), "SMTP_PORT": str(smtp), "SERVICE_NAME": "alert-receiver"}
    program = build_local(image.SOURCES, "demo")
    process = subprocess.Popen([program, "receiver"], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until(lambda: _answers(http), seconds=READY_SECONDS, what="the receiver is ready")
        yield Receiver(http=http, smtp=smtp, secrets=directory)
    finally:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        call(port, "GET", "/healthz")
    except OSError:
        return False
    return True


def steady(probe: Callable[[], object], expected: object, seconds: float) -> None:
    """The probe says the same for some time: for what must not happen."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert probe() == expected
        time.sleep(0.1)
