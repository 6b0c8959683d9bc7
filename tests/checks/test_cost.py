"""What an environment costs follows from what it asks for, and what does not fit its disks is told beforehand."""

from dataclasses import replace
from pathlib import Path

import pytest

from checks import cost
from checks.__main__ import main
from checks.capacity import capacity_findings
from checks.record import Recorded
from model.environment import Environment
from model.estimates import volumes
from model.prices import Prices, read_prices
from model.quantities import Size
from tests.components.environments import environment

ROOT = Path(__file__).parents[2]
PRICES = Prices.model_validate(
    {
        "date": "2026-01-01",
        "region": "eu-central-1",
        "cpuCoreHour": 0.1,
        "memoryGiBHour": 0.01,
        "volumeGiBMonth": 0.5,
        "s3StandardGiBMonth": 0.02,
        "s3InfrequentGiBMonth": 0.01,
        "s3PutThousand": 0.005,
        "loadBalancerHour": 0.03,
        "loadBalancerUnitHour": 0.01,
    }
)


def workload(kind: str, **spec: object) -> Recorded:
    """One with a container of half a core and 512 MiB."""
    requests = {"cpu": "500m", "memory": "512Mi"}
    template = {"spec": {"containers": [{"resources": {"requests": requests}}]}}
    metadata = {"name": "x", "labels": {"app.kubernetes.io/component": "metrics"}}
    inputs: dict[str, object] = {"kind": kind, "metadata": metadata, "spec": {"template": template, **spec}}
    return Recorded(type=f"kubernetes:apps/v1:{kind}", name="x", parents=(), inputs=inputs)


def without_logs(name: str) -> Environment:
    """An environment of metrics alone."""
    whole = environment(name)
    return replace(whole, settings=whole.settings.model_copy(update={"logs": None}))


@pytest.mark.parametrize(("kind", "spec", "copies"), [("Deployment", {"replicas": 2}, 2), ("Deployment", {}, 1), ("DaemonSet", {}, 3)])
def test_a_workload_costs_what_all_its_pods_request(kind: str, spec: dict[str, object], copies: int) -> None:
    (item,) = cost.items(without_logs("prod"), [workload(kind, **spec)], PRICES)
    assert item.component == "metrics"
    assert item.dollars == pytest.approx(copies * 730 * (0.5 * 0.1 + 0.5 * 0.01))


def test_each_replica_has_its_volume() -> None:
    claim = {"spec": {"resources": {"requests": {"storage": "10Gi"}}}}
    _, volume = cost.items(without_logs("prod"), [workload("StatefulSet", replicas=3, volumeClaimTemplates=[claim])], PRICES)
    assert volume.dollars == pytest.approx(3 * 10 * 0.5)


def test_pages_that_share_a_load_balancer_pay_for_one() -> None:
    def page(name: str, group: str) -> Recorded:
        annotations = {"alb.ingress.kubernetes.io/group.name": group}
        metadata = {"name": name, "labels": {"app.kubernetes.io/component": "access"}, "annotations": annotations}
        return Recorded(type="kubernetes:networking.k8s.io/v1:Ingress", name=name, parents=(), inputs={"metadata": metadata})

    (shared,) = cost.items(without_logs("prod"), [page("a", "one"), page("b", "one")], PRICES)
    assert (shared.component, shared.dollars) == ("access", pytest.approx(730 * (0.03 + 0.01)))
    assert len(cost.items(without_logs("prod"), [page("a", "one"), page("b", "two")], PRICES)) == 2


def test_logs_cost_what_is_kept_on_s3() -> None:
    prod = environment("prod")
    expected = volumes(prod)
    kept, chunks = cost.items(prod, [], PRICES)
    assert kept.dollars == pytest.approx(expected.log_gib_standard * 0.02 + expected.log_gib_infrequent * 0.01)
    assert chunks.dollars == pytest.approx(expected.chunks_a_month / 1000 * 0.005)


def test_the_seeds_own_table_stands_beside_it_line_by_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--env", "prod"]) == 0
    table = {line.split()[0]: line.split()[1:] for line in capsys.readouterr().out.splitlines() if len(line.split()) == 3}
    assert {name: float(columns[1]) for name, columns in table.items() if columns[1] not in ("-", "budget")} == {
        "metrics": 50,
        "logs": 200,
        "traces": 100,
        "total": 350,
    }
    sums = [float(columns[0]) for name, columns in table.items() if name not in ("total", "component")]
    assert float(table["total"][0]) == pytest.approx(sum(sums), abs=0.05)


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
def test_the_disks_hold_what_is_promised(name: str) -> None:
    assert list(capacity_findings(environment(name))) == []


def test_a_disk_too_small_for_its_retention_is_told_with_the_arithmetic() -> None:
    prod = environment("prod")
    prometheus = prod.settings.prometheus.model_copy(update={"storage": Size("5Gi")})
    (finding,) = capacity_findings(replace(prod, settings=prod.settings.model_copy(update={"prometheus": prometheus})))
    assert finding.key == "observability:prometheus.storage"
    assert "series every 15s for 30d at 2 bytes a sample are" in finding.problem
    assert "but 80% of '5Gi' are 4.0 GiB" in finding.problem
    needed = Size(finding.allowed.split(" ")[0])
    enough = prometheus.model_copy(update={"storage": needed})
    assert list(capacity_findings(replace(prod, settings=prod.settings.model_copy(update={"prometheus": enough})))) == []


def test_the_price_table_of_the_project_can_be_read() -> None:
    assert read_prices(ROOT).region == "eu-central-1"
