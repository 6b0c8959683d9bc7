"""Each mistake that a person can make is told in one line: file, key, what was given, what is allowed, what was probably meant."""

from pathlib import Path

import pytest

from model.documents import mapping
from tests.model.breaking import (
    AUTH,
    DEV,
    DHARMA,
    DURATION,
    GATEWAY,
    NOTIFICATIONS,
    REMOVED,
    ROUTING,
    SECURE,
    SERVICE_KEYS,
    TEAMS,
    VERSIONS,
    complaints,
    put,
)

CHANNELS = mapping(NOTIFICATIONS["channels"])

CATALOGUE_MISTAKES: dict[str, tuple[tuple[str, ...], object, str]] = {
    "unknown key": (
        (*GATEWAY, "prot"),
        1,
        f"services.api-gateway.prot: unknown key 'prot'; allowed: {SERVICE_KEYS}; did you mean 'port'?",
    ),
    "unknown key at the top": (
        ("servces",),
        {},
        "servces: unknown key 'servces'; allowed: system, namespace, description, services, datastores; did you mean 'services'?",
    ),
    "snake case": (
        (*GATEWAY, "metrics_path"),
        "/metrics",
        f"services.api-gateway.metrics_path: unknown key 'metrics_path'; allowed: {SERVICE_KEYS}; did you mean 'metricsPath'?",
    ),
    "missing key": (
        (*GATEWAY, "port"),
        REMOVED,
        "services.api-gateway.port: is missing (the TCP port on which it serves requests and metrics)",
    ),
    "text for a number": ((*GATEWAY, "port"), "3000", "services.api-gateway.port: '3000' was given; allowed: a whole number"),
    "number for a text": (
        (*GATEWAY, "description"),
        3,
        "services.api-gateway.description: 3 was given; allowed: text (in quotes when it looks like a number)",
    ),
    "yes for a number": ((*GATEWAY, "port"), True, "services.api-gateway.port: true was given; allowed: a whole number"),
    "half a port": ((*GATEWAY, "port"), 1.5, "services.api-gateway.port: 1.5 was given; allowed: a whole number"),
    "port too high": ((*GATEWAY, "port"), 70000, "services.api-gateway.port: 70000 was given; allowed: at most 65535"),
    "port too low": ((*GATEWAY, "port"), 0, "services.api-gateway.port: 0 was given; allowed: at least 1"),
    "nothing for a text": (
        (*GATEWAY, "description"),
        None,
        "services.api-gateway.description: nothing was given; allowed: text (in quotes when it looks like a number)",
    ),
    "text for a mapping": ((*GATEWAY, "slo"), "99.9%", "services.api-gateway.slo: '99.9%' was given; allowed: a mapping of keys to values"),
    "mapping for a list": ((*GATEWAY, "dependencies"), {}, "services.api-gateway.dependencies: a mapping was given; allowed: a list"),
    "list for a mapping": (("datastores",), ["redis"], "datastores: a list was given; allowed: a mapping of keys to values"),
    "not in the list": (
        (*GATEWAY, "tier"),
        "critcal",
        "services.api-gateway.tier: 'critcal' was given; allowed: critical, high, standard; did you mean 'critical'?",
    ),
    "no unit": ((*GATEWAY, "slo", "latencyP95"), "500", f"services.api-gateway.slo.latencyP95: '500' was given; allowed: {DURATION}"),
    "wrong unit": (
        (*GATEWAY, "slo", "latencyP95"),
        "500µs",
        f"services.api-gateway.slo.latencyP95: '500µs' was given; allowed: {DURATION}",
    ),
    "no per cent sign": (
        (*GATEWAY, "sampling"),
        "0.5",
        "services.api-gateway.sampling: '0.5' was given; allowed: a share from 0% to 100% with its per cent sign, such as 99.9%",
    ),
    "path without slash": (
        (*GATEWAY, "metricsPath"),
        "metrics",
        "services.api-gateway.metricsPath: 'metrics' was given; allowed: a path that begins with /",
    ),
    "host with scheme": (
        ("datastores", "redis", "host"),
        "redis://x",
        "datastores.redis.host: 'redis://x' was given; allowed: a DNS name, such as postgresql or db.example.org",
    ),
    "unknown kind": (
        ("datastores", "redis", "kind"),
        "rediss",
        "datastores.redis.kind: 'rediss' was given; allowed: postgresql, redis; did you mean 'redis'?",
    ),
    "upper case name": (
        ("system",),
        "Dharma",
        "system: 'Dharma' was given; allowed: a name of lower-case letters, digits and hyphens, beginning with a letter, at most 63 long",
    ),
    "port used twice": ((*AUTH, "port"), 3000, "services.auth.port: port 3000 is taken by services.api-gateway.port"),
    "undeclared dependency": (
        ("services", "guardrails", "dependencies"),
        ["postgres"],
        "services.guardrails.dependencies[0]: 'postgres' is neither a service nor a datastore of this "
        "catalogue; allowed: ai-engine, api-gateway, auth, "
        "blueprint, costing, iac-generator, monitoring, orchestrator, postgresql, redis; did you mean 'postgresql'?",
    ),
    "own dependency": ((*AUTH, "dependencies"), ["auth"], "services.auth.dependencies[0]: 'auth' depends on itself"),
    "unknown team": (
        (*AUTH, "team"),
        "securty",
        f"services.auth.team: team 'securty' is not in configs/routing.yaml; allowed: {TEAMS}; did you mean 'security'?",
    ),
    "unknown team of a datastore": (
        ("datastores", "redis", "team"),
        "zebra",
        f"datastores.redis.team: team 'zebra' is not in configs/routing.yaml; allowed: {TEAMS}",
    ),
    "platform's namespace": (("namespace",), "observability", "namespace: 'observability' is the platform's own namespace"),
    "perfect availability": (
        (*AUTH, "slo", "availability"),
        "100%",
        "services.auth.slo.availability: '100%' was given, which leaves no error budget; allowed: more than "
        "93.06% and less than 100%, such as 99.9%",
    ),
    "an objective whose fast burn can never fire": (
        (*AUTH, "slo", "availability"),
        "93%",
        "services.auth.slo.availability: '93%' was given: even a full outage would not burn the budget fast enough to page; "
        "allowed: more than 93.06% and less than 100%, such as 99.9%",
    ),
    "no time at all": (
        (*AUTH, "slo", "latencyP95"),
        "0s",
        "services.auth.slo.latencyP95: '0s' was given; allowed: longer than nothing, such as 500ms",
    ),
    "error rate too high": (
        (*AUTH, "slo", "errorRate"),
        "25%",
        "services.auth.slo.errorRate: '25%' was given; allowed: more than 0% and at most 10%",
    ),
    "one name, two things": (
        ("services", "redis"),
        {"description": "A service", "team": "ai", "port": 1},
        "datastores.redis: 'redis' is a service too; a name means one thing",
    ),
}

STACK_MISTAKES: dict[str, tuple[str, object, str]] = {
    "unknown setting": (
        "observability:promethues",
        {},
        "observability:promethues: unknown key 'promethues'; allowed: cluster, catalogues, notifications, "
        "runbooksUrl, prometheus, alertmanager, grafana, access, "
        "exporters, thresholds, logs, traces, accept, budget, "
        "dharmaPostgresqlPassword, dharmaRedisPassword, elasticsearchPassword, elasticsearchPrivateKey, grafanaAdminPassword, "
        "grafanaSecretKey, heartbeatUrl, "
        "pagerdutyLeadsKey, pagerdutyOperationsKey, pagerdutyProductKey, pagerdutySecurityKey, slackApiUrl, webhookUrl; "
        "did you mean 'observability:prometheus'?",
    ),
    "missing setting": (
        "observability:cluster",
        REMOVED,
        "observability:cluster: is missing (the Kubernetes cluster that the environment runs on)",
    ),
    "unknown nested key": (
        "observability:prometheus",
        {"replica": 2},
        "observability:prometheus.replica: unknown key 'replica'; allowed: replicas, scrapeInterval, "
        "retention, storage, resources; did you mean 'replicas'?",
    ),
    "size without unit": (
        "observability:prometheus",
        {"storage": "20"},
        "observability:prometheus.storage: '20' was given; allowed: a size with a unit of Ki, Mi, Gi or Ti, such as 512Mi or 20Gi",
    ),
    "wrong processor time": (
        "observability:grafana",
        {"resources": {"cpu": "half", "memory": "1Gi"}},
        "observability:grafana.resources.cpu: 'half' was given; allowed: processor time in cores or "
        "thousandths of a core, such as 2 or 250m",
    ),
    "too many replicas": (
        "observability:alertmanager",
        {"replicas": 9},
        "observability:alertmanager.replicas: 9 was given; allowed: at most 5",
    ),
    "retention too short": (
        "observability:prometheus",
        {"retention": "1h"},
        "observability:prometheus.retention: '1h' was given; allowed: 2h or longer",
    ),
    "scraped too seldom": (
        "observability:prometheus",
        {"scrapeInterval": "5m"},
        "observability:prometheus.scrapeInterval: '5m' was given; allowed: from 1s to 2m",
    ),
    "no catalogue": ("observability:catalogues", [], "observability:catalogues: an empty list was given; allowed: at least 1 of them"),
    "catalogue twice": (
        "observability:catalogues",
        ["dharma", "dharma"],
        "observability:catalogues[1]: 'dharma' is in the list already",
    ),
    "unknown severity": (
        "observability:notifications",
        {**NOTIFICATIONS, "channels": {**CHANNELS, "crit": ["webhook"]}},
        "observability:notifications.channels.crit: unknown key 'crit'; allowed: critical, warning, info; did you mean 'critical'?",
    ),
    "unknown channel": (
        "observability:notifications",
        {**NOTIFICATIONS, "channels": {**CHANNELS, "critical": ["webhook", "slak"]}},
        "observability:notifications.channels.critical[1]: 'slak' was given; allowed: pagerduty, slack, "
        "email, webhook; did you mean 'slack'?",
    ),
    "severity without a channel": (
        "observability:notifications",
        {**NOTIFICATIONS, "channels": {severity: channels for severity, channels in CHANNELS.items() if severity != "info"}},
        "observability:notifications.channels.info: the severity has no channel; allowed: at least one of them",
    ),
    "an encrypted setting": (
        "observability:exporters",
        SECURE,
        "observability:exporters: is a setting but is encrypted; settings are plain text",
    ),
    "missing secret": (
        "observability:webhookUrl",
        REMOVED,
        "observability:webhookUrl: the secret is missing: URL that gets every notification as JSON; "
        "set it with: pulumi config set --secret observability:webhookUrl -s dev",
    ),
    "secret in plain text": (
        "observability:webhookUrl",
        "http://hook.example/TOKEN",
        "observability:webhookUrl: is a secret but stands in plain text; encrypt it with: pulumi config set "
        "--secret observability:webhookUrl -s dev",
    ),
    "misspelt namespace": (
        "observabilty:grafana",
        {},
        "config.observabilty:grafana: unknown namespace 'observabilty' before the key; allowed: "
        "observability:, pulumi:, kubernetes:, aws:; "
        "did you mean 'observability:grafana'?",
    ),
    "no namespace": (
        "grafana",
        {},
        "config.grafana: there is no namespace before the key; allowed: observability:, pulumi:, "
        "kubernetes:, aws:; did you mean 'observability:grafana'?",
    ),
    "address with a slash at its end": (
        "observability:runbooksUrl",
        "https://runbooks.example/",
        "observability:runbooksUrl: 'https://runbooks.example/' was given; allowed: a web address without a slash at its end",
    ),
}

OTHER_MISTAKES: dict[str, tuple[str, tuple[str, ...], object, str]] = {
    "unknown top key of a stack file": (
        DEV,
        ("confg",),
        {},
        "confg: unknown key 'confg'; allowed: config, encryptionsalt, encryptedkey, secretsprovider, environment; did you mean 'config'?",
    ),
    "unknown fallback team": (
        ROUTING,
        ("fallbackTeam",),
        "platfrom",
        f"fallbackTeam: team 'platfrom' is not in configs/routing.yaml; allowed: {TEAMS}; did you mean 'platform'?",
    ),
    "severity without a pace": (
        ROUTING,
        ("pace", "info"),
        REMOVED,
        "pace.info: the severity has no pace; allowed: groupWait, groupInterval, repeatInterval",
    ),
    "no time between two messages": (
        ROUTING,
        ("pace", "info", "groupInterval"),
        "0s",
        "pace.info.groupInterval: '0s' was given; allowed: longer than nothing",
    ),
    "channel without its sign": (
        ROUTING,
        ("teams", "ai", "slack"),
        "team-ai",
        "teams.ai.slack: 'team-ai' was given; allowed: a Slack channel, such as #team-platform",
    ),
    "no mail address": (
        ROUTING,
        ("teams", "ai", "email"),
        "ai",
        "teams.ai.email: 'ai' was given; allowed: a mail address, such as team@example.org",
    ),
    "no image": (VERSIONS, ("images", "grafana"), REMOVED, "images.grafana: is missing"),
    "image that moves": (
        VERSIONS,
        ("images", "grafana"),
        "docker.io/grafana/grafana:latest",
        "images.grafana: 'docker.io/grafana/grafana:latest' was given; "
        "allowed: an image with its registry and a tag other than latest, such as docker.io/prom/prometheus:v3.15.0",
    ),
    "image without a tag": (
        VERSIONS,
        ("images", "grafana"),
        "docker.io/grafana/grafana",
        "images.grafana: 'docker.io/grafana/grafana' was given; "
        "allowed: an image with its registry and a tag other than latest, such as docker.io/prom/prometheus:v3.15.0",
    ),
    "unknown image": (
        VERSIONS,
        ("images", "node_exporter"),
        "x/y:1",
        "images.node_exporter: unknown key 'node_exporter'; allowed: prometheus, alertmanager, grafana, kube-state-metrics, node-exporter, "
        "postgres-exporter, redis-exporter, loki, loki-canary, elasticsearch, jaeger, opentelemetry-collector, promtail, alloy; "
        "did you mean 'node-exporter'?",
    ),
}


@pytest.mark.parametrize(("path", "value", "said"), CATALOGUE_MISTAKES.values(), ids=CATALOGUE_MISTAKES)
def test_mistakes_in_a_catalogue(project: Path, path: tuple[str, ...], value: object, said: str) -> None:
    put(project, DHARMA, path, value)
    assert complaints(project) == [f"{DHARMA}: {said}"]


@pytest.mark.parametrize(("key", "value", "said"), STACK_MISTAKES.values(), ids=STACK_MISTAKES)
def test_mistakes_in_a_stack_file(project: Path, key: str, value: object, said: str) -> None:
    put(project, DEV, ("config", key), value)
    assert complaints(project) == [f"{DEV}: {said}"]


@pytest.mark.parametrize(("file", "path", "value", "said"), OTHER_MISTAKES.values(), ids=OTHER_MISTAKES)
def test_mistakes_elsewhere(project: Path, file: str, path: tuple[str, ...], value: object, said: str) -> None:
    put(project, file, path, value)
    assert complaints(project) == [f"{file}: {said}"]
