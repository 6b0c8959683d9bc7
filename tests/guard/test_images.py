"""Images without a digest, and versions past their end of life: refused where customers depend on them, told everywhere else."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from checks.image_guard import image_findings
from guard.images import ended, standing, unpinned
from model.end_of_life import EndsOfLife, read_ends_of_life
from model.errors import InvalidConfiguration
from tests.components.environments import ROOT, environment

DIGEST = f"@sha256:{'a' * 64}"
TODAY = date(2026, 11, 30)


@pytest.fixture(scope="module")
def ends() -> EndsOfLife:
    return read_ends_of_life(ROOT)


def test_one_command_pins_all_so_one_line_accepts_all() -> None:
    [change] = unpinned({"loki": "docker.io/grafana/loki:3.7.8", "alloy": f"docker.io/grafana/alloy:v1.18.1{DIGEST}"})
    assert change.line == "images: without a digest"
    assert "loki" in change.why
    assert "alloy" not in change.why
    assert list(unpinned({"loki": f"docker.io/grafana/loki:3.7.8{DIGEST}"})) == []


@pytest.mark.parametrize(
    ("program", "image", "line"),
    [
        ("promtail", "docker.io/grafana/promtail:3.6.15", "promtail 3: past its end of life on 2026-03-02"),
        ("prometheus", f"docker.io/prom/prometheus:v3.5.1{DIGEST}", "prometheus 3.5: past its end of life on 2026-07-31"),
        ("prometheus", "docker.io/prom/prometheus:v2.53.5", "prometheus 2: past its end of life on 2025-07-31"),
        ("jaeger", "docker.io/jaegertracing/all-in-one:1.76.0", "jaeger 1: past its end of life on 2025-12-31"),
    ],
)
def test_a_version_past_its_end_is_told_with_what_to_run_instead(ends: EndsOfLife, program: str, image: str, line: str) -> None:
    [change] = ended({program: image}, ends, TODAY)
    assert change.line == line
    assert "https://" in change.why
    assert change.way_out.startswith("run ")


@pytest.mark.parametrize(
    "image", ["docker.io/prom/prometheus:v3.15.0", "docker.io/prom/prometheus:v3.51.0", "docker.io/prom/prometheus:main"]
)
def test_a_version_of_a_living_series_is_not(ends: EndsOfLife, image: str) -> None:
    assert list(ended({"prometheus": image}, ends, TODAY)) == []


def test_its_last_day_is_still_of_its_life(ends: EndsOfLife) -> None:
    image = {"promtail": "docker.io/grafana/promtail:3.6.15"}
    assert list(ended(image, ends, date(2026, 3, 2))) == []
    assert list(ended(image, ends, date(2026, 3, 3)))


def test_only_production_is_refused(ends: EndsOfLife) -> None:
    images = {"promtail": "docker.io/grafana/promtail:3.6.15"}
    assert len(standing(images, ends, TODAY, production=True)) == 2
    assert standing(images, ends, TODAY, production=False) == ()


def test_make_check_refuses_what_prod_does_not_accept(ends: EndsOfLife) -> None:
    prod = environment("prod")
    assert list(image_findings(prod, ends, TODAY)) == []
    strict = replace(prod, settings=prod.settings.model_copy(update={"accept": ()}))
    told = [str(finding) for finding in image_findings(strict, ends, TODAY)]
    assert len(told) == 2
    assert "make digests" in told[0]
    assert "Pulumi.prod.yaml: promtail 3: past its end of life on 2026-03-02" in told[1]
    assert list(image_findings(environment("dev"), ends, TODAY)) == []


@pytest.mark.parametrize(
    "text", ["programs: {loki: {ends: {'3': 2026-01-01}}}", "programs: {loki: {source: a, instead: b, ends: {'v3': 2026-01-01}}}"]
)
def test_a_wrong_table_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/end-of-life.yaml").write_text(text)
    with pytest.raises(InvalidConfiguration, match=r"configs/end-of-life.yaml: programs\.loki"):
        read_ends_of_life(tmp_path)
