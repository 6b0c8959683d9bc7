"""Promtail: the pipeline and what it reads, as ``promtail.yaml`` says them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from components.documents import Document
from model.catalogue import Catalogue
from model.pipeline import Fields, Level, Limit, Match, Normalise, Pipeline, Stage

PORT = 9080
"""Its metrics and its readiness."""

STATE = "/run/promtail"
"""The directory of the node that remembers how far each file was read."""

NOTES = f"{STATE}/positions.yaml"
"""The file in it."""

REDACTED = "[redacted]"

_RFC3339 = "2006-01-02T15:04:05Z07:00"
"""How Go writes the format of the container runtime's time, ``.time`` of each line."""


@dataclass(frozen=True, kw_only=True)
class HostLines:
    """The node's own lines."""

    files: Sequence[str]
    """Where they are, by patterns."""

    pipeline: Pipeline
    """What happens to them."""


_POD = "__meta_kubernetes_pod_"
_NAMES = (f"{_POD}label_app_kubernetes_io_name", f"{_POD}label_app", f"{_POD}container_name")


def promtail_config(pipeline: Pipeline, catalogues: Iterable[Catalogue], *, push: str, drop: Sequence[Level], hosts: HostLines) -> Document:
    """``promtail.yaml``: read containers and the node's own files, put each line through its pipeline, ``push`` to Loki's address.

    It asks for the pods of its own node alone, by itself: of the node that the variable ``HOSTNAME`` names.
    """
    return {
        "server": {"http_listen_port": PORT, "grpc_listen_port": 0},
        # What it has read, not what Loki has taken: see START in log_agent.py. A broken file must not stop it.
        "positions": {"filename": NOTES, "sync_period": "1s", "ignore_invalid_yaml": True},
        # It tries until Loki takes the lines (0: for ever), which wait on the node meanwhile; by default it drops them after ten tries.
        "clients": [{"url": push, "backoff_config": {"min_period": "500ms", "max_period": "30s", "max_retries": 0}}],
        "scrape_configs": [
            {
                "job_name": "containers",
                "kubernetes_sd_configs": [{"role": "pod"}],
                "relabel_configs": relabelling(catalogues),
                "pipeline_stages": stages(pipeline.stages, drop),
            },
            *(
                [
                    {
                        "job_name": "hosts",
                        "static_configs": [{"targets": ["localhost"], "labels": labels} for labels in host_labels(hosts)],
                        "pipeline_stages": stages(hosts.pipeline.stages, drop),
                    }
                ]
                if hosts.files
                else []
            ),
        ],
    }


def host_labels(hosts: HostLines) -> list[dict[str, str]]:
    """What is known of a node's own files: each by its pattern. The lines name the node."""
    return [{"source": "host", "__path__": file} for file in hosts.files]


def relabelling(catalogues: Iterable[Catalogue]) -> list[Document]:
    """From what Kubernetes knows about a container: the labels of its lines, and where its files are."""
    return [
        *(
            {"source_labels": [source], "target_label": label}
            for label, source in {
                "namespace": "__meta_kubernetes_namespace",
                "pod": f"{_POD}name",
                "node": f"{_POD}node_name",
                "container": f"{_POD}container_name",
            }.items()
        ),
        # The first of them that is there.
        {"source_labels": list(_NAMES), "regex": ";*([^;]+).*", "target_label": "service"},
        *(rule for catalogue in catalogues for rule in ownership(catalogue)),
        {
            "source_labels": [f"{_POD}uid", f"{_POD}container_name"],
            "separator": "/",
            "replacement": "/var/log/pods/*$1/*.log",
            "target_label": "__path__",
        },
        # The kubelet names the files of pods that do not come from the API server after the hash of their manifest.
        {
            "source_labels": [f"{_POD}annotation_kubernetes_io_config_hash", f"{_POD}container_name"],
            "separator": "/",
            "regex": "([^/].*)",
            "replacement": "/var/log/pods/*$1/*.log",
            "target_label": "__path__",
        },
    ]


def ownership(catalogue: Catalogue) -> list[Document]:
    """Whose the lines of a system are, as its catalogue says."""
    rules: list[Document] = [
        {"source_labels": ["namespace"], "regex": catalogue.namespace, "replacement": catalogue.system, "target_label": "system"}
    ]
    workloads = {**catalogue.services, **catalogue.datastores}
    for team in sorted({workload.team for workload in workloads.values()}):
        names = "|".join(sorted(name for name, workload in workloads.items() if workload.team == team))
        rules.append(
            {
                "source_labels": ["namespace", "service"],
                "regex": f"{catalogue.namespace};({names})",
                "replacement": team,
                "target_label": "team",
            }
        )
    return rules


def stages(pipeline: Iterable[Stage], drop: Sequence[Level]) -> list[Document]:
    """The stages of a pipeline in Promtail's words; lines of the levels in ``drop`` are dropped."""
    return [step for stage in pipeline for step in steps(stage, drop)]


def steps(stage: Stage, drop: Sequence[Level]) -> list[Document]:
    """What one stage is in Promtail: mostly one step of it, none when there is nothing to do."""
    match stage:
        case Stage(match=only) if only:
            return [{"match": {"selector": selector(only), "stages": stages(only.stages, drop)}}]
        case Stage(drop_levels=levels) if levels:
            expression = f"^(?:{'|'.join(drop)})$"
            return [{"drop": {"source": ["level"], "expression": expression, "drop_counter_reason": levels.reason}}] if drop else []
        case _:
            return reading(stage) or leaving(stage)


def reading(stage: Stage) -> list[Document]:  # noqa: PLR0911 (one for each kind of stage)
    """The stages that find out what a line says."""
    match stage:
        case Stage(cri=cri) if cri:
            return [{"cri": {"max_partial_line_size": cri.max_line.bytes, "max_partial_line_size_truncate": True}}]
        case Stage(multiline=multiline) if multiline:
            wait = str(multiline.max_wait)
            return [{"multiline": {"firstline": multiline.first_line, "max_wait_time": wait, "max_lines": multiline.max_lines}}]
        case Stage(json_=found) if found:
            return [{"json": {"expressions": {name: " || ".join(map(json_key, keys)) for name, keys in found.fields.items()}}}]
        case Stage(logfmt=found) if found:
            return logfmt(found)
        case Stage(regex=regex) if regex:
            return [{"regex": {"expression": regex.expression}}]
        case Stage(level=level) if level:
            return [{"template": {"source": "level", "template": normalised(level)}}]
        case Stage(timestamp=time) if time:
            first, *others = time.formats
            # A time that cannot be read leaves the time of the container runtime.
            step = {"source": time.source, "format": first, "fallback_formats": others, "action_on_failure": "skip"}
            return [{"timestamp": step}]
        case _:
            return []


def leaving(stage: Stage) -> list[Document]:  # noqa: PLR0911 (one for each kind of stage)
    """The stages that decide what leaves the node, and under which labels."""
    match stage:
        case Stage(drop=unwanted) if unwanted:
            source = {"source": list(unwanted.sources)} if unwanted.sources else {}
            return [{"drop": {**source, "expression": unwanted.expression, "drop_counter_reason": unwanted.reason}}]
        case Stage(redact=secret) if secret:
            return [{"replace": {"expression": secret.expression, "replace": REDACTED}}]
        case Stage(limit=limit) if limit:
            return limited(limit)
        case Stage(labels=names) if names:
            return [{"labels": dict.fromkeys(names, "")}]
        case Stage(metadata=names) if names:
            return [{"structured_metadata": dict.fromkeys(names, "")}]
        case Stage(keep_labels=names) if names:
            return [{"labelallow": list(names)}]
        case _:
            return []


def limited(limit: Limit) -> list[Document]:
    """The limit counts by a label that only fresh lines have: a backlog is read faster than it was written, and must not be dropped for it.

    Whoever writes no more than ``rate`` lines a second has no more than ``burst`` fresh ones at any time, and so loses none.
    """
    counted = f"fresh_{limit.per}"
    age = f'((now).Sub (toDate "{_RFC3339}" .time)).Seconds'
    template = f"{{{{ if lt {age} {limit.burst / limit.rate} }}}}{{{{ .{limit.per} }}}}{{{{ end }}}}"
    return [
        {"template": {"source": counted, "template": template}},
        {"labels": {counted: ""}},
        {"limit": {"rate": limit.rate, "burst": limit.burst, "drop": True, "by_label_name": counted}},
        {"labeldrop": [counted]},
    ]


def selector(match: Match) -> str:
    """Lines by pattern, in LogQL: of all streams, as every line of a container has the label ``stream``."""
    operator, pattern = ("|~", match.line) if match.line else ("!~", match.unless)
    return f'{{stream=~".+"}} {operator} {json.dumps(pattern)}'


def json_key(key: str) -> str:
    """A key of a JSON object in JMESPath."""
    return key if key.isidentifier() else json.dumps(key)


def logfmt(found: Fields) -> list[Document]:
    """One step for each choice, the best last: a value that is found replaces the one before."""
    most = max(len(keys) for keys in found.fields.values())
    choices = [{name: keys[index] for name, keys in found.fields.items() if index < len(keys)} for index in reversed(range(most))]
    return [{"logfmt": {"mapping": mapping}} for mapping in choices]


def normalised(level: Normalise) -> str:
    """A template that gives a found level its own word, and ``unknown`` where none was found."""
    words: Mapping[str, str] = {word: name for name, words in level.words.items() for word in words}
    pairs = " ".join(f"{json.dumps(word)} {json.dumps(name)}" for word, name in words.items())
    return f'{{{{ get (dict {pairs}) (.Value | default "" | lower | trim) | default "unknown" }}}}'
