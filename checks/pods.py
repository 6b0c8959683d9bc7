"""What every pod must be: unprivileged, read-only, bounded, watched. Only the agents' namespace may look at its node."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from model.documents import each, mapping
from model.namespaces import AGENTS_NAMESPACE

Problem = tuple[str, str, str]
"""The key, what is wrong with it, and what would be right."""

_VOLUMES = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")


@dataclass(frozen=True, kw_only=True)
class Pod:
    """The pods that a workload makes."""

    key: str
    """Where their spec is in the workload."""

    spec: dict[str, object]
    agent: bool
    """Whether they may look at their node."""

    lasting: bool
    """Whether they are to run until somebody ends them."""

    @property
    def containers(self) -> Iterator[tuple[str, dict[str, object]]]:
        """Each container and where it is."""
        for kind in ("containers", "initContainers"):
            for name, container in each(self.spec, kind, "*"):
                yield f"{self.key}.{name}", mapping(container)


def pods(manifest: dict[str, object]) -> Iterator[Pod]:
    """Those of a workload; nothing for other objects."""
    agent = mapping(manifest.get("metadata")).get("namespace") == AGENTS_NAMESPACE
    for key, spec in each(manifest, "spec", "template", "spec"):
        yield Pod(key=key, spec=mapping(spec), agent=agent, lasting=manifest.get("kind") != "Job")
    for key, spec in each(manifest, "spec", "jobTemplate", "spec", "template", "spec"):
        yield Pod(key=key, spec=mapping(spec), agent=agent, lasting=False)


def identity(pod: Pod) -> Iterator[Problem]:
    """Pods have a name of their own to the API, and know of no service that they do not ask for."""
    key, spec = pod.key, pod.spec
    if spec.get("serviceAccountName") in (None, "default"):
        yield f"{key}.serviceAccountName", "is missing", "a ServiceAccount of its own"
    if "automountServiceAccountToken" not in spec:
        yield f"{key}.automountServiceAccountToken", "is missing", "true where it talks to the API, else false"
    if spec.get("enableServiceLinks") is not False:
        yield f"{key}.enableServiceLinks", "is on", "false"


def restricted(pod: Pod) -> Iterator[Problem]:
    """Pods keep the Pod Security Standard *restricted*, but for agents, which may look at their node."""
    context = mapping(pod.spec.get("securityContext"))
    if mapping(context.get("seccompProfile")).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{pod.key}.securityContext.seccompProfile.type", "is missing or open", "RuntimeDefault, Localhost"
    if not pod.agent:
        yield from _node_access(pod.key, pod.spec)
        for place, described in ((pod.key, pod.spec), *pod.containers):
            if mapping(described.get("securityContext")).get("runAsNonRoot") is not True:
                yield f"{place}.securityContext.runAsNonRoot", "is missing or wrong", f"true; root only in namespace {AGENTS_NAMESPACE}"
    for key, container in pod.containers:
        yield from _container_rights(f"{key}.securityContext", mapping(container.get("securityContext")))


def _node_access(key: str, spec: dict[str, object]) -> Iterator[Problem]:
    for sharing in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(sharing):
            yield f"{key}.{sharing}", "is on", f"only in namespace {AGENTS_NAMESPACE}"
    for name, volume in each(spec, "volumes", "*"):
        kinds = sorted(set(mapping(volume)) - {"name", *_VOLUMES})
        if kinds:
            yield f"{key}.{name}", f"is a {kinds[0]} volume", ", ".join(_VOLUMES)


def _container_rights(key: str, context: dict[str, object]) -> Iterator[Problem]:
    wanted = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True}
    for name, value in wanted.items():
        if context.get(name) is not value:
            yield f"{key}.{name}", "is missing or wrong", str(value).lower()
    if context.get("privileged"):
        yield f"{key}.privileged", "is on", "false"
    capabilities = mapping(context.get("capabilities"))
    if capabilities.get("drop") != ["ALL"] or "add" in capabilities:
        yield f"{key}.capabilities", "leave it rights", "drop: [ALL] and no add"


def pinned(pod: Pod) -> Iterator[Problem]:
    """Images have a fixed version."""
    for key, container in pod.containers:
        image = str(container.get("image"))
        if image.rpartition("/")[2].partition(":")[2] in ("", "latest"):
            yield f"{key}.image", f"'{image}' has no fixed version", "a tag other than latest, or a digest"


def bounded(pod: Pod) -> Iterator[Problem]:
    """Containers say what they need, and may not have more memory than that."""
    for name, container in pod.containers:
        key, resources = f"{name}.resources", mapping(container.get("resources"))
        requests, limits = mapping(resources.get("requests")), mapping(resources.get("limits"))
        for kind in ("cpu", "memory"):
            if kind not in requests:
                yield f"{key}.requests.{kind}", "is missing", "an amount"
        if limits.get("memory") != requests.get("memory") or "memory" not in limits:
            yield f"{key}.limits.memory", "differs from the request", "the amount that is requested"


def current(pod: Pod) -> Iterator[Problem]:
    """Files are mounted so that a change of them arrives."""
    for key, container in pod.containers:
        for name, mount in each(container, "volumeMounts", "*"):
            if "subPath" in mapping(mount):
                yield f"{key}.{name}.subPath", "would never see a changed file", "the directory as a whole"


def secrets_as_files(pod: Pod) -> Iterator[Problem]:
    """Secrets come as files, not in the environment, which children and dumps see."""
    for key, container in pod.containers:
        for name, variable in each(container, "env", "*"):
            if "secretKeyRef" in mapping(mapping(variable).get("valueFrom")):
                yield f"{key}.{name}", "puts a secret into the environment of the process", "a mounted file"


def watched(pod: Pod) -> Iterator[Problem]:
    """Containers that are to last have probes."""
    for key, container in pod.containers if pod.lasting else ():
        for probe in ("readinessProbe", "livenessProbe"):
            if probe not in container:
                yield f"{key}.{probe}", "is missing", "a probe"


POD_RULES: tuple[Callable[[Pod], Iterator[Problem]], ...] = (
    identity,
    restricted,
    pinned,
    bounded,
    current,
    secrets_as_files,
    watched,
)
"""All rules; each gives the problems of one pod."""
