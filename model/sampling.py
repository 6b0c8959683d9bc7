"""Which share of traces is kept: decided once, where a trace begins, by what the catalogue says of that service."""

from collections.abc import Iterable

from model.catalogue import Catalogue
from model.quantities import Percent

DEFAULT = Percent("10%")
"""The share of services that no catalogue knows."""

HEALTH_CHECKS = Percent("1%")
"""The share of health checks, whatever the service's own: there are many, and they all look alike."""

HEALTH_PATHS = ("/health", "/healthz", "/live", "/livez", "/ready", "/readyz", "/ping", "/metrics", "/-/healthy", "/-/ready")
"""The paths of health checks, as everybody calls them."""


def strategies(catalogues: Iterable[Catalogue]) -> dict[str, object]:
    """The strategies that Jaeger tells services, as its file has them.

    Jaeger knows a service by its name alone: of namesakes in several systems, the one that keeps the most decides.
    """
    services: dict[str, Percent] = {}
    for name, service in ((name, service) for catalogue in catalogues for name, service in catalogue.services.items()):
        services[name] = max(services.get(name, service.sampling), service.sampling, key=lambda share: share.ratio)
    return {
        "default_strategy": {
            **_share(DEFAULT),
            # Jaeger gives these to every service of the list below too.
            "operation_strategies": [
                {"operation": operation, **_share(HEALTH_CHECKS)} for path in HEALTH_PATHS for operation in (f"GET {path}", path)
            ],
        },
        "service_strategies": [{"service": name, **_share(share)} for name, share in sorted(services.items())],
    }


def _share(share: Percent) -> dict[str, object]:
    return {"type": "probabilistic", "param": share.ratio}
