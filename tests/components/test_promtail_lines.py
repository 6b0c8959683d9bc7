"""What becomes of real lines: each is put through the real Promtail with the pipeline of production."""

import json
import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from components.documents import Document
from components.promtail import stages
from model.documents import to_yaml
from model.pipeline import Level, Stage
from sandbox.toolchain import tool
from tests.components.environments import environment

pytestmark = pytest.mark.binaries

TIME = "2026-11-21T09:00:00.123456789Z"
"""When the container runtime saw the lines."""

LABELS = {"namespace": "shop", "service": "checkout", "container": "main", "pod": "checkout-1", "node": "n1", "filename": "/x/0.log"}
"""What is known about the container; the last three must not become labels of the stream."""

KEPT = ("namespace", "service", "container", "level", "stream", "system", "team", "source", "node")
METADATA = ("trace_id", "span_id", "pod", "node")

END = "the end of the lines"
"""Follows the lines of a test."""

CUT = 200 * 2**10
"""Longer lines are cut here (bytes)."""

JSON = '{"ts":"2026-11-21T08:59:59.5Z","level":"WARNING","msg":"slow","trace_id":"4bf92f","span_id":"00f0","endpoint":"/pay","status":200}'
POSTGRES = "2026-11-21 09:00:00.001 UTC [42] shop@orders ERROR:  duplicate key value violates unique constraint"
TRACE = (
    "java.lang.IllegalStateException: no stock",
    "\tat com.example.Checkout.pay(Checkout.java:42)",
    "Caused by: java.io.IOException: closed",
    "\t... 3 more",
)


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A line as it would reach Loki."""

    time: str
    labels: dict[str, str]
    metadata: dict[str, str]
    text: str

    @property
    def level(self) -> str:
        return self.labels["level"]


def cri(*lines: str | bytes, stream: str = "stdout", time: str = TIME) -> list[bytes]:
    """Lines as containerd writes them: long ones in parts of 16 KiB."""
    framed: list[bytes] = []
    for line in lines:
        content = line.encode() if isinstance(line, str) else line
        parts = [content[start : start + 2**14] for start in range(0, len(content), 2**14)] or [b""]
        tags = ["P"] * (len(parts) - 1) + ["F"]
        framed += [f"{time} {stream} {tag} ".encode() + part for tag, part in zip(tags, parts, strict=True)]
    return framed


PIPELINE = environment("prod").pipeline.stages


def through(
    tmp_path: Path, lines: Sequence[bytes], drop: Sequence[Level] = ("trace", "debug"), pipeline: Sequence[Stage] = PIPELINE
) -> list[Sent]:
    """What Promtail sends of some lines of one stream.

    Its dry run shows neither metadata nor the ends of lines: so here metadata becomes labels of other names, and the line becomes JSON.
    """
    # Two lines of the same stream at the end: the first shows that all before it are out, the second pushes it out.
    stream = lines[0].split()[1].decode()
    return put(tmp_path, stages(pipeline, drop), LABELS, lines, cri(END, END, stream=stream))


def put(tmp_path: Path, pipeline: Sequence[Document], labels: dict[str, str], lines: Sequence[bytes], end: Sequence[bytes]) -> list[Sent]:
    """What becomes of lines with these labels in the steps of a pipeline; ``end`` are lines whose text is `END`."""
    steps = [shown(step) for step in pipeline]
    as_json: list[Document] = [{"template": {"source": "shown", "template": "{{ .Entry | toJson }}"}}, {"output": {"source": "shown"}}]
    config: Document = {
        "server": {"disable": True},
        "positions": {"filename": str(tmp_path / "positions.yaml")},
        "clients": [{"url": "http://loki.invalid/loki/api/v1/push"}],
        "scrape_configs": [{"job_name": "containers", "static_configs": [{"labels": labels}], "pipeline_stages": [*steps, *as_json]}],
    }
    (tmp_path / "promtail.yaml").write_text(to_yaml(config))
    output = dry_run(tmp_path, b"".join(line + b"\n" for line in lines), b"".join(line + b"\n" for line in end))
    found = re.findall(r"^(\d\S*?)\s*(\{.*?\})\s*(\".*\")$", output, re.MULTILINE)
    return [line for line in (sent(*parts) for parts in found) if line.text != END]


def shown(step: Document) -> Document:
    if "structured_metadata" in step:
        return {"labels": {f"metadata_{name}": name for name in METADATA}}
    if "labelallow" in step:
        return {"labelallow": [*cast("list[str]", step["labelallow"]), *(f"metadata_{name}" for name in METADATA)]}
    return step


def dry_run(directory: Path, lines: bytes, end: bytes) -> str:
    """What Promtail prints of some lines; it may lose the last ones when its input ends, so that stays open until ``end`` is seen."""
    command = [tool("promtail"), "-dry-run", "-stdin", f"-config.file={directory / 'promtail.yaml'}"]
    printed, said = directory / "printed", directory / "said"
    with (
        printed.open("wb") as output,
        said.open("wb") as errors,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=errors) as process,
    ):
        assert process.stdin is not None
        process.stdin.write(lines)
        while END not in printed.read_text():
            process.stdin.write(end)
            process.stdin.flush()
            with suppress(subprocess.TimeoutExpired):
                pytest.fail(f"promtail ended with {process.wait(timeout=0.1)}: {said.read_text()}")
        process.stdin.close()
    # It would read its own complaint, and complain about that.
    assert "level=error" not in said.read_text()
    return printed.read_text()


def sent(time: str, labels: str, text: str) -> Sent:
    pairs = dict(re.findall(r'(\w+)="([^"]*)"', labels))
    metadata = {name.removeprefix("metadata_"): value for name, value in pairs.items() if name.startswith("metadata_")}
    others = {name: value for name, value in pairs.items() if not name.startswith("metadata_")}
    return Sent(time=time, labels=others, metadata=metadata, text=str(json.loads(text)))


def one(tmp_path: Path, *lines: str | bytes) -> Sent:
    [found] = through(tmp_path, cri(*lines))
    return found


def test_a_line_of_json(tmp_path: Path) -> None:
    found = one(tmp_path, JSON)
    assert found.text == JSON
    assert found.time == "2026-11-21T08:59:59.5+0000"
    assert found.labels == {"namespace": "shop", "service": "checkout", "container": "main", "stream": "stdout", "level": "warn"}
    assert found.metadata == {"trace_id": "4bf92f", "span_id": "00f0", "pod": "checkout-1", "node": "n1"}


def test_a_line_of_logfmt(tmp_path: Path) -> None:
    found = one(tmp_path, 'time=2026-11-21T08:59:58Z level=err msg="charge failed" traceID=4bf92f')
    assert (found.level, found.time, found.metadata["trace_id"]) == ("error", "2026-11-21T08:59:58+0000", "4bf92f")


def test_a_plain_line_keeps_the_time_of_the_runtime(tmp_path: Path) -> None:
    found = one(tmp_path, "listening on :8080")
    assert (found.text, found.level, found.time) == ("listening on :8080", "unknown", "2026-11-21T09:00:00.123456789+0000")
    assert found.metadata == {"pod": "checkout-1", "node": "n1"}


def test_a_time_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    assert one(tmp_path, '{"ts":"yesterday","msg":"x"}').time == "2026-11-21T09:00:00.123456789+0000"


def test_the_stream_is_known(tmp_path: Path) -> None:
    [found] = through(tmp_path, cri("x", stream="stderr"))
    assert found.labels["stream"] == "stderr"


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"severity":"CRITICAL","msg":"x"}', "critical"),
        ('{"lvl":"dbg2","msg":"x"}', "unknown"),
        ('{"level":50,"msg":"pino"}', "error"),
        ('{"log.level":"info","msg":"ECS"}', "info"),
        ('{"level":"info","msg":"level=error is only quoted"}', "info"),
        ("2026-11-21 09:00:00,001 WARN [main] com.example.Checkout - slow", "warn"),
        ("2026-11-21T09:00:00 SEVERE com.example.Checkout", "error"),
        ("no ERRORS here", "unknown"),
        ("E1121 09:00:00.000001       1 reflector.go:150] failed", "error"),
        ("I1121 09:00:00.000001       1 main.go:1] started", "info"),
        (POSTGRES, "error"),
        ("2026-11-21 09:00:00.001 UTC [1] LOG:  checkpoint starting: time", "info"),
        ("2026-11-21 09:00:00.001 UTC [1] PANIC:  could not write to file", "critical"),
        ("1:M 21 Nov 2026 09:00:00.001 # Out of memory allocating 17 bytes!", "warn"),
        ("1:M 21 Nov 2026 09:00:00.001 * Ready to accept connections", "info"),
        ('2026/11/21 09:00:00 [crit] 7#7: *1 open() "/x" failed', "critical"),
        ("panic: runtime error: index out of range [3] with length 3", "critical"),
        ("Traceback (most recent call last):", "error"),
        ('Exception in thread "main" java.lang.Error', "error"),
        ("{not json, but ERROR", "unknown"),
    ],
)
def test_levels_get_one_word_each(line: str, level: str, tmp_path: Path) -> None:
    assert one(tmp_path, line).level == level


def test_a_stack_trace_is_one_line(tmp_path: Path) -> None:
    found = through(tmp_path, cri("before", *TRACE, "after", stream="stderr"))
    assert [line.text for line in found] == ["before", "\n".join(TRACE), "after"]
    assert [line.level for line in found] == ["unknown", "error", "unknown"]


def test_lines_of_json_between_those_of_a_trace_stay_apart(tmp_path: Path) -> None:
    found = through(tmp_path, cri(TRACE[0], JSON, *TRACE[1:]))
    assert sorted(line.text for line in found) == sorted(["\n".join(TRACE), JSON])


def test_a_statement_of_several_lines_stays_with_its_error(tmp_path: Path) -> None:
    found = through(tmp_path, cri(POSTGRES, "2026-11-21 09:00:00.001 UTC [42] shop@orders STATEMENT:  INSERT INTO orders", "\tVALUES ($1)"))
    assert [line.text.count("\n") for line in found] == [0, 1]


def test_a_long_line_is_put_together_and_cut(tmp_path: Path) -> None:
    within, beyond = "x" * 2**17, "y" * 300 * 2**10
    assert one(tmp_path, within).text == within
    assert one(tmp_path, beyond).text == "y" * CUT


def test_bytes_that_are_no_text_harm_nobody(tmp_path: Path) -> None:
    found = through(tmp_path, cri(b"bad \xff\xfe ERROR", "good"))
    assert [line.text for line in found] == ["bad \ufffd\ufffd ERROR", "good"]
    assert found[0].level == "error"


def test_an_empty_line_harms_nobody(tmp_path: Path) -> None:
    assert [line.text for line in through(tmp_path, cri("", "next"))] == ["", "next"]


def test_unwanted_levels_are_dropped_and_wanted_ones_stay(tmp_path: Path) -> None:
    lines = cri('{"level":"debug","msg":"x"}', '{"level":"info","msg":"debug"}', "TRACE x", "level=debug")
    assert [line.text for line in through(tmp_path, lines)] == ['{"level":"info","msg":"debug"}']
    assert len(through(tmp_path, lines, drop=())) == len(lines)


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        ('{"level":"info","endpoint":"/health","status":200}', False),
        ('{"level":"info","path":"/ready?verbose=1","status_code":204}', False),
        ('{"level":"error","endpoint":"/health","status":503}', True),
        ('{"level":"info","endpoint":"/healthcare","status":200}', True),
        ('{"level":"info","endpoint":"/health"}', True),
        ('10.0.0.1 - - [21/Nov/2026:09:00:00 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.34"', False),
        ('10.0.0.1 - - [21/Nov/2026:09:00:00 +0000] "GET /healthz HTTP/1.1" 500 2 "-" "kube-probe/1.34"', True),
        ('10.0.0.1 - - [21/Nov/2026:09:00:00 +0000] "POST /healthz HTTP/1.1" 200 2 "-" "curl"', True),
    ],
)
def test_successful_health_checks_are_dropped_and_no_others(line: str, stays: bool, tmp_path: Path) -> None:
    assert [found.text for found in through(tmp_path, cri(line))] == ([line] if stays else [])


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ('{"password":"correct \\"horse\\" battery","user":"x"}', '{"password":"[redacted]","user":"x"}'),
        ('{"msg":"body {\\"token\\":\\"a b\\",\\"n\\":1}"}', '{"msg":"body {\\"token\\":\\"[redacted]\\",\\"n\\":1}"}'),
        ("login PASSWORD=hunter2, next", "login PASSWORD=[redacted], next"),
        ("api_key='a b' pwd: foo", "api_key='[redacted]' pwd: [redacted]"),
        ("GET /pay?token=abc&x=1", "GET /pay?token=[redacted]&x=1"),
        ("Authorization: Basic dXNlcjpwYXNz", "Authorization: Basic [redacted]"),
        ('{"authorization":"Bearer abc.def-ghi"}', '{"authorization":"Bearer [redacted]"}'),
        ("postgres://shop:s3cr3t@db:5432/orders", "postgres://shop:[redacted]@db:5432/orders"),
        ("jwt eyJhbGciOi.eyJzdWIi.c2ln ok", "jwt [redacted] ok"),
        ("key AKIAIOSFODNN7EXAMPLE used", "key [redacted] used"),
        ("mail to jane.doe+shop@mail.example.org sent", "mail to [redacted] sent"),
        ("a token=one and a token=two", "a token=[redacted] and a token=[redacted]"),
    ],
)
def test_secrets_are_redacted(line: str, left: str, tmp_path: Path) -> None:
    assert one(tmp_path, line).text == left


@pytest.mark.parametrize(
    "line",
    [
        "max_tokens=5 tokens=7",
        "basic authentication is on",
        "image docker.io/x@sha256:0123 pulled",
        'a="b" and then "quoted" = said=x=y',
        "https://shop.example/pay?x=1",
        "user shop@orders connected",
        "the password was changed",
    ],
)
def test_what_only_looks_like_a_secret_stays(line: str, tmp_path: Path) -> None:
    assert one(tmp_path, line).text == line


LOUD = [f'{{"ts":"2026-11-21T09:00:00Z","level":"info","n":{number}}}' for number in range(10_000)]


def at(seconds: int) -> str:
    """A time so many seconds from now."""
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat()


SLOW = tuple(stage.model_copy(update={"limit": stage.limit and stage.limit.model_copy(update={"rate": 10})}) for stage in PIPELINE)
"""The pipeline with a limit that a busy machine reaches too: one that takes seconds to read the lines would keep to 1,000 a second."""


def test_a_loud_pod_is_limited_to_its_burst(tmp_path: Path) -> None:
    # Written an hour from now, they are fresh however long this takes.
    arrived = [line.text for line in through(tmp_path, cri(*LOUD, time=at(3600)), pipeline=SLOW)]
    assert 2000 <= len(arrived) < len(LOUD)
    assert arrived[:2000] == LOUD[:2000]


def test_a_backlog_is_not_taken_for_loudness(tmp_path: Path) -> None:
    assert [line.text for line in through(tmp_path, cri(*LOUD, time=at(-3)))] == LOUD


SAMPLES = (
    JSON,
    'time=2026-11-21T08:59:58Z level=err msg="charge failed" traceID=4bf92f',
    "listening on :8080",
    *TRACE,
    "2026-11-21 09:00:00,001 WARN [main] com.example.Checkout - slow",
    "Traceback (most recent call last):",
    '2026/11/21 09:00:00 [crit] 7#7: *1 open() "/x" failed',
    "E1121 09:00:00.000001       1 reflector.go:150] failed",
    "2026-11-21 09:00:00.001 UTC [1] LOG:  checkpoint starting: time",
    "1:M 21 Nov 2026 09:00:00.001 # Out of memory allocating 17 bytes!",
    '{"level":"debug","msg":"x"}',
    '{"level":"info","endpoint":"/health","status":200}',
    '10.0.0.1 - - [21/Nov/2026:09:00:00 +0000] "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.34"',
    "login PASSWORD=hunter2, next",
    "Authorization: Basic dXNlcjpwYXNz",
    "postgres://shop:s3cr3t@db:5432/orders",
    "jwt eyJhbGciOi.eyJzdWIi.c2ln ok",
    "key AKIAIOSFODNN7EXAMPLE used",
    "mail to jane.doe+shop@mail.example.org sent",
)
"""A line for each stage of the pipeline but the limit."""


Place = tuple[int, ...]


def places(pipeline: Sequence[Stage], within: Place = ()) -> Iterator[Place]:
    """Where the stages of a pipeline are, with those within others."""
    for index, stage in enumerate(pipeline):
        yield (*within, index)
        yield from places(stage.match.stages if stage.match else (), (*within, index))


def without(pipeline: Sequence[Stage], place: Place) -> list[Stage]:
    """The pipeline but for one stage."""
    index, *rest = place
    inner = pipeline[index].match
    left = without(inner.stages, tuple(rest)) if inner and rest else []
    kept = [pipeline[index].model_copy(update={"match": inner.model_copy(update={"stages": left})})] if inner and left else []
    return [*pipeline[:index], *kept, *pipeline[index + 1 :]]


def fates(sent: Sequence[Sent]) -> list[str]:
    """What became of lines, in whatever order they were sent: lines of several streams have none."""
    return sorted(map(repr, sent))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What becomes of the samples in our pipeline."""
    return fates(through(tmp_path_factory.mktemp("whole"), cri(*SAMPLES)))


def test_the_same_becomes_of_the_same_lines(whole: list[str], tmp_path: Path) -> None:
    assert fates(through(tmp_path, cri(*SAMPLES))) == whole


@pytest.mark.parametrize("place", [place for place in places(PIPELINE) if not PIPELINE[place[0]].limit], ids=str)
def test_no_stage_can_be_taken_away_unnoticed(place: Place, whole: list[str], tmp_path: Path) -> None:
    assert fates(through(tmp_path, cri(*SAMPLES), pipeline=without(PIPELINE, place))) != whole


def test_without_its_limit_a_loud_pod_is_not_limited(tmp_path: Path) -> None:
    unlimited = [stage for stage in SLOW if not stage.limit]
    assert len(through(tmp_path, cri(*LOUD, time=at(3600)), pipeline=unlimited)) == len(LOUD)
