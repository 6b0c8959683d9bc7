"""Putting the demo on a cluster, taking it away, and breaking its services."""

import difflib
import json
import time
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from model.catalogue import Catalogue
from model.documents import mapping, read
from model.validation import validate
from sandbox.demo.image import reference
from sandbox.demo.manifests import CONTROL_PORT, manifests, tools_namespace
from sandbox.demo.pods import MANAGED_BY, MANAGER, Manifest
from sandbox.kube import Kube, KubeError, Object
from sandbox.progress import say

ROOT = Path(__file__).parents[2]
CATALOGUE = "dharma"
TIMEOUT_SECONDS = 180

_COLLECTIONS = {
    "Namespace": "/api/v1/namespaces",
    "Secret": "/api/v1/namespaces/{namespace}/secrets",
    "Service": "/api/v1/namespaces/{namespace}/services",
    "Deployment": "/apis/apps/v1/namespaces/{namespace}/deployments",
}


class DemoError(Exception):
    """The demo cannot be deployed or steered; the text is meant to be printed as it is."""


def catalogue(name: str = CATALOGUE) -> Catalogue:
    """A catalogue of this project; raises InvalidConfiguration."""
    document = read(ROOT, f"configs/catalogues/{name}.yaml")
    return validate(Catalogue, document.content, file=document.file)


def up(kubeconfig: Path, *, system: str = CATALOGUE) -> None:
    """Deploy the demo for a catalogue and wait until every pod is ready; changes nothing when it is. Raises DemoError and KubeError."""
    kube, declared = Kube(kubeconfig), catalogue(system)
    _refuse_foreign(kube, declared)
    objects = manifests(declared, reference())
    for manifest in objects:
        kube.call(
            "PATCH", _path(manifest), query={"fieldManager": MANAGER, "force": "true"}, body=manifest, kind="application/apply-patch+yaml"
        )
    _wait_ready(kube, [manifest for manifest in objects if manifest["kind"] == "Deployment"])


def down(kubeconfig: Path, *, system: str = CATALOGUE) -> None:
    """Delete the demo's namespaces with all that is in them, and wait until they are gone. Raises DemoError and KubeError."""
    kube, declared = Kube(kubeconfig), catalogue(system)
    _refuse_foreign(kube, declared)
    present = _ours(kube, declared)
    for name in present:
        kube.call("DELETE", f"/api/v1/namespaces/{name}", query={"propagationPolicy": "Foreground"})
    end = time.monotonic() + TIMEOUT_SECONDS
    while left := _ours(kube, declared):
        if time.monotonic() > end:
            raise DemoError(f"not gone within {TIMEOUT_SECONDS} s: namespace {', '.join(left)}")
        time.sleep(0.5)
    say(f"demo: deleted {', '.join(present) or 'nothing: it was not there'}")


def set_faults(kubeconfig: Path, service: str, faults: Mapping[str, object], *, system: str = CATALOGUE) -> None:
    """Make every pod of a service behave badly; without any faults it is healed. Raises DemoError and KubeError."""
    kube, declared = Kube(kubeconfig), catalogue(system)
    check_service(service, declared.services)
    pods = kube.get(f"/api/v1/namespaces/{declared.namespace}/pods", {"labelSelector": f"app.kubernetes.io/name={service}"})["items"]
    running = [
        pod["metadata"]["name"] for pod in pods if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
    ]
    if not running:
        raise DemoError(f"no pod of {service} is running; `start {service}` makes one")
    for pod in running:
        path = f"/api/v1/namespaces/{declared.namespace}/pods/{pod}:{CONTROL_PORT}/proxy/faults"
        answer = kube.call("PUT", path, body=dict(faults)) if faults else kube.call("DELETE", path)
        say(f"{pod}: {json.dumps(answer)}")


def scale(kubeconfig: Path, service: str, replicas: int, *, system: str = CATALOGUE) -> None:
    """Set the number of pods of a service: 0 stops it, 1 starts it. Raises DemoError and KubeError."""
    declared = catalogue(system)
    check_service(service, declared.services)
    path = f"{_COLLECTIONS['Deployment'].format(namespace=declared.namespace)}/{service}/scale"
    Kube(kubeconfig).call("PATCH", path, body={"spec": {"replicas": replicas}}, kind="application/merge-patch+json")
    say(f"{service}: {replicas} pod(s) wanted")


def check_service(given: str, known: Collection[str]) -> None:
    """Raise DemoError when there is no such service."""
    if given not in known:
        close = difflib.get_close_matches(given, known, n=1)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise DemoError(f"service {given!r}: not in the catalogue; allowed: {', '.join(known)}{hint}")


def _refuse_foreign(kube: Kube, declared: Catalogue) -> None:
    """On a cluster that is not the sandbox, namespaces of these names may hold the real thing."""
    wanted = {declared.namespace, tools_namespace(declared)}
    for space in kube.list(_COLLECTIONS["Namespace"]):
        metadata = space["metadata"]
        if metadata["name"] in wanted and metadata.get("labels", {}).get(MANAGED_BY) != MANAGER:
            raise DemoError(
                f"namespace {metadata['name']} is there and was not made by the demo (no label {MANAGED_BY}={MANAGER}): left alone"
            )


def _ours(kube: Kube, declared: Catalogue) -> list[str]:
    wanted = {declared.namespace, tools_namespace(declared)}
    return [name for space in kube.list(_COLLECTIONS["Namespace"]) if (name := str(space["metadata"]["name"])) in wanted]


def _path(manifest: Manifest) -> str:
    metadata = mapping(manifest["metadata"])
    return f"{_COLLECTIONS[str(manifest['kind'])].format_map(metadata)}/{metadata['name']}"


def _wait_ready(kube: Kube, deployments: list[Manifest]) -> None:
    end, told = time.monotonic() + TIMEOUT_SECONDS, ""
    while waiting := [path for path in map(_path, deployments) if not is_ready(kube.get(path))]:
        names = ", ".join(path.rsplit("/", 1)[1] for path in waiting)
        text = f"demo: {len(deployments) - len(waiting)} of {len(deployments)} ready; waiting for {names}"
        if text != told:
            say(text)
            told = text
        if time.monotonic() > end:
            raise DemoError(f"not ready within {TIMEOUT_SECONDS} s:\n" + "\n".join(_reasons(kube, waiting)))
        time.sleep(1)


def is_ready(deployment: Object) -> bool:
    """Whether all pods of a Deployment are of its newest version and ready."""
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    seen = status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
    return seen and all(status.get(key, 0) == wanted for key in ("replicas", "updatedReplicas", "readyReplicas"))


def _reasons(kube: Kube, deployments: list[str]) -> Iterator[str]:
    """Why the pods of Deployments are not ready, as the cluster tells it."""
    for path in deployments:
        namespace, name = path.split("/")[-3], path.split("/")[-1]
        yield f"  {namespace}/{name}:"
        try:
            pods = kube.get(f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": f"app.kubernetes.io/name={name}"})["items"]
        except KubeError as error:
            yield f"    {error}"
            continue
        for pod in pods:
            status = pod["status"]
            states = [f"{each['name']}: {json.dumps(each['state'])}" for each in status.get("containerStatuses", []) if not each["ready"]]
            yield f"    {pod['metadata']['name']} ({status.get('phase')}): " + (
                "; ".join(states) or json.dumps(status.get("conditions", []))
            )
        if not pods:
            yield "    no pod was made: `kubectl describe replicaset` tells why"
