"""How different clients write the same JSON-RPC: order of keys, white space, the type of ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random


@dataclass(frozen=True, slots=True)
class Dialect:
    """`answer` takes an id and a member (b'"result":…' or b'"error":…'), `event` a subscription id and a result.

    `text_ids`: answers 7 with "7". `small_ids`: subscriptions are 0x1, 0x2, … of each connection. `eager`: announces
    before it confirms. `tells_all`: announces every block of a burst, and not only the last.
    """

    name: str
    answer: bytes = b'{"jsonrpc":"2.0","id":%b,%b}'
    event: bytes = b'{"jsonrpc":"2.0","method":"eth_subscription","params":{"subscription":"%b","result":%b}}'
    result_first: bool = False
    text_ids: bool = False
    small_ids: bool = False
    eager: bool = False
    tells_all: bool = True

    def answered(self, request_id: int, member: bytes) -> bytes:
        text = b'"%d"' % request_id if self.text_ids else b"%d" % request_id
        return self.answer % ((member, text) if self.result_first else (text, member))

    def announced(self, subscription: bytes, result: bytes) -> bytes:
        return self.event % (subscription, result)

    def mint(self, rng: Random, count: int) -> bytes:
        """The id of the `count`th subscription of a connection."""
        return b"0x%x" % count if self.small_ids else b"0x%032x" % rng.getrandbits(128)


DIALECTS = (
    Dialect("geth"),
    Dialect("geth, last block of a burst only", tells_all=False),
    Dialect("besu", small_ids=True),
    Dialect("nethermind", answer=b'{"jsonrpc":"2.0",%b,"id":%b}', result_first=True),
    Dialect(
        "roomy",
        answer=b'{ "id" : %b ,\n "jsonrpc" : "2.0" , %b }',
        event=b'{"params": {"subscription": "%b", "result": %b}, "method": "eth_subscription", "jsonrpc": "2.0"}',
        eager=True,
    ),
    Dialect("text ids", text_ids=True, small_ids=True, tells_all=False),
)
