"""What a node itself says, asked past any proxy."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import requests
from websockets.sync.client import ClientConnection, connect

from e2e.testbed.protocol import Head
from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from e2e.testbed.protocol import Testbed

PRIMARY, BACKUP = "el-1-primary", "el-2-backup"


def ask(testbed: Testbed, node: str, method: str, *params: Any) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = requests.post(testbed.urls(node).http, json=body, timeout=5).json()
    assert "error" not in answer, answer
    return answer["result"]


def blocks(testbed: Testbed, node: str, first: int, last: int) -> list[Head]:
    """The node's own canonical blocks."""
    batch = [
        {"jsonrpc": "2.0", "id": number, "method": "eth_getBlockByNumber", "params": [hex(number), False]}
        for number in range(first, last + 1)
    ]
    answers = requests.post(testbed.urls(node).http, json=batch, timeout=20).json()
    found = [answer["result"] for answer in answers]
    return [Head(int(block["number"], 16), block["hash"], block["parentHash"]) for block in found if block]


def wait_for_block(testbed: Testbed, number: int, within: float = 15.0) -> Head:
    """The canonical head once it is `number` or above."""

    def reached() -> Head | None:
        head = testbed.head()
        return head if head.number >= number else None

    head = wait_until(reached, within, f"block {number} exists")
    assert head is not None
    return head


def wait_for_more(testbed: Testbed, count: int, within: float = 15.0) -> Head:
    """The canonical head once it has grown by `count` blocks."""
    return wait_for_block(testbed, testbed.head().number + count, within)


class Listener:
    """A WebSocket to a node with subscriptions; `take` reads until it has what is wanted."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._kinds: dict[str, str] = {}
        self.events: list[tuple[str, Any]] = []

    def subscribe(self, kind: str, *params: Any) -> None:
        request = {"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": [kind, *params]}
        self._connection.send(json.dumps(request))
        while "id" not in (frame := json.loads(self._connection.recv(timeout=5))):
            self._note(frame)
        self._kinds[frame["result"]] = kind

    def take(self, kind: str, count: int, within: float = 15.0) -> list[Any]:
        """The first `count` events of `kind` since the connection was made, in their order."""

        def enough() -> list[Any] | None:
            found = [event for had, event in self.events if had == kind]
            if len(found) >= count:
                return found[:count]
            self._note(json.loads(self._connection.recv(timeout=within)))
            return None

        found = wait_until(enough, within, f"{count} events of {kind}", lambda: self.events, poll=0)
        assert found is not None
        return found

    def _note(self, frame: dict[str, Any]) -> None:
        params = frame["params"]
        self.events.append((self._kinds[params["subscription"]], params["result"]))


@contextmanager
def listening(testbed: Testbed, node: str) -> Iterator[Listener]:
    with connect(testbed.urls(node).ws) as connection:
        yield Listener(connection)
