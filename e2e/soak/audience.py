"""The few clients of a soak whose every word is recorded and judged; the load beside them is for volume."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2e.clients.websocket import WebSocketClient
from e2e.ledger.entries import Marked
from e2e.ledger.history import DIRECT, SETTLED
from e2e.ledger.subscriptions import number_of
from e2e.run import BASE_STREAMS
from e2e.traffic import ids, profiles
from e2e.traffic.openloop import Load, Traffic
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from anyio.from_thread import BlockingPortal

    from e2e.ledger.recorder import Recorder
    from e2e.soak.ground import Ground

CLIENTS: Final = 4
RATE: Final = 5.0  # requests a second of each
POLICIES: Final = (ids.reused, ids.sequential, ids.twins, ids.mixed)


class Audience:
    """Connects, listens and asks, on the portal's loop; and one who listens to a node directly, as a witness."""

    def __init__(self, portal: BlockingPortal, ground: Ground, recorder: Recorder, seed: int) -> None:
        self._portal = portal
        self._ground = ground
        self._recorder = recorder
        self._seed = seed
        url = ground.sut.endpoints.ws
        self.clients = [WebSocketClient(f"client-{number}", url, recorder) for number in range(1, CLIENTS + 1)]
        node = ground.testbed.node_names()[-1]  # a backup: nobody takes it away
        self._witness = WebSocketClient(f"{DIRECT}{node}", ground.testbed.urls(node).ws, recorder)
        self._traffic: list[Traffic] = []

    def start(self) -> None:
        """Connect, subscribe, begin to ask. Raises OSError, TimeoutError, ValueError and ClientClosedError."""
        for client in (*self.clients, self._witness):
            self._portal.call(client.open)
            for kind, options in BASE_STREAMS.items():
                self._portal.call(_subscribe, client, kind, options)
        for client, policy in zip(self.clients, POLICIES, strict=True):
            traffic = Traffic([client], Load(profiles.READS, RATE, policy, self._seed), self._recorder)
            self._portal.call(traffic.start)
            self._traffic.append(traffic)

    @property
    def connected(self) -> int:
        """How many of its connections to the proxy are open."""
        return sum(client.closed is None for client in self.clients)

    @property
    def subscriptions(self) -> int:
        """How many subscriptions its open connections have."""
        return sum(len(client.streams) for client in self.clients if client.closed is None)

    def settle(self, within: float) -> None:
        """Ask for nothing more and give what is owed its time. What never comes is for the checkers."""
        for traffic in self._traffic:
            self._portal.call(traffic.stop)
        head = self._ground.testbed.head().number
        detail = {}
        try:
            wait_until(lambda: not self._owed(head), within, "everything owed is delivered", lambda: self._owed(head))
        except WaitTimeoutError as error:
            detail = {"owed": str(error)}
        self._recorder.record(Marked(self._recorder.now(), SETTLED, detail))

    def close(self) -> None:
        """Leave politely."""
        for client in (*self.clients, self._witness):
            self._portal.call(client.close)

    def _owed(self, head: int) -> list[str]:
        there = [client for client in self.clients if client.closed is None]
        behind: Callable[[Any], bool] = lambda stream: stream.kind == "newHeads" and number_of(stream.last) < head  # noqa: E731
        return [
            client.name for client in there if client.outstanding or any(map(behind, tuple(client.streams.values())))
        ]


async def _subscribe(client: WebSocketClient, kind: str, options: list[Any]) -> None:
    await client.subscribe(f'"{kind}"', kind, *options)
