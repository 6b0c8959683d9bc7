"""Why an object is not ready, for people: its pods' states, the last warnings about it and the last lines its containers wrote."""

from collections.abc import Iterator

from sandbox.providers.kubernetes.client import ApiError, Cluster
from sandbox.providers.values import Obj, items, mapping, number, text

_PODS = 3
_EVENTS = 5
_LINES = 10


def explain(live: Obj, cluster: Cluster) -> list[str]:
    """One entry per finding. Never fails: what cannot be read is left out."""
    try:
        return [*_conditions(live), *_events(live, cluster), *_pods(live, cluster)]
    except ApiError as error:
        return [f"the reason could not be read: {error}"]


def _conditions(live: Obj) -> Iterator[str]:
    for condition in items(live, "status", "conditions"):
        kind, holds, message = text(condition, "type"), text(condition, "status") == "True", text(condition, "message")
        bad = holds if kind in ("Failed", "ReplicaFailure") or kind.startswith("Namespace") else not holds
        if bad and message:
            yield f"{kind}: {text(condition, 'reason')}: {message}"


def _events(live: Obj, cluster: Cluster) -> Iterator[str]:
    namespace, name = text(live, "metadata", "namespace"), text(live, "metadata", "name")
    if not namespace:
        return
    warnings = cluster.find("v1", "Event", namespace, fields="type=Warning")
    # The pods and replica sets of a workload carry its name as a prefix. Scheduling is told by the pod itself, and up to date.
    about = [one for one in warnings if f"{text(one, 'involvedObject', 'name')}-".startswith(f"{name}-")]
    about = [one for one in about if text(one, "reason") != "FailedScheduling"]
    about.sort(key=lambda one: text(one, "lastTimestamp") or text(one, "eventTime"))
    for event in about[-_EVENTS:]:
        times = number(event, "count")
        repeated = f" ({times} times)" if times > 1 else ""
        subject = f"{text(event, 'involvedObject', 'kind')} {text(event, 'involvedObject', 'name')}"
        yield f"{subject}: {text(event, 'reason')}: {text(event, 'message')}{repeated}"


def _pods(live: Obj, cluster: Cluster) -> Iterator[str]:
    if text(live, "kind") == "Pod":
        pods = [live]
    else:
        selector = _selector(mapping(live, "spec", "selector"), text(live, "kind"))
        pods = cluster.find("v1", "Pod", text(live, "metadata", "namespace"), selector) if selector else []
    unready = [pod for pod in pods if not _is_ready(pod)]
    for pod in unready[:_PODS]:
        yield from _pod(pod, cluster)
    if len(unready) > _PODS:
        yield f"and {len(unready) - _PODS} more pods that are not ready"


def _selector(selector: Obj, kind: str) -> str:
    labels = selector if kind == "Service" else mapping(selector, "matchLabels")
    return ",".join(f"{key}={value}" for key, value in labels.items())


def _is_ready(pod: Obj) -> bool:
    return any(text(one, "type") == "Ready" and text(one, "status") == "True" for one in items(pod, "status", "conditions"))


def _pod(pod: Obj, cluster: Cluster) -> Iterator[str]:
    name = text(pod, "metadata", "name")
    unscheduled = [
        one for one in items(pod, "status", "conditions") if text(one, "type") == "PodScheduled" and text(one, "status") == "False"
    ]
    statuses = [*items(pod, "status", "initContainerStatuses"), *items(pod, "status", "containerStatuses")]
    if unscheduled:
        yield f"pod {name} has no node: {text(unscheduled[0], 'message')}"
    elif not statuses:
        yield f"pod {name} is {text(pod, 'status', 'phase') or 'new'}, its containers have not started"
    for status in statuses:
        if status.get("ready") is not True:
            yield f"pod {name}, container {text(status, 'name')}: {_state(status)}"
            yield from _log(pod, status, cluster)


def _state(status: Obj) -> str:
    parts: list[str] = []
    for key, phase in (("state", "waiting"), ("state", "terminated"), ("lastState", "terminated")):
        found = mapping(status, key, phase)
        if found:
            code = f" with exit code {number(found, 'exitCode')}" if phase == "terminated" else ""
            before = "before that " if key == "lastState" else ""
            parts.append(f"{before}{phase}{code} ({text(found, 'reason')}) {text(found, 'message')}".strip())
    if mapping(status, "state", "running"):
        parts.append("running, but its readiness probe does not pass")
    if number(status, "restartCount"):
        parts.append(f"restarted {number(status, 'restartCount')} times")
    return "; ".join(parts) or "not started"


def _log(pod: Obj, status: Obj, cluster: Cluster) -> Iterator[str]:
    namespace, name, container = text(pod, "metadata", "namespace"), text(pod, "metadata", "name"), text(status, "name")
    for previous in (False, True):
        written = cluster.log_tail(namespace, name, container, _LINES, previous=previous)
        if written:
            yield f"last lines of {container} in {name}:\n" + "\n".join(f"  | {line}" for line in written.splitlines())
            return
