from __future__ import annotations

import pytest


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Everything in one loop, of the kind that the proxy runs on."""
    return ("asyncio", {"use_uvloop": True})
