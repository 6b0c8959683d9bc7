"""What every pod must be: unprivileged, read-only, bounded, watched. Only the agents' namespace may look at its node."""

from collections.abc import Iterator

from components.platform import AGENTS_NAMESPACE
from model.documents import each, mapping

Problem = tuple[str, str, str]
"""The key, what is wrong with it, and what would be right."""

_VOLUMES = ("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim", "projected", "secret")


def pod_problems(manifest: dict[str, object]) -> Iterator[Problem]:
    """What is wrong with the pods of a workload; nothing for other objects."""
    metadata = mapping(manifest.get("metadata"))
    lasting = list(each(manifest, "spec", "template", "spec"))
    for key, template in [*lasting, *each(manifest, "spec", "jobTemplate", "spec", "template", "spec")]:
        spec = mapping(template)
        yield from _identity(key, spec)
        yield from _context(key, spec)
        containers = [
            (f"{key}.{name}", mapping(container)) for kind in ("containers", "initContainers") for name, container in each(spec, kind, "*")
        ]
        if metadata.get("namespace") != AGENTS_NAMESPACE:
            yield from _node_access(key, spec)
            for place, context in ((key, spec), *containers):
                yield from _user(f"{place}.securityContext", mapping(context.get("securityContext")))
        for name, container in containers:
            yield from _container(name, container)
            if lasting:
                yield from _probes(name, container)


def _identity(key: str, spec: dict[str, object]) -> Iterator[Problem]:
    if spec.get("serviceAccountName") in (None, "default"):
        yield f"{key}.serviceAccountName", "is missing", "a ServiceAccount of its own"
    if "automountServiceAccountToken" not in spec:
        yield f"{key}.automountServiceAccountToken", "is missing", "true where it talks to the API, else false"
    if spec.get("enableServiceLinks") is not False:
        yield f"{key}.enableServiceLinks", "is on", "false"


def _context(key: str, spec: dict[str, object]) -> Iterator[Problem]:
    context = mapping(spec.get("securityContext"))
    if mapping(context.get("seccompProfile")).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{key}.securityContext.seccompProfile.type", "is missing or open", "RuntimeDefault, Localhost"


def _user(key: str, context: dict[str, object]) -> Iterator[Problem]:
    if context.get("runAsNonRoot") is not True:
        yield f"{key}.runAsNonRoot", "is missing or wrong", f"true; root only in namespace {AGENTS_NAMESPACE}"


def _node_access(key: str, spec: dict[str, object]) -> Iterator[Problem]:
    for sharing in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(sharing):
            yield f"{key}.{sharing}", "is on", f"only in namespace {AGENTS_NAMESPACE}"
    for name, volume in each(spec, "volumes", "*"):
        kinds = sorted(set(mapping(volume)) - {"name", *_VOLUMES})
        if kinds:
            yield f"{key}.{name}", f"is a {kinds[0]} volume", ", ".join(_VOLUMES)


def _container(key: str, container: dict[str, object]) -> Iterator[Problem]:
    yield from _container_rights(f"{key}.securityContext", mapping(container.get("securityContext")))
    yield from _resources(f"{key}.resources", mapping(container.get("resources")))
    image = str(container.get("image"))
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag in ("", "latest"):
        yield f"{key}.image", f"'{image}' has no fixed version", "a tag other than latest, or a digest"
    for name, mount in each(container, "volumeMounts", "*"):
        if "subPath" in mapping(mount):
            yield f"{key}.{name}.subPath", "would never see a changed file", "the directory as a whole"
    for name, variable in each(container, "env", "*"):
        if "secretKeyRef" in mapping(mapping(variable).get("valueFrom")):
            yield f"{key}.{name}", "puts a secret into the environment of the process", "a mounted file"


def _probes(key: str, container: dict[str, object]) -> Iterator[Problem]:
    for probe in ("readinessProbe", "livenessProbe"):
        if probe not in container:
            yield f"{key}.{probe}", "is missing", "a probe"


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


def _resources(key: str, resources: dict[str, object]) -> Iterator[Problem]:
    requests, limits = mapping(resources.get("requests")), mapping(resources.get("limits"))
    for name in ("cpu", "memory"):
        if name not in requests:
            yield f"{key}.requests.{name}", "is missing", "an amount"
    if limits.get("memory") != requests.get("memory") or "memory" not in limits:
        yield f"{key}.limits.memory", "differs from the request", "the amount that is requested"
