"""A Kurtosis engine that runs nothing, for tests: `FakeEngine`."""

from kurtosis_sdk.testing.engine import FakeEngine
from kurtosis_sdk.testing.world import FakeEnclave, FakeService

__all__ = ["FakeEnclave", "FakeEngine", "FakeService"]
