"""Which image each component runs: the typed form of ``configs/versions.yaml``."""

from pydantic import Field

from model.base import Model
from model.quantities import Image


class Images(Model):
    """An image reference for each component, under the component's name."""

    prometheus: Image
    alertmanager: Image
    grafana: Image
    kube_state_metrics: Image = Field(alias="kube-state-metrics")
    node_exporter: Image = Field(alias="node-exporter")
    postgres_exporter: Image = Field(alias="postgres-exporter")
    redis_exporter: Image = Field(alias="redis-exporter")
    loki: Image
    loki_canary: Image = Field(alias="loki-canary")
    elasticsearch: Image
    jaeger: Image
    opentelemetry_collector: Image = Field(alias="opentelemetry-collector")
    promtail: Image
    alloy: Image


class Versions(Model):
    """The only place of versions."""

    images: Images

    def by_component(self) -> dict[str, str]:
        """Image references by the component's name as it stands in the file."""
        return self.images.model_dump(by_alias=True)


def image_version(reference: str) -> str:
    """The tag of an image reference, which is the version of what runs: ``docker.io/prom/prometheus:v3.15.0`` gives ``v3.15.0``."""
    return reference.partition("@")[0].rpartition(":")[2]
