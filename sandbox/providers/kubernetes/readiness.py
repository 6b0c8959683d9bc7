"""When an object counts as ready, kind by kind, as the official provider waits for it.

Each check looks at the live object once and says what is missing, or nothing when it is ready. `FailedError`: waiting longer cannot help.
"""

from collections.abc import Callable
from typing import Final

from sandbox.providers.kubernetes.client import Cluster, Ref
from sandbox.providers.values import Obj, dig, items, mapping, number, text

Check = Callable[[Obj, Cluster], str]


class FailedError(Exception):
    """The object will not become ready."""


def missing(live: Obj, cluster: Cluster) -> str:
    """What the object still lacks, empty when it is ready. Raises FailedError and ApiError."""
    check = _CHECKS.get((text(live, "apiVersion"), text(live, "kind")))
    return check(live, cluster) if check else ""


def _unseen(live: Obj) -> bool:
    return number(live, "status", "observedGeneration") < number(live, "metadata", "generation")


def _wanted(live: Obj) -> int:
    replicas = dig(live, "spec", "replicas")
    return replicas if isinstance(replicas, int) else 1


def _deployment(live: Obj, _: Cluster) -> str:
    wanted, status = _wanted(live), mapping(live, "status")
    updated, available = number(status, "updatedReplicas"), number(status, "availableReplicas")
    if _unseen(live) or updated < wanted:
        return f"{updated} of {wanted} pods of the new version exist"
    if number(status, "replicas") > updated:
        return f"{number(status, 'replicas') - updated} pods of the old version are still there"
    return f"{available} of {wanted} pods are available" if available < wanted else ""


def _stateful_set(live: Obj, _: Cluster) -> str:
    wanted, status = _wanted(live), mapping(live, "status")
    ready = number(status, "readyReplicas")
    if _unseen(live) or ready < wanted:
        return f"{ready} of {wanted} pods are ready"
    strategy = mapping(live, "spec", "updateStrategy")
    rolls_all = text(strategy, "type") == "RollingUpdate" and number(strategy, "rollingUpdate", "partition") == 0
    if rolls_all and text(status, "currentRevision") != text(status, "updateRevision"):
        return f"{number(status, 'updatedReplicas')} of {wanted} pods have the new version"
    return ""


def _daemon_set(live: Obj, _: Cluster) -> str:
    status = mapping(live, "status")
    wanted, available = number(status, "desiredNumberScheduled"), number(status, "numberAvailable")
    rolls = text(live, "spec", "updateStrategy", "type") == "RollingUpdate"
    updated = number(status, "updatedNumberScheduled") if rolls else wanted
    if _unseen(live) or updated < wanted:
        return f"{updated} of {wanted} pods have the new version"
    return f"{available} of {wanted} pods are available" if available < wanted else ""


def _job(live: Obj, _: Cluster) -> str:
    for condition in items(live, "status", "conditions"):
        if text(condition, "status") == "True" and text(condition, "type") == "Failed":
            raise FailedError(f"the job failed: {text(condition, 'reason')}: {text(condition, 'message')}")
        if text(condition, "status") == "True" and text(condition, "type") == "Complete":
            return ""
    return f"{number(live, 'status', 'succeeded')} of {number(live, 'spec', 'completions') or 1} pods have succeeded"


def _pod(live: Obj, _: Cluster) -> str:
    phase = text(live, "status", "phase")
    ready = any(text(one, "type") == "Ready" and text(one, "status") == "True" for one in items(live, "status", "conditions"))
    if phase == "Failed":
        raise FailedError(f"the pod failed: {text(live, 'status', 'reason')} {text(live, 'status', 'message')}".strip())
    return "" if ready or phase == "Succeeded" else f"the pod is {phase or 'not scheduled'}, not ready"


def _service(live: Obj, cluster: Cluster) -> str:
    spec, name = mapping(live, "spec"), text(live, "metadata", "name")
    if text(spec, "type") == "LoadBalancer" and not items(live, "status", "loadBalancer", "ingress"):
        return "no address for the load balancer was assigned: does this cluster provide them?"
    if text(spec, "type") == "ExternalName" or text(spec, "clusterIP") == "None" or not mapping(spec, "selector"):
        return ""
    slices = cluster.find("discovery.k8s.io/v1", "EndpointSlice", text(live, "metadata", "namespace"), f"kubernetes.io/service-name={name}")
    if any(dig(endpoint, "conditions", "ready") is not False for one in slices for endpoint in items(one, "endpoints")):
        return ""
    selector = ", ".join(f"{key}={value}" for key, value in mapping(spec, "selector").items())
    return f"the service has no ready pod behind it: none that matches its selector ({selector}) is ready"


def _claim(live: Obj, cluster: Cluster) -> str:
    phase = text(live, "status", "phase")
    if phase == "Bound":
        return ""
    storage_class = cluster.get(Ref("storage.k8s.io/v1", "StorageClass", "", text(live, "spec", "storageClassName")))
    if phase == "Pending" and storage_class and text(storage_class, "volumeBindingMode") == "WaitForFirstConsumer":
        return ""
    return f"the claim is {phase or 'new'}, not bound to a volume"


def _volume(live: Obj, _: Cluster) -> str:
    phase = text(live, "status", "phase")
    return "" if phase in ("Available", "Bound") else f"the volume is {phase or 'new'}"


def _ingress(live: Obj, _: Cluster) -> str:
    return "" if items(live, "status", "loadBalancer", "ingress") else "no controller gave the ingress an address"


def _secret(live: Obj, _: Cluster) -> str:
    awaited = text(live, "type") == "kubernetes.io/service-account-token" and not mapping(live, "data")
    return "the token was not issued" if awaited else ""


_CHECKS: Final[dict[tuple[str, str], Check]] = {
    ("apps/v1", "Deployment"): _deployment,
    ("apps/v1", "StatefulSet"): _stateful_set,
    ("apps/v1", "DaemonSet"): _daemon_set,
    ("batch/v1", "Job"): _job,
    ("networking.k8s.io/v1", "Ingress"): _ingress,
    ("v1", "PersistentVolume"): _volume,
    ("v1", "PersistentVolumeClaim"): _claim,
    ("v1", "Pod"): _pod,
    ("v1", "Secret"): _secret,
    ("v1", "Service"): _service,
}
