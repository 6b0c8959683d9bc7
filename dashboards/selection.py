"""Queries that many dashboards share, for whatever services are chosen."""

from dataclasses import dataclass

PROBE = 'job="kube-state-metrics"'
"""Selects what Kubernetes says about its objects."""


@dataclass(frozen=True, kw_only=True)
class Services:
    """Some services of the catalogues: those that people choose, or those of one system, team or name."""

    matchers: str
    """Matchers over ``catalogue:service:info``: of its labels system, service, namespace, team and tier."""

    alerts: str
    """Matchers over the alerts that belong to them."""

    @property
    def requests(self) -> str:
        """Requests per second of each service."""
        return f"sum by (system, service) (service:http_requests:rate5m{{{self.matchers}}})"

    @property
    def errors(self) -> str:
        """Failed requests per second of each service."""
        return f"sum by (system, service) (service:http_errors:rate5m{{{self.matchers}}})"

    @property
    def error_ratio(self) -> str:
        """The share of requests that fail, of each service."""
        return f"max by (system, service) (service:http_error_ratio:rate5m{{{self.matchers}}})"

    def percentile(self, percent: int) -> str:
        """The time within which ``percent`` of 100 requests (50, 95 or 99) are answered, of each service."""
        return f"max by (system, service) (service:http_request_duration_seconds:p{percent}_rate5m{{{self.matchers}}})"

    @property
    def up(self) -> str:
        """1 for each service of which a pod answers, 0 for the others: also for one that has no pod that could be asked."""
        declared = f"max by (system, service) (catalogue:service:info{{{self.matchers}}})"
        return f'max by (system, service) (up{{{self.matchers}, datastore=""}}) or 0 * {declared}'

    @property
    def pods(self) -> str:
        """1 for each pod, with what the catalogue says about its service."""
        entry = f"max by (namespace, service, system) (catalogue:service:info{{{self.matchers}}})"
        return f"pod:owner:info * on (namespace, service) group_left (system) {entry}"

    def of_pods(self, series: str) -> str:
        """A series of containers, summed up by pod, for the pods of these services; ``series`` is an expression by namespace and pod."""
        return f"sum by (service, pod) (\n  {series}\n    * on (namespace, pod) group_left (service) ({self.pods})\n)"

    @property
    def memory(self) -> str:
        """Bytes that each pod cannot give back."""
        return self.of_pods('sum by (namespace, pod) (container_memory_working_set_bytes{job="cadvisor", container!=""})')

    @property
    def cpu(self) -> str:
        """Processors that each pod keeps busy."""
        return self.of_pods(
            'sum by (namespace, pod) (rate(container_cpu_usage_seconds_total{job="cadvisor", container!=""}[$__rate_interval]))'
        )

    @property
    def received(self) -> str:
        """Bytes per second that each pod gets."""
        return self.of_pods('sum by (namespace, pod) (rate(container_network_receive_bytes_total{job="cadvisor"}[$__rate_interval]))')

    @property
    def sent(self) -> str:
        """Bytes per second that each pod sends."""
        return self.of_pods('sum by (namespace, pod) (rate(container_network_transmit_bytes_total{job="cadvisor"}[$__rate_interval]))')

    @property
    def restarts(self) -> str:
        """How often each pod began anew in the last hour."""
        return self.of_pods(f"sum by (namespace, pod) (increase(kube_pod_container_status_restarts_total{{{PROBE}}}[1h]))")

    @property
    def ready(self) -> str:
        """Pods that can be sent requests."""
        ready = f'kube_pod_status_ready{{{PROBE}, condition="true"}}'
        return f"sum by (service) ({ready} * on (namespace, pod) group_left (service) ({self.pods}))"


def exactly(matchers: str) -> Services:
    """The services that ``matchers`` select, and their alerts."""
    return Services(matchers=matchers, alerts=matchers)


CHOSEN = exactly('system=~"$system", service=~"$service"')
"""Those that people choose at the top of a dashboard."""

ALL = Services(matchers=CHOSEN.matchers, alerts='system=~"$system|", service=~"$service|"')
"""The same with the alerts of the platform and the cluster, which belong to no system; unless people choose a system."""
