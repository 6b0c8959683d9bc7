"""No secret leaves its Secret: dev is deployed with canaries in their places, and they are looked for wherever something is left.

Its twins take one protection away each, with a program of a few objects or a function put in the place of another, and see the canary.
"""

import base64
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pulumi
import pytest
from pulumi_kubernetes import Provider
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import ConfigMap, Secret
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from sandbox import providers
from stacks import secret_list
from tests.e2e import leaking
from tests.e2e.leaking import BY_HAND, OF_THE_ENGINE, OF_THE_REPOSITORY, PLACES, Leak, Trail, contents, leaks
from tests.e2e.projects import ProjectEngine
from tests.lifecycle import leaky_provider

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def found(trail: Trail) -> dict[str, str]:
    """What the deployment has left, by place."""
    return contents(trail, {**OF_THE_ENGINE, **OF_THE_REPOSITORY})


def test_every_place_of_a_deployment_has_something_to_look_at(found: dict[str, str]) -> None:
    assert [place for place, content in found.items() if not content.strip()] == []


def test_no_secret_of_a_deployment_is_anywhere_but_in_its_secret(trail: Trail, found: dict[str, str]) -> None:
    assert leaks(trail, found) == []


def test_every_secret_arrived_in_one(trail: Trail) -> None:
    """Otherwise nothing could have leaked."""
    data = [cast("dict[str, str]", secret.get("data") or {}) for secret in trail.kube.list("/api/v1/secrets")]
    values = "\n".join(base64.b64decode(value).decode() for one in data for value in one.values())
    assert {key for key, secret in trail.canaries.items() if secret not in values} == {BY_HAND}


def test_the_drift_report_is_about_every_secret_and_tells_that_it_differs(trail: Trail) -> None:
    told = list(trail.report.lines())
    assert [drift.type for drift in trail.report.managed] == ["kubernetes:core/v1:Secret"] * sum(
        "a secret value differs" in line for line in told
    )
    assert trail.report.managed


def test_the_log_of_an_engine_that_debugs_is_one_that_leaks(trail: Trail) -> None:
    """Pulumi says so of its `--verbose`: here no command asks for it, and the search would find what it tells."""
    lines: list[str] = []
    with trail.engine.stack() as stack:
        stack.preview(on_error=lines.append, log_to_std_err=True, log_verbosity=9, log_flow=True)
    found = leaks(trail, {"log of an engine that debugs": "\n".join(lines)})
    assert {leak.key for leak in found} == set(trail.canaries) - {BY_HAND}


UNSAFE = {
    "in-a-config-map": "grafanaAdminPassword",
    "unsealed": "grafanaSecretKey",
    "in-a-variable": "dharmaRedisPassword",
    "output": "dharmaPostgresqlPassword",
    "unmarked": "pagerdutyLeadsKey",
    "told": "pagerdutyProductKey",
    "safe": "webhookUrl",
}
"""What is done with a secret, and with which."""


def unsafe() -> None:
    """A program that does to a secret each what must not be done; with the last one nothing is wrong."""
    on_cluster = pulumi.ResourceOptions(provider=Provider("cluster"))
    config = pulumi.Config("observability")
    secrets = {name: config.require_secret(key) for name, key in UNSAFE.items()}

    def metadata(name: str, **annotations: str) -> ObjectMetaArgs:
        return ObjectMetaArgs(name=name, namespace="default", annotations=annotations)

    ConfigMap("in-a-config-map", metadata=metadata("in-a-config-map"), data={"a": secrets["in-a-config-map"]}, opts=on_cluster)
    unsealed = pulumi.Output.unsecret(secrets["unsealed"]).apply(lambda value: base64.b64encode(value.encode()).decode())
    ConfigMap("unsealed", metadata=metadata("unsealed"), data={"a": unsealed}, opts=on_cluster)
    container = {"name": "main", "image": "a", "env": [{"name": "PASSWORD", "value": secrets["in-a-variable"]}]}
    template = {"metadata": {"labels": {"app": "unsafe"}}, "spec": {"containers": [container]}}
    spec = {"selector": {"matchLabels": {"app": "unsafe"}}, "template": template}
    Deployment("in-a-variable", metadata=metadata("in-a-variable"), spec=cast(Any, spec), opts=on_cluster)
    for name, annotations in {"unmarked": {leaky_provider.UNMARKED: "true"}, "told": {leaky_provider.TOLD: "true"}, "safe": {}}.items():
        Secret(name, metadata=metadata(name, **annotations), string_data={"a": secrets[name]}, opts=on_cluster)
    pulumi.export("output", pulumi.Output.unsecret(secrets["output"]))


def leaky(place: Path, names: list[str]) -> None:
    """Install the stand-ins, that of Kubernetes without its protections."""
    INSTALL(place, names)
    for launcher in place.glob("pulumi-resource-kubernetes"):
        launcher.write_text(launcher.read_text().replace("sandbox.providers.kubernetes", leaky_provider.__name__))


INSTALL = providers.install


@pytest.fixture(scope="module")
def broken(trail: Trail, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trail]:
    """What that program leaves behind on the same cluster, deployed without the policies that would refuse it."""
    place = replace(trail.engine.target, state=tmp_path_factory.mktemp("state"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sandbox.engine.run_program", unsafe)
        patch.setattr(providers, "install", leaky)
        engine = ProjectEngine(place, leaking.ENVIRONMENT, print, trail.engine.project)
        engine.plugins = tuple(replace(plugin, source="stand-in") for plugin in engine.plugins)
        yield leaking.follow(engine, trail.kube, UNSAFE.values(), policies=[])
        engine.destroy()


CHECKPOINTS = {"state without --show-secrets", "checkpoint and its backup", "history on disk"}
SHOWN = {"what preview says", "what up says", "events of the engine"}
FOUND: dict[str, set[str]] = {
    "in-a-config-map": {"live objects but for the data of Secrets"},
    "unsealed": {"live objects but for the data of Secrets", *CHECKPOINTS, *SHOWN},
    "in-a-variable": {"live objects but for the data of Secrets"},
    "output": {*CHECKPOINTS, "outputs, configuration and history as the CLI shows them"},
    "unmarked": {*CHECKPOINTS, *SHOWN, "drift report for people", "drift report for programs"},
    "told": {"events of the engine"},
    "safe": set(),
}
"""Where each is found."""


def test_a_secret_that_is_not_kept_is_found_where_it_went(broken: Trail) -> None:
    found = leaks(broken, contents(broken, OF_THE_ENGINE))
    assert {name: {leak.place for leak in found if leak.key == key} for name, key in UNSAFE.items()} == FOUND


def test_a_rendering_that_is_not_masked_is_found(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("checks.record.masked", lambda value: value)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType]
    found = leaks(trail, contents(trail, {"rendered files": PLACES["rendered files"]}))
    assert {leak.key for leak in found} == set(trail.canaries) - {BY_HAND}


def test_a_list_of_secrets_with_their_values_is_found(trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    def command(_: object, key: str) -> str:
        return f"pulumi config set --secret {key} {trail.canaries[key]}"

    monkeypatch.setattr(secret_list, "set_command", command)
    assert Leak(place="make secrets", key="webhookUrl", form="plain") in leaks(
        trail, contents(trail, {"make secrets": PLACES["make secrets"]})
    )
