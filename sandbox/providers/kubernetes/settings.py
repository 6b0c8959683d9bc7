"""The provider's configuration: the keys of the official provider, read once, refused when unknown."""

import difflib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import yaml

from sandbox.providers.values import Json, Obj, has_unknown, items, mapping, text

_SWITCHES: Final = {
    "enableConfigMapMutable": "PULUMI_K8S_ENABLE_CONFIGMAP_MUTABLE",
    "enableSecretMutable": "PULUMI_K8S_ENABLE_SECRET_MUTABLE",
    "enablePatchForce": "PULUMI_K8S_ENABLE_PATCH_FORCE",
    "upsertExistingObjects": "PULUMI_K8S_UPSERT_EXISTING_OBJECTS",
}
_TEXTS: Final = ("kubeconfig", "context", "cluster", "namespace", "clusterIdentifier")
_WITHOUT_EFFECT: Final = (
    "suppressDeprecationWarnings",
    "suppressHelmHookWarnings",
    "kubeClientSettings",
    "helmReleaseSettings",
    "enableServerSideApply",
)
_REFUSED: Final = ("renderYamlToDirectory", "alwaysRender", "deleteUnreachable", "skipUpdateUnreachable")
_ENGINE: Final = ("version", "pluginDownloadURL", "__internal")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What the provider was configured with."""

    kubeconfig: Obj | None
    """The parsed kubeconfig; None while it is unknown (its cluster is made by the same program)."""
    context: str = ""
    namespace: str = ""
    """For objects that name none; empty: the context's namespace, else `default`."""
    cluster_identifier: str = ""
    config_map_mutable: bool = False
    secret_mutable: bool = False
    patch_force: bool = False
    upsert: bool = False


def problems(given: Obj) -> list[tuple[str, str]]:
    """What is wrong with the configuration, as (key, message) pairs."""
    known = [*_TEXTS, *_SWITCHES, *_WITHOUT_EFFECT]
    found: list[tuple[str, str]] = []
    for key, value in given.items():
        if key in _REFUSED:
            found.append((key, f"{key} is not available in a closed network: only the official provider plugin does that"))
        elif key not in known and key not in _ENGINE:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"did you mean {near[0]}? " if near else ""
            found.append((key, f"unknown setting {key} of the kubernetes provider: {hint}Allowed are {', '.join(sorted(known))}"))
        elif key in _SWITCHES and not has_unknown(value) and _switch(value) is None:
            found.append((key, f"{key} must be true or false, not {value!r}"))
    if _switch(given.get("enableServerSideApply")) is False:
        found.append(("enableServerSideApply", "enableServerSideApply must be true here: the sandbox stand-in applies on the server only"))
    return found


def settings(given: Obj) -> Settings:
    """The settings from the engine's configuration and the environment variables that the official provider reads. Raises ValueError."""
    switches = {key: _chosen(given, key, variable) for key, variable in _SWITCHES.items()}
    kubeconfig = None if has_unknown(given.get("kubeconfig")) else _kubeconfig(given.get("kubeconfig"))
    context = text(given, "context") or (text(kubeconfig, "current-context") if kubeconfig else "")
    if kubeconfig and text(given, "cluster"):
        kubeconfig = _with_cluster(kubeconfig, context, text(given, "cluster"))
    return Settings(
        kubeconfig=kubeconfig,
        context=context,
        namespace=text(given, "namespace") or (text(_context(kubeconfig, context), "namespace") if kubeconfig else ""),
        cluster_identifier=text(given, "clusterIdentifier"),
        config_map_mutable=switches["enableConfigMapMutable"],
        secret_mutable=switches["enableSecretMutable"],
        patch_force=switches["enablePatchForce"],
        upsert=switches["upsertExistingObjects"],
    )


def cluster_of(chosen: Settings) -> str:
    """What makes it this cluster and no other: the given identifier, else the API server's address."""
    if chosen.cluster_identifier or not chosen.kubeconfig:
        return chosen.cluster_identifier
    name = text(_context(chosen.kubeconfig, chosen.context), "cluster")
    return next((text(one, "cluster", "server") for one in items(chosen.kubeconfig, "clusters") if text(one, "name") == name), "")


def _switch(value: Json) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())


def _chosen(given: Obj, key: str, variable: str) -> bool:
    value = given.get(key, os.environ.get(variable))
    return _switch(value) is True


def _kubeconfig(given: Json) -> Obj:
    if isinstance(given, dict):
        return given
    named = str(given or os.environ.get("KUBECONFIG") or Path.home() / ".kube" / "config")
    is_content = "\n" in named or named.lstrip().startswith("{")
    try:
        content = named if is_content else Path(named).expanduser().read_text()
    except OSError as error:
        raise ValueError(f"kubeconfig: {named} cannot be read: {error.strerror}") from None
    parsed: Json = yaml.safe_load(content)
    if not isinstance(parsed, dict) or not items(parsed, "clusters"):
        # Not quoted: a kubeconfig holds credentials.
        raise ValueError("kubeconfig: this is no kubeconfig: it must be the path of one or its content, with clusters, users and contexts")
    return parsed


def _context(kubeconfig: Obj, name: str) -> Obj:
    names = [text(one, "name") for one in items(kubeconfig, "contexts")]
    if name not in names:
        raise ValueError(f"context: the kubeconfig has no context {name!r}; it has {', '.join(names) or 'none'}")
    return next(mapping(one, "context") for one in items(kubeconfig, "contexts") if text(one, "name") == name)


def _with_cluster(kubeconfig: Obj, context: str, cluster: str) -> Obj:
    changed: list[Json] = [
        {**one, "context": {**mapping(one, "context"), "cluster": cluster}} if text(one, "name") == context else one
        for one in items(kubeconfig, "contexts")
    ]
    return {**kubeconfig, "contexts": changed}
