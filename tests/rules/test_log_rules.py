"""Loki's ruler evaluates our log alerts on real lines, each fires when it should and not otherwise, and Alertmanager is told.

LogQL has no promtool. So one Loki gets all lines of all cases, and with our rules each way to break one of them a little.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pytest

from components.platform import documents
from model.documents import each, mapping, parse, to_yaml
from tests.components.environments import environment
from tests.rules.log_rulebook import LogAlert, log_alerts, mutants
from tests.rules.loki import Labels, Loki, Receiver, Stream, loki, receiver
from tests.waiting import until

pytestmark = pytest.mark.binaries

ALERTS = log_alerts()

EQUIVALENT = {
    # Lines of no system make no difference to what is compared with those of a system.
    ("LogErrorBurst", 'without system=~".+" #2'),
    ("LogErrorBurst", 'without system=~".+" #3'),
}
"""Changes that change nothing, so that no case can notice them."""


def lines(count: int, text: str, *, age: float = 2) -> list[tuple[float, str]]:
    """The same line some times, so many minutes ago."""
    return [(age, text)] * count


def stream(system: str, service: str, *, said: Sequence[tuple[float, str]], level: str = "info") -> Stream:
    """What a container of a service of a system said."""
    owner = {"system": system, "team": f"team-of-{service}"} if system else {}
    return Stream(labels={"namespace": f"in-{system}", "service": service, "level": level, "stream": "stdout", **owner}, lines=said)


OLD = 30
"""Minutes that are within the last hour and beyond every shorter range."""

STREAMS = [
    # 60 errors, and none in the hour before; of two kinds.
    stream("burst", "new", said=lines(30, "boom"), level="error"),
    stream("burst", "new", said=lines(30, "boom"), level="critical"),
    # 60 errors after 100 in the hour before, 8 in 5 minutes; other lines do not make them usual.
    stream("burst", "more", said=[*lines(100, "boom", age=OLD), *lines(60, "boom")], level="error"),
    stream("burst", "more", said=[*lines(400, "fine", age=OLD), *lines(60, "fine")]),
    # As many, after 200: that is a bad day, not a burst, however much else it says.
    stream("usual", "bad", said=[*lines(200, "boom", age=OLD), *lines(60, "boom")], level="error"),
    stream("usual", "bad", said=lines(100, "fine")),
    # Not many enough; many, but no errors; many, but of no system.
    stream("usual", "few", said=lines(40, "boom"), level="error"),
    stream("usual", "loud", said=lines(300, "boom"), level="warn"),
    stream("", "coredns", said=lines(60, "boom"), level="error"),
    # It said something in the last hour, and now only its neighbour does.
    stream("silence", "gone", said=lines(100, "fine", age=OLD)),
    stream("silence", "neighbour", said=lines(100, "fine", age=OLD)),
    stream("silence", "neighbour", said=lines(1, "fine"), level="warn"),
    stream("silence", "quiet", said=lines(50, "fine", age=OLD)),
    # Nobody of this system says anything: that is not about one service.
    stream("all-silent", "gone", said=lines(100, "fine", age=OLD)),
    # Failed logins, in the words of many.
    *(
        stream("logins", f"words-{number}", said=lines(25, text))
        for number, text in enumerate(
            (
                '{"level":"WARN","msg":"request refused","endpoint":"/api/v1/login","status":401}',
                '{"status_code": 403,"path":"/admin"}',
                "level=warn statusCode=401 path=/login",
                'FATAL:  password authentication failed for user "shop"',
                "Login failed for jane",
                "invalid credentials",
                "invalid password given",
                "Invalid token",
            )
        )
    ),
    stream("logins", "few", said=lines(15, "login failed")),
    stream("logins", "other", said=[*lines(25, '{"status":404}'), *lines(25, '{"status":4010}'), *lines(25, "order 401 was paid")]),
    stream("", "kubelet", said=lines(25, "login failed")),
    # What scanners send.
    *(
        stream("probes", f"words-{number}", said=lines(8, text))
        for number, text in enumerate(
            (
                "GET /static/../../config",
                "GET /static/%2e%2e%2f%2E%2E%2Fconfig",
                "cannot open /etc/passwd",
                "GET /?q=1+UNION+SELECT+name",
                "GET /?q=1%20union%20all%20select%20name",
                "name=<script>alert(1)</script>",
                "name=%3Cscript%3E",
                "User-Agent: ${jndi:ldap://x}",
            )
        )
    ),
    stream("probes", "few", said=lines(4, "name=<script>")),
    stream("probes", "other", said=[*lines(8, "opening ../config"), *lines(8, "the union will select its description")]),
    stream("", "proxy", said=lines(8, "name=<script>")),
]

FIRING = {
    "LogErrorBurst": {("burst", "new"), ("burst", "more")},
    "ServiceSilent": {("silence", "gone")},
    "AuthenticationFailures": {("logins", f"words-{number}") for number in range(8)},
    "SuspiciousRequests": {("probes", f"words-{number}") for number in range(8)},
}
"""For which service of which system each alert fires; for all others it is silent."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What Loki made of all rules and lines, at one time."""

    alerts: dict[str, list[dict[str, object]]]
    """The firing alerts by name."""

    receiver: Receiver
    loki: Loki

    def labels(self, name: str) -> set[Labels]:
        """The labels of the firing alerts of a name, but for the name."""
        found = [mapping(alert["labels"]) for alert in self.alerts[name]]
        return {frozenset((key, str(value)) for key, value in one.items() if key != "alertname") for one in found}


def broken(alert: LogAlert) -> Iterator[tuple[str, dict[str, object]]]:
    """Each way to break an alert, with a name of its own."""
    seen = Counter[str]()
    for what, changed in mutants(alert.rule):
        seen[what] += 1
        yield f"{what} #{seen[what]}", changed


MUTANTS = {f"{alert.name}_{number}": (alert, what, changed) for alert in ALERTS for number, (what, changed) in enumerate(broken(alert))}


def rule_files() -> dict[str, str]:
    """Our rules as they are deployed, and all that are broken, evaluated every second."""
    rendered = {path.rpartition("/")[2]: text for path, text in documents(environment("prod")).items() if path.startswith("loki/rules/")}
    files = {name: parse(text, name).content for name, text in rendered.items()}
    worse = [{**alert.rule, **changed, "alert": name} for name, (alert, _, changed) in MUTANTS.items()]
    files["broken.yaml"] = {"groups": [{"name": f"broken-{place}", "rules": worse[place::8]} for place in range(8)]}
    for content in files.values():
        for _, group in each(content, "groups", "*"):
            mapping(group)["interval"] = "1s"
    return {name: to_yaml(content) for name, content in files.items()}


@pytest.fixture(scope="module")
def judgement(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judgement]:
    """One Loki that has evaluated everything, after all lines were there."""
    with receiver() as received, loki(tmp_path_factory.mktemp("loki"), rule_files(), received.url) as server:
        now = time.time()
        server.push(STREAMS, now)
        taken_in = time.time()
        groups = until(lambda: evaluated(server, after=taken_in), seconds=120, what="every rule is evaluated on all lines")
        rules = [mapping(rule) for _, rule in each({"groups": groups}, "groups", "*", "rules", "*")]
        assert {str(rule["name"]): rule.get("lastError") for rule in rules if rule["health"] != "ok"} == {}
        alerts = {str(rule["name"]): [mapping(alert) for _, alert in each(rule, "alerts", "*")] for rule in rules}
        yield Judgement(alerts=alerts, receiver=received, loki=server)


def evaluated(server: Loki, *, after: float) -> list[dict[str, object]]:
    """The rule groups, once all of them were evaluated after a time; none before that."""
    groups, files = server.groups(), rule_files()
    wanted = sum(len(list(each(parse(text, name).content, "groups", "*"))) for name, text in files.items())
    # Times in the API are in UTC and sort as text.
    late = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(after + 1))
    return groups if len(groups) == wanted and all(str(group["lastEvaluation"])[: len(late)] > late for group in groups) else []


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
def test_an_alert_fires_where_it_should_and_nowhere_else(judgement: Judgement, alert: LogAlert) -> None:
    own = mapping(alert.rule["labels"])
    assert judgement.labels(alert.name) == {
        frozenset(
            {
                "namespace": f"in-{system}",
                "system": system,
                "service": service,
                "team": f"team-of-{service}",
                **{key: str(value) for key, value in own.items()},
            }.items()
        )
        for system, service in FIRING[alert.name]
    }


@pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])
def test_a_broken_log_alert_is_noticed(judgement: Judgement, alert: LogAlert) -> None:
    right = judgement.labels(alert.name)
    survivors = {
        (alert.name, what)
        for name, (original, what, _) in MUTANTS.items()
        if original.name == alert.name and judgement.labels(name) == right
    }
    assert survivors == {(name, what) for name, what in EQUIVALENT if name == alert.name}


def test_every_log_alert_has_cases() -> None:
    assert set(FIRING) == {alert.name for alert in ALERTS}


def test_alertmanager_is_told_of_all_of_them_with_what_routing_and_people_need(judgement: Judgement) -> None:
    wanted = {(name, *where) for name, places in FIRING.items() for where in places}
    told = until(lambda: ours(judgement.receiver) if set(ours(judgement.receiver)) == wanted else {}, seconds=60, what="all are told")
    for (name, _, service), alert in told.items():
        labels, annotations = mapping(alert["labels"]), mapping(alert["annotations"])
        assert {"severity", "team", "category", "service", "namespace"} <= set(labels)
        assert (labels["env"], labels["cluster"]) == ("prod", "prod")
        assert service in str(annotations["summary"])
        assert str(annotations["runbook_url"]).endswith(f"/{name}.md")
        assert "<" not in str(annotations["description"])
        assert str(alert["generatorURL"]).startswith(f"{environment('prod').settings.grafana.url}/explore")


def ours(received: Receiver) -> dict[tuple[str, str, str], dict[str, object]]:
    """What was told of our own alerts, the broken ones left out, by name, system and service."""
    known = {alert.name for alert in ALERTS}
    found = ((mapping(alert["labels"]), alert) for alert in received.told)
    return {
        (str(labels["alertname"]), str(labels.get("system")), str(labels["service"])): alert
        for labels, alert in found
        if labels["alertname"] in known
    }
