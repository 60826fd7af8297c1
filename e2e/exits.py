"""How commands that play on a network end when there is no verdict: their exit codes, and what stops them."""

from __future__ import annotations

from typing import Final

from e2e.gateway.client import GatewayError
from e2e.load.process import LoadError
from e2e.sut.profile import ProfileError
from e2e.sut.protocol import SutError
from e2e.testbed.protocol import TestbedError

COULD_NOT_START: Final = 3
STOPPED: Final = 130  # by Ctrl-C or SIGTERM, as shells have it

STOPPERS: Final = (TestbedError, ProfileError, SutError, LoadError, GatewayError)
"""What says nothing of the proxy under test; the message says what to do."""
