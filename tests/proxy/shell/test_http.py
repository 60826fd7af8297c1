from __future__ import annotations

import pytest

from tests.fakes.node import FakeNode
from tests.proxy.shell.running import call, running

pytestmark = pytest.mark.anyio


async def test_a_read_is_answered_by_the_first_primary() -> None:
    async with FakeNode("a") as a, FakeNode("b") as b, running([a, b]) as proxy:
        reply = await proxy.post(call("web3_clientVersion"))
        assert reply.status == 200
        assert reply.json == {"jsonrpc": "2.0", "id": 7, "result": "a"}
        assert b.http.methods() == []
