from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import land as fakes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.testbed.kurtosis.testbed import KurtosisTestbed


@pytest.fixture
def land(tmp_path: Path) -> Iterator[fakes.Land]:
    with fakes.land(tmp_path) as land:
        yield land


@pytest.fixture
def testbed(land: fakes.Land) -> Iterator[KurtosisTestbed]:
    with land.testbed() as testbed:
        yield testbed
