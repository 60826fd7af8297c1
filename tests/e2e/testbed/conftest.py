"""One network of a primary and a backup for all tests of this folder, healed before each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.testbed.local import LocalTestbed
from tests.e2e.testbed.node_view import BACKUP, PRIMARY

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def _network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTestbed]:
    folder = tmp_path_factory.mktemp("network")
    with LocalTestbed(folder, nodes=(PRIMARY, BACKUP), block_time=0.5) as testbed:
        yield testbed


@pytest.fixture
def network(_network: LocalTestbed) -> Iterator[LocalTestbed]:
    """Between its tests the chain stands still: it would take time from those of other folders until the very end."""
    _network.driver.resume()
    _network.heal()
    yield _network
    _network.driver.pause()
