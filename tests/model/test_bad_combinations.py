"""Mistakes in rules, between files and of whole files; and all of them at once."""

from pathlib import Path

import pytest

from model.documents import each, mapping, read, to_yaml
from tests.model.breaking import AUTH, DEV, DHARMA, DURATION, GATEWAY, REMOVED, ROUTING, RULES, SECURE, TEAMS, VERSIONS, complaints, put

RULE_MISTAKES: dict[str, tuple[dict[str, object], str]] = {
    "unknown key": (
        {"lables": {}},
        ".lables: unknown key 'lables'; allowed: record, alert, expr, for, keep_firing_for, labels, annotations; did you mean 'labels'?",
    ),
    "wrong time": ({"for": "1 minute"}, f".for: '1 minute' was given; allowed: {DURATION}"),
    "alert and record at once": ({"record": "x:y:z"}, ": must have either 'alert' or 'record'"),
    "unknown severity": (
        {"labels": {"severity": "ciritcal", "category": "service"}},
        ".labels.severity: alert 'ServiceDown' has severity 'ciritcal'; allowed: critical, warning, info; did you mean 'critical'?",
    ),
    "no severity": (
        {"labels": {"category": "service"}},
        ".labels.severity: alert 'ServiceDown' has no severity; allowed: critical, warning, info",
    ),
    "no category": ({"labels": {"severity": "info"}}, ".labels.category: is missing in alert 'ServiceDown'"),
    "no description": ({"annotations": {"summary": "x"}}, ".annotations.description: is missing in alert 'ServiceDown'"),
    "unknown team": (
        {"labels": {"severity": "info", "category": "service", "team": "aii"}},
        f".labels.team: team 'aii' is not in configs/routing.yaml; allowed: {TEAMS}; did you mean 'ai'?",
    ),
}


@pytest.mark.parametrize(("changes", "said"), RULE_MISTAKES.values(), ids=RULE_MISTAKES)
def test_mistakes_in_a_rule(project: Path, changes: dict[str, object], said: str) -> None:
    content = read(project, RULES).content
    (_, rule), *_ = each(content, "groups", "*", "rules", "*")
    mapping(rule).update(changes)
    (project / RULES).write_text(to_yaml(content))
    assert complaints(project) == [f"{RULES}: groups[0].rules[0]{said}"]


def test_an_alert_that_is_there_twice(project: Path) -> None:
    (project / "configs/rules/copy.yaml").write_text((project / RULES).read_text().replace("name: services", "name: other"))
    said = complaints(project)
    assert len(said) == len(list(each(read(project, RULES).content, "groups", "*", "rules", "*")))
    assert (
        said[0]
        == f"{RULES}: groups[0].rules[0].alert: alert 'ServiceDown' is there already, in configs/rules/copy.yaml: groups[0].rules[0].alert"
    )


def test_a_rule_file_with_the_name_of_the_generated_one(project: Path) -> None:
    (project / "configs/rules/catalogue.yaml").write_text("groups: []")
    assert complaints(project) == ["configs/rules/catalogue.yaml: the name is taken by the file made from the catalogues"]


def test_a_secret_within_a_setting(project: Path) -> None:
    put(project, DEV, ("config", "observability:cluster"), {"name": "dev", "context": SECURE})
    assert complaints(project) == [
        f"{DEV}: observability:cluster.context: a secret was given; allowed: text (in quotes when it looks like a number)",
        f"{DEV}: observability:cluster.context: a secret cannot stand within a setting; secrets are keys of their own, at the top",
    ]


def test_a_plain_secret_is_not_repeated(project: Path) -> None:
    put(project, DEV, ("config", "observability:webhookUrl"), "http://hook.example/TOKEN")
    assert "TOKEN" not in "\n".join(complaints(project))


def test_mails_without_a_mail_server(project: Path) -> None:
    put(project, DEV, ("config", "observability:notifications", "email"), REMOVED)
    assert complaints(project) == [
        f"{DEV}: observability:notifications.channels.info[0]: sends mails, but notifications.email names no mail server",
        f"{DEV}: observability:smtpPassword: the secret is missing: password of the mail server's user; "
        "set it with: pulumi config set --secret observability:smtpPassword -s dev",
    ]


def test_an_environment_that_does_not_exist(project: Path) -> None:
    assert complaints(project, "prd") == [
        "Pulumi.prd.yaml: there is no Pulumi.prd.yaml; environments here: dev, prod, staging; did you mean 'prod'?"
    ]


def test_a_catalogue_that_does_not_exist(project: Path) -> None:
    put(project, DEV, ("config", "observability:catalogues"), ["darma"])
    assert complaints(project) == [
        "configs/catalogues/darma.yaml: there is no such file; files there: automation-orchestrator.yaml, automation-platform.yaml, "
        "dharma.yaml, healing-guard.yaml, x0tta6bl4.yaml; did you mean 'dharma.yaml'?"
    ]


def test_two_catalogues_that_claim_the_same(project: Path) -> None:
    (project / "configs/catalogues/copy.yaml").write_text(
        "{system: dharma, namespace: dharma, services: {auth: {description: x, team: ai, port: 1}}}"
    )
    put(project, DEV, ("config", "observability:catalogues"), ["dharma", "copy"])
    assert complaints(project) == [
        f"configs/catalogues/copy.yaml: system: system 'dharma' is taken by system of {DHARMA}",
        f"configs/catalogues/copy.yaml: services.auth: workload 'dharma/auth' is taken by services.auth of {DHARMA}",
    ]


def test_a_datastore_whose_name_is_too_long_for_its_exporter(project: Path) -> None:
    name = "r" * 48  # with its system and what it is, 64
    put(project, DHARMA, ("datastores", name), {"kind": "redis", "team": "database", "host": "redis", "port": 1})
    assert complaints(project)[:1] == [
        f"{DHARMA}: datastores.{name}: its exporter would be called 'dharma-{name}-exporter', which has 64 characters; "
        "allowed: at most 63 (a DNS label)"
    ]
    put(project, DHARMA, ("datastores", name), REMOVED)
    put(project, DHARMA, ("datastores", name[1:]), {"kind": "redis", "team": "database", "host": "redis", "port": 1})
    assert len(complaints(project)) == 1  # the exporter's password alone


def test_a_file_that_is_not_there(project: Path) -> None:
    (project / ROUTING).unlink()
    assert complaints(project) == [f"{ROUTING}: there is no such file; files there: end-of-life.yaml, prices.yaml, versions.yaml"]


def test_rules_of_a_system_that_no_catalogue_declares(project: Path) -> None:
    (project / "configs/rules/systems/darma.yaml").write_text("groups: []")
    assert complaints(project) == [
        "configs/rules/systems/darma.yaml: there is no catalogue 'darma'; allowed: automation-orchestrator, automation-platform, dharma, "
        "healing-guard, x0tta6bl4; did you mean 'dharma'?"
    ]


def test_no_rules_at_all(project: Path) -> None:
    for file in (project / "configs/rules").rglob("*.yaml"):
        file.unlink()
    assert complaints(project) == ["configs/rules: there is no rule file in this directory"]


def test_everything_that_is_wrong_is_told_at_once(project: Path) -> None:
    put(project, DEV, ("config", "observability:prometheus", "storage"), "2")
    put(project, DEV, ("config", "observability:webhookUrl"), REMOVED)
    put(project, DHARMA, (*GATEWAY, "prot"), 1)
    put(project, DHARMA, (*AUTH, "port"), 3000)
    put(project, DHARMA, (*AUTH, "team"), "securty")
    put(project, ROUTING, ("pace", "info"), REMOVED)
    put(project, VERSIONS, ("images", "grafana"), REMOVED)
    (project / RULES).write_text("groups: [")
    places = {":".join(line.split(": ")[:2]) for line in complaints(project)}
    assert places == {
        f"{DEV}:observability:prometheus.storage",
        f"{DEV}:observability:webhookUrl",
        f"{DHARMA}:services.api-gateway.prot",
        f"{DHARMA}:services.auth.port",
        f"{DHARMA}:services.auth.team",
        f"{ROUTING}:pace.info",
        f"{VERSIONS}:images.grafana",
        f"{RULES}:line 1",
    }
