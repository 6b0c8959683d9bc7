"""The deployment that the tests of this package share."""

from collections.abc import Iterator

import pytest

from tests.e2e.leaking import Trail
from tests.lifecycle.conftest import Dev


@pytest.fixture(scope="package")
def trail(dev: Dev) -> Iterator[Trail]:
    """dev with canaries for secrets, and all that was said and written when it was deployed."""
    with dev.deployed() as trail:
        yield trail
