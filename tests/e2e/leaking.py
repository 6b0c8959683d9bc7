"""Where a secret could turn up: every place in which a deployment leaves something, and the forms that a secret can have there."""

import base64
import contextlib
import hashlib
import io
import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import cast
from urllib.parse import quote

from pulumi.automation.events import EngineEvent

from checks.record import record_platform
from checks.render import rendered
from model.environment import load
from model.namespaces import PLATFORM_NAMESPACES
from model.secrets import Secret, required
from review.comment import EnvironmentReview, comment
from review.objects import object_changes
from review.topics import TOPICS, differences
from sandbox.drift import Drift, observed
from sandbox.drift_report import Report
from sandbox.engine import Target
from sandbox.kube import Kube, Object
from sandbox.unmanaged import Unmanaged, unmanaged
from stacks.__main__ import main as stacks
from tests.e2e import projects
from tests.e2e.projects import ProjectEngine

ENVIRONMENT = "dev"
BY_HAND = "by hand"
"""What the canary is called that somebody writes into Secrets in the place of what was deployed."""


@dataclass(frozen=True, kw_only=True)
class Trail:
    """A deployment, and what was said and written meanwhile."""

    engine: ProjectEngine
    kube: Kube
    canaries: Mapping[str, str]
    """What to look for, by the key of the secret that it is the value of."""

    said: Mapping[str, Sequence[str]]
    """Lines and events, by what they are of."""

    report: Report
    """What was told about drift while somebody's own values were in all Secrets."""


@dataclass(frozen=True, kw_only=True, order=True)
class Leak:
    """A secret where none may be."""

    place: str
    key: str
    form: str


def canary(key: str) -> str:
    """A value that nothing else looks like, and that looks different in a URL."""
    return f"canary+{key}/{hashlib.sha256(key.encode()).hexdigest()[:12]}"


def forms(secret: str) -> dict[str, str]:
    """The texts by which a secret is recognised, by what was done to it."""
    encoded = {f"base64, {offset} bytes into it": _within_base64(secret, offset) for offset in range(3)}
    urls = {f"{form}, for URLs": text.translate(str.maketrans("+/", "-_")) for form, text in encoded.items()}
    return {"plain": secret, "in a path": quote(secret), "in a query": quote(secret, safe=""), **encoded, **urls}


def _within_base64(secret: str, offset: int) -> str:
    """What is always the same of a secret's base64 within that of a longer text, in which so many bytes (modulo 3) are before it."""
    content = secret.encode()
    whole = base64.b64encode(bytes(offset) + content).decode()
    return whole[-(-offset * 8 // 6) : (offset + len(content)) * 8 // 6]


def contents(trail: Trail, places: Mapping[str, Callable[[Trail], Iterable[str]]]) -> dict[str, str]:
    """What is in these places."""
    return {place: "\n".join(texts(trail)) for place, texts in places.items()}


def leaks(trail: Trail, contents: Mapping[str, str]) -> list[Leak]:
    """Every canary that is found in the contents of places, in one form each."""
    found: list[Leak] = []
    for place, content in contents.items():
        for key, secret in trail.canaries.items():
            form = next((form for form, text in forms(secret).items() if text in content), None)
            if form:
                found.append(Leak(place=place, key=key, form=form))
    return sorted(found)


def prepared(place: Target, directory: Path) -> ProjectEngine:
    """The engine of dev with a canary as the value of every secret, for a copy of the project; nothing is deployed yet."""
    engine = ProjectEngine(place, ENVIRONMENT, print, projects.copy(directory))
    engine.set_secrets({secret.key: f"{'http://' if secret.is_address else ''}{canary(secret.key)}" for secret in needed(engine)})
    return engine


def needed(engine: ProjectEngine) -> tuple[Secret, ...]:
    """The secrets of an engine's environment."""
    environment = load(engine.project, engine.name)
    return required(environment.settings, environment.catalogues, environment.routing)


def follow(engine: ProjectEngine, kube: Kube, keys: Iterable[str], *, policies: Sequence[str]) -> Trail:
    """Preview, deploy, and look for drift in Secrets, and note all that is said."""
    said: dict[str, list[str]] = {"preview": [], "up": [], "refresh": [], "events": []}
    drifts: list[Drift] = []

    def event(content: EngineEvent) -> None:
        said["events"].append(json.dumps(content, default=_fields))

    def refreshed(content: EngineEvent) -> None:
        event(content)
        drifts.extend(observed(content))

    with engine.stack() as stack:
        for step, show in ((stack.preview, said["preview"].append), (stack.up, said["up"].append)):
            step(on_output=show, on_error=show, on_event=event, diff=True, policy_packs=list(policies))
    with secrets_by_hand(engine, kube), engine.stack() as stack:
        stack.preview_refresh(on_output=said["refresh"].append, on_event=refreshed, diff=True)
    report = Report(managed=tuple(drifts), unmanaged=_unmanaged(engine, kube))
    keys = [*keys, BY_HAND]
    return Trail(engine=engine, kube=kube, canaries={key: canary(key) for key in keys}, said=said, report=report)


def _unmanaged(engine: ProjectEngine, kube: Kube) -> tuple[Unmanaged, ...]:
    return unmanaged(kube, PLATFORM_NAMESPACES, [(one.kind, one.namespace, one.name) for one in engine.deployed()])


@contextlib.contextmanager
def secrets_by_hand(engine: ProjectEngine, kube: Kube) -> Generator[None]:
    """Every value of every Secret that was deployed is another one within, and what it was afterwards."""
    paths = [f"/api/v1/namespaces/{one.namespace}/secrets/{one.name}" for one in engine.deployed() if one.kind == "Secret"]
    before = {path: kube.get(path)["data"] for path in paths}
    mine = base64.b64encode(canary(BY_HAND).encode()).decode()
    for path, data in before.items():
        _put(kube, path, dict.fromkeys(data, mine))
    yield
    for path, data in before.items():
        _put(kube, path, data)


def _put(kube: Kube, path: str, data: Object) -> None:
    kube.call("PATCH", path, query={"fieldManager": "kubectl-edit"}, body={"data": data}, kind="application/merge-patch+json")


def _fields(value: object) -> object:
    return value.value if isinstance(value, Enum) else vars(value)


def _live(trail: Trail) -> Iterator[str]:
    """Every object of the cluster, events among them; of Secrets all but their data."""
    roots = ["/api/v1", *(f"/apis/{group['preferredVersion']['groupVersion']}" for group in trail.kube.get("/apis")["groups"])]
    for root in roots:
        for kind in trail.kube.get(root)["resources"]:
            if "/" not in kind["name"] and "list" in kind["verbs"]:
                for item in cast("list[Object]", trail.kube.get(f"{root}/{kind['name']}").get("items") or []):
                    yield json.dumps({key: value for key, value in item.items() if not (kind["kind"] == "Secret" and key == "data")})


def _pod_lines(trail: Trail) -> Iterator[str]:
    """The lines of every container of the platform."""
    for namespace in PLATFORM_NAMESPACES:
        for pod in trail.kube.list(f"/api/v1/namespaces/{namespace}/pods"):
            for container in (*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]):
                path = f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/log"
                yield trail.kube.text(f"{path}?container={container['name']}")


def _files(*directories: Path) -> Iterator[str]:
    for directory in directories:
        for file in sorted(directory.rglob("*")):
            if file.is_file():
                yield file.read_text(errors="replace")


def _render(trail: Trail) -> dict[str, str]:
    environment = load(trail.engine.project, ENVIRONMENT)
    return rendered(environment, record_platform(environment, canary))


def _comment(trail: Trail) -> Iterator[str]:
    """As if the whole environment were new, so that all of it is told."""
    files = _render(trail)
    topics = {topic: differences(of({}), of(files)) for topic, of in TOPICS.items()}
    objects = object_changes({}, files)
    yield comment([EnvironmentReview(name=ENVIRONMENT, objects=objects, topics=topics, costs=(0, 0))], "main")


def _secret_list(trail: Trail) -> Iterator[str]:
    with contextlib.redirect_stdout(io.StringIO()) as told:
        stacks(["secrets", "--env", ENVIRONMENT], trail.engine.project)
    yield told.getvalue()


Place = Callable[[Trail], Iterable[str]]

OF_THE_ENGINE: Mapping[str, Place] = {
    "live objects but for the data of Secrets": _live,
    "what preview says": lambda trail: trail.said["preview"],
    "what up says": lambda trail: trail.said["up"],
    "what refresh says": lambda trail: trail.said["refresh"],
    "events of the engine": lambda trail: trail.said["events"],
    "state without --show-secrets": lambda trail: [trail.engine.pulumi("stack", "export")],
    "outputs, configuration and history as the CLI shows them": lambda trail: [
        trail.engine.pulumi(*words) for words in (("stack", "output", "--json"), ("config", "--json"), ("stack", "history", "--json"))
    ],
    "checkpoint and its backup": lambda trail: _files(trail.engine.target.state / "backend/.pulumi/stacks"),
    "history on disk": lambda trail: _files(trail.engine.target.state / "backend/.pulumi/history"),
    "the engine's working files": lambda trail: _files(trail.engine.target.state / "work", trail.engine.target.state / "home/workspaces"),
    "drift report for people": lambda trail: trail.report.lines(),
    "drift report for programs": lambda trail: [trail.report.json],
}
"""What a deployment leaves behind, wherever it is."""

OF_THE_REPOSITORY: Mapping[str, Place] = {
    "stack file": lambda trail: [(trail.engine.project / f"Pulumi.{ENVIRONMENT}.yaml").read_text()],
    "rendered files": lambda trail: _render(trail).values(),
    "comment of a pull request": _comment,
    "make secrets": _secret_list,
}
"""What commands without a cluster show or write."""

OF_RUNNING_PROGRAMS: Mapping[str, Place] = {"log lines of pods": _pod_lines}
"""What programs say that have been given secrets."""

PLACES: Mapping[str, Place] = {**OF_THE_ENGINE, **OF_THE_REPOSITORY, **OF_RUNNING_PROGRAMS}
"""All places by name: a new command, document or file that could show a secret gets its entry here."""
