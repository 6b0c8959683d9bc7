"""The guard within ``__main__.py``: it asks the engine what was deployed before, and refuses before anything is registered."""

from dataclasses import dataclass, field

import pulumi
import pytest
from pulumi.runtime.invoke import InvokeResult

from checks.record import Recorded
from components import stack
from components.change_guard import OUTPUT
from components.intent import intent
from model.documents import mapping
from tests.components.environments import environment
from tests.components.test_program import plain, run

ACCEPT = "observability:accept"
LINE = "logs.retention: 2d -> 1d"


def deployed(name: str) -> dict[str, object]:
    """The outputs of an environment that was deployed as it is."""
    return {OUTPUT: intent(environment(name)).exported()}


def shorter(accept: list[str] | None = None) -> dict[str, object]:
    """dev with logs that are kept for less long."""
    config = plain("dev")
    logs = {**mapping(config["observability:logs"]), "retention": "1d"}
    return {**config, "observability:logs": logs, **({ACCEPT: accept} if accept else {})}


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the program warns of."""
    told: list[str] = []
    monkeypatch.setattr(pulumi.log, "warn", told.append)
    return told


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The components that are begun."""
    begun: list[str] = []
    original = pulumi.ComponentResource.__init__

    def begin(self: pulumi.ComponentResource, t: str, *rest: object, **named: object) -> None:
        begun.append(t)
        original(self, t, *rest, **named)  # pyright: ignore[reportArgumentType] - passed on as they came

    monkeypatch.setattr(pulumi.ComponentResource, "__init__", begin)
    return begun


def test_a_first_deployment_passes() -> None:
    assert run("dev", shorter())


def test_the_same_again_passes(warnings: list[str]) -> None:
    assert run("prod", plain("prod"), deployed("prod"))
    assert [warning.partition(": ")[0] for warning in warnings] == ["accepted", "accepted"]


def test_a_change_that_could_lose_something_is_refused_before_anything_is_registered(registered: list[str]) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        run("dev", shorter(), deployed("dev"))
    assert LINE in str(refused.value)
    assert "way out:" in str(refused.value)
    assert "in Pulumi.dev.yaml" in str(refused.value)
    assert [token for token in registered if token.startswith("observability:")] == []


def test_what_is_accepted_passes_and_is_told(registered: list[str], warnings: list[str]) -> None:
    found: tuple[Recorded, ...] = run("dev", shorter([LINE, "logs.retention: 9d -> 1d"]), deployed("dev"))
    assert found
    assert "observability:index:Platform" in registered
    assert any(warning.startswith(f"accepted: {LINE}") for warning in warnings)
    assert "observability:accept: 'logs.retention: 9d -> 1d' is about nothing in this deployment; remove it" in warnings


def test_without_a_digest_prod_is_refused_unless_it_is_accepted() -> None:
    with pytest.raises(pulumi.RunError, match="images: without a digest") as refused:
        run("prod", {key: value for key, value in plain("prod").items() if key != ACCEPT})
    assert "promtail 3: past its end of life on 2026-03-02" in str(refused.value)


def test_elsewhere_an_end_of_life_is_told(warnings: list[str]) -> None:
    run("dev", plain("dev"))
    assert [warning.partition("\n")[0] for warning in warnings] == ["promtail 3: past its end of life on 2026-03-02"]
    assert "logs.agent.program: alloy" in warnings[0]


def test_facts_of_another_version_of_the_program_are_not_guessed_at() -> None:
    known = deployed("dev")
    facts = mapping(known[OUTPUT])
    assert run("dev", plain("dev"), {OUTPUT: {**facts, "more": {"a": 1}}})
    with pytest.raises(pulumi.RunError, match="output intent: of another form -> nothing"):
        run("dev", plain("dev"), {OUTPUT: {**facts, "volumes": "none"}})


def test_numbers_come_back_from_the_engine_with_a_fraction() -> None:
    facts = mapping(deployed("dev")[OUTPUT])
    volumes = {key: {**mapping(one), "replicas": 1.0} for key, one in mapping(facts["volumes"]).items()}
    assert run("dev", plain("dev"), {OUTPUT: {**facts, "volumes": volumes}})


@dataclass
class Engine:
    """An engine whose state cannot be read for a while."""

    failures: int
    asked: list[object] = field(default_factory=list[object])

    def invoke(self, token: str, given: object) -> InvokeResult:
        self.asked.append((token, given))
        if len(self.asked) <= self.failures:
            raise RuntimeError("failed to load checkpoint: EOF")
        return InvokeResult({"outputs": {"intent": {}}})


def reading(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    monkeypatch.setattr(pulumi.runtime, "invoke", engine.invoke)
    monkeypatch.setattr(stack, "_PAUSE_SECONDS", 0)
    return stack.last_outputs(environment("dev"))


def test_a_state_that_is_just_being_written_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(failures=2)
    assert reading(engine, monkeypatch) == {"intent": {}}
    assert len(engine.asked) == 3


def test_a_state_that_cannot_be_read_is_no_reason_to_let_a_change_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = Engine(failures=stack.ATTEMPTS)
    with pytest.raises(pulumi.RunError, match="cannot be read: try again, or look at the backend: failed to load checkpoint: EOF"):
        reading(engine, monkeypatch)
    assert len(engine.asked) == stack.ATTEMPTS
