"""What a change means beyond objects: alerts, dashboards, retention, permissions. Each topic is a set of sentences about a rendering."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import yaml

from model.documents import each, mapping, parse

Files = Mapping[str, str]
"""A rendering: files by path."""

Sentences = Mapping[str, str]
"""What is so, by what it is about."""


def alerts(files: Files) -> Sentences:
    """Each alert with its condition, by name and severity."""
    found: dict[str, str] = {}
    for path, text in files.items():
        if "/rules/" in path:
            for _, rule in each(parse(text, path).content, "groups", "*", "rules", "*"):
                one = mapping(rule)
                if "alert" in one:
                    labels = mapping(one.get("labels"))
                    tier = f", {labels['burn_tier']}" if "burn_tier" in labels else ""
                    condition = " ".join(str(one["expr"]).split())
                    found[f"{one['alert']} ({labels.get('severity')}{tier})"] = f"`{condition}` for {one.get('for', '0s')}"
    return found


def thresholds(files: Files) -> Sentences:
    """Each threshold and target that follows from the catalogue, by series."""
    found: dict[str, str] = {}
    path = "prometheus/rules/catalogue.yaml"
    for _, rule in each(parse(files[path], path).content, "groups", "*", "rules", "*") if path in files else ():
        one = mapping(rule)
        labels = ",".join(f"{key}={value}" for key, value in sorted(mapping(one.get("labels")).items()))
        found[f"`{one.get('record')}{{{labels}}}`"] = str(one.get("expr"))
    return found


def dashboards(files: Files) -> Sentences:
    """The panels of each dashboard, by its title."""
    found: dict[str, str] = {}
    for path, text in files.items():
        if path.startswith("grafana/dashboards/"):
            board = cast("dict[str, object]", json.loads(text))
            panels = [str(title) for _, title in each(board, "panels", "*", "title")]
            found[str(board.get("title"))] = ", ".join(panels)
    return found


def permissions(files: Files) -> Sentences:
    """What each role may do, in Kubernetes and in AWS, and who has it."""
    found: dict[str, str] = {}
    for manifest in _manifests(files):
        kind, metadata = str(manifest.get("kind")), mapping(manifest.get("metadata"))
        name = "/".join(str(metadata[key]) for key in ("namespace", "name") if key in metadata)
        if kind in ("Role", "ClusterRole"):
            rules = [mapping(rule) for _, rule in each(manifest, "rules", "*")]
            found[f"{kind} {name}"] = "; ".join(f"{_list(rule, 'verbs')} {_list(rule, 'resources', 'nonResourceURLs')}" for rule in rules)
        elif kind in ("RoleBinding", "ClusterRoleBinding"):
            held = [f"{mapping(one).get('namespace')}/{mapping(one).get('name')}" for _, one in each(manifest, "subjects", "*")]
            found[f"{kind} {name}"] = f"{mapping(manifest.get('roleRef')).get('name')} for {', '.join(held)}"
    for path, text in files.items():
        if path.startswith("aws/") and "role" in path:
            statements = [mapping(one) for _, one in each(json.loads(text), "policy", "Statement", "*")]
            if statements:
                found[f"AWS {path.removeprefix('aws/').removesuffix('.json')}"] = "; ".join(
                    f"{one.get('Effect')} {_list(one, 'Action')} on {_list(one, 'Resource')}" for one in statements
                )
    return found


def retention(files: Files) -> Sentences:
    """How long each signal is kept, and where its size ends that."""
    found: dict[str, str] = {}
    if loki := files.get("loki/loki.yaml"):
        limits = mapping(parse(loki, "loki/loki.yaml").content.get("limits_config"))
        found["logs"] = str(limits.get("retention_period"))
        for _, stream in each(limits, "retention_stream", "*"):
            found[f"logs {mapping(stream).get('selector')}"] = str(mapping(stream).get("period"))
    if prometheus := files.get("prometheus/prometheus.yml"):
        for _, kept in each(parse(prometheus, "prometheus/prometheus.yml").content, "storage", "tsdb", "retention"):
            found |= {f"metrics ({key})": str(value) for key, value in mapping(kept).items()}
    for manifest in _manifests(files):
        if (manifest.get("kind"), mapping(manifest.get("metadata")).get("name")) == ("CronJob", "trace-storage-retention"):
            for _, one in each(manifest, "spec", "jobTemplate", "spec", "template", "spec", "containers", "*", "env", "*"):
                if mapping(one).get("name") == "DAYS":
                    found["traces"] = f"{mapping(one).get('value')} days"
    return found


def _list(rule: Mapping[str, object], *keys: str) -> str:
    """The values under the first of some keys that is there."""
    value = next((rule[key] for key in keys if key in rule), "")
    return ",".join(map(str, cast("list[object]", value))) if isinstance(value, list) else str(value)


def _manifests(files: Files) -> Iterator[dict[str, object]]:
    for path, text in files.items():
        if path.startswith("manifests/"):
            yield from (mapping(document) for document in yaml.safe_load_all(text) if document)


TOPICS: Mapping[str, Callable[[Files], Sentences]] = {
    "Alerts": alerts,
    "Thresholds": thresholds,
    "Dashboards": dashboards,
    "Retention": retention,
    "Permissions": permissions,
}


def differences(before: Sentences, after: Sentences) -> tuple[str, ...]:
    """What is new, gone or otherwise, a line each."""
    lines: list[str] = []
    for about in sorted({*before, *after}):
        if about not in before:
            lines.append(f"**new** {about}: {after[about]}")
        elif about not in after:
            lines.append(f"**gone** {about}")
        elif before[about] != after[about]:
            lines.append(f"**changed** {about}: {_difference(before[about], after[about])}")
    return tuple(lines)


def _difference(before: str, after: str) -> str:
    """Of an enumeration only what is gone and what is new: of whole ones, a reader sees no more than the beginning."""
    for joint in ("; ", ", ") if "`" not in before + after else ():
        old, new = before.split(joint), after.split(joint)
        gone, come = [part for part in old if part not in new], [part for part in new if part not in old]
        if (gone, come) != (old, new) and (gone or come):
            return f"{joint.join(gone) or 'nothing'} → {joint.join(come) or 'nothing'}"
    return f"{before} → {after}"


def secret_changes(before: Mapping[str, object], after: Mapping[str, object]) -> tuple[str, ...]:
    """Which secrets two stack files encrypt otherwise, a line each: nobody here can read one, so nothing else shows that it changes."""
    old, new = (
        {key: text for key, value in mapping(content.get("config")).items() if (text := mapping(value).get("secure"))}
        for content in (before, after)
    )
    told = {key: "new" if key not in old else "gone" if key not in new else "changed" for key in sorted({*old, *new})}
    return tuple(f"**{word}** `{key}`" for key, word in told.items() if old.get(key) != new.get(key))
