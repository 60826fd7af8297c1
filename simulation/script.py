"""What one client does: requests of every kind and id, streams, batches, nonsense, and bad manners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from simulation.api import IDENTITY, REVERTS
from simulation.chain import ADDRESSES, TOPICS
from simulation.client import FIRST_SUBSCRIPTION, LAST_SUBSCRIPTION
from simulation.plan import Act, Ask

if TYPE_CHECKING:
    from random import Random

_IDS = (
    "0", "-1", "1", "2", "9007199254740993", "18446744073709551616", "1.0", "1e3", '"1"', '""', '"a\\"b"', '"\\u00fc"',
)  # fmt: skip
_LAYOUTS = (
    '{{"jsonrpc":"2.0","id":{id},{rest}}}',
    '{{"jsonrpc":"2.0",{rest},"id":{id}}}',
    '{{ "id" : {id} ,\n {rest} , "jsonrpc":"2.0"}}',
)
_TEXTS = ("{", "[]", "nonsense", '{"jsonrpc":"2.0","method":7}', "17", '{"id":null', '"eth_call"')
_STREAMS: tuple[list[Any], ...] = (
    ["newHeads"],
    ["newHeads"],
    ["logs", {}],
    ["logs"],
    ["logs", {"address": ADDRESSES[0]}],
    ["logs", {"topics": [TOPICS[1]]}],
    ["newPendingTransactions"],
    ["newPendingTransactions"],
    ["syncing"],
    ["nonsense"],
)
MOMENTS = ("dial", "opened", "live", "moved", "lost", "failed", "backfill")
"""What an action may wait for: see `connection.Notice`."""

STALL = (0.5, 5.0)  # seconds


BEAT = 0.25  # seconds


def script(rng: Random, client: str, lasts: float, *, calm: bool) -> list[Act]:
    """A `calm` client neither leaves nor reads slowly, and asks at a steady beat, so that it sees what is served."""
    writer = _Writer(rng, client, leaves=not calm)
    at = began = rng.uniform(0.3, 1.0)
    acts = [Act(at + rng.uniform(0, 0.3), client, "ask", (writer.subscribe(),)) for _ in range(rng.randint(1, 4))]
    pace = rng.choice((2.0, 5.0, 8.0))
    while (at := at + rng.expovariate(pace)) < lasts:
        acts.append(writer.act(at))
    if calm:
        acts += steady(client, began, lasts)
    aimed = rng.randint(0, 6)
    return acts + [writer.act(rng.uniform(1, lasts))._replace(when=rng.choice(MOMENTS)) for _ in range(aimed)]


def steady(client: str, since: float, until: float) -> list[Act]:
    """The same question again and again."""
    count = int((until - since) / BEAT)
    asks = (Ask("eth_chainId", [], f'"beat {number}"') for number in range(count))
    return [Act(since + number * BEAT, client, "ask", (ask,)) for number, ask in enumerate(asks)]


def burst(client: str, at: float, count: int = 60) -> list[Act]:
    """More requests in one instant than may wait for a node."""
    return [Act(at, client, "ask", (Ask("eth_chainId", [], str(5000 + number)),)) for number in range(count)]


class _Writer:
    def __init__(self, rng: Random, client: str, *, leaves: bool) -> None:
        self._rng = rng
        self._client = client
        self._leaves = leaves
        self._layout = rng.choice(_LAYOUTS)
        # nobody can tell the answer to nonsense from one to a request with the id null
        self._null_ids = rng.random() < 0.3
        self._count = 0

    def act(self, at: float) -> Act:
        rng = self._rng
        roll = rng.random()
        if roll < 0.10:
            return Act(at, self._client, "ask", tuple(self._request() for _ in range(rng.randint(2, 5))))
        if roll < 0.13 and not self._null_ids:
            return Act(at, self._client, "text", rng.choice(_TEXTS))
        if roll < 0.135 and self._leaves:
            return Act(at, self._client, "leave")
        if roll < 0.15 and self._leaves:
            return Act(at, self._client, "stall", rng.uniform(*STALL))
        return Act(at, self._client, "ask", (self._request(),))

    def _request(self) -> Ask:
        roll = self._rng.random()
        if roll < 0.10:
            return self.subscribe()
        if roll < 0.16:
            return self._ask("eth_unsubscribe", [self._rng.choice((LAST_SUBSCRIPTION, FIRST_SUBSCRIPTION))])
        if roll < 0.25:
            # what it sends is like nothing else, so that it is seen if it arrives twice
            return self._ask("eth_sendRawTransaction", [f"0x02{self._client}{self._count:04}"])
        return self._call()

    def _call(self) -> Ask:
        rng = self._rng
        if rng.random() < 0.4:
            data = f"0x{rng.getrandbits(64):016x}"
            return self._ask("eth_call", [{"to": IDENTITY, "data": data}, "latest"])
        return self._ask(
            *rng.choice(
                (
                    ("eth_blockNumber", []),
                    ("eth_chainId", []),
                    ("eth_getBalance", [f"0x{rng.getrandbits(160):040x}", "latest"]),
                    ("eth_getLogs", [{"address": ADDRESSES[1], "fromBlock": "latest"}]),
                    ("eth_getBlockByNumber", ["latest", True]),
                    ("eth_getBlockByHash", ["0x" + "77" * 32, True]),
                    ("eth_call", [{"to": REVERTS, "data": "0x"}, "latest"]),
                    ("eth_noSuchMethod", [rng.getrandbits(64)]),
                )
            )
        )

    def subscribe(self) -> Ask:
        return self._ask("eth_subscribe", self._rng.choice(_STREAMS))

    def _ask(self, method: str, params: list[Any]) -> Ask:
        rng = self._rng
        self._count += 1
        roll = rng.random()
        name: str | None = str(100 + self._count)
        if roll < 0.28:
            name = rng.choice(_IDS)
        elif roll < 0.31 and self._null_ids:
            name = "null"
        elif roll < 0.34 and not method.endswith("subscribe"):
            # nobody could say when a subscription without answers began or ended
            name = None
        return Ask(method, params, name, self._layout)
