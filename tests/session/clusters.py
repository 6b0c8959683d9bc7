"""A plugin of pytest that ends a cluster with the stream of tests that uses it: as long as it runs, it takes time from other tests.

It is registered, and is no part of a conftest.py: pytest calls the hooks of those below its root directory for no fixture of the session.
"""

from collections.abc import Generator

import pytest

from tests.session import streams

CLUSTERS = ("cluster_instance", "simulated_instance")
"""The fixtures that start a cluster."""

_STARTED = pytest.StashKey[list[tuple[pytest.FixtureDef[object], pytest.FixtureRequest]]]()


@pytest.hookimpl(tryfirst=True)
def pytest_fixture_setup(fixturedef: pytest.FixtureDef[object], request: pytest.FixtureRequest) -> None:
    """Notes the clusters that are started."""
    if fixturedef.argname in CLUSTERS:
        request.config.stash.setdefault(_STARTED, []).append((fixturedef, request))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Ends them when the next test belongs to another unit of work."""
    yield
    if nextitem is not None and streams.unit(item.nodeid) != streams.unit(nextitem.nodeid):
        started = item.config.stash.setdefault(_STARTED, [])
        while started:
            fixture, request = started.pop()
            fixture.finish(request)  # pyright: ignore[reportArgumentType] - the request that pytest gives with it
