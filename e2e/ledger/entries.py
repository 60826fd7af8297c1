"""What a run writes down: one value per fact, in the order of their times.

`at` is in seconds since the run began, on one monotonic clock for the whole run. Clients record what they sent and
what they got; they never judge. Everything here survives a round trip through JSON (see `store`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Lane: TypeAlias = Literal["ws", "http"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A client's connection is open (WebSocket: the upgrade was answered with 101)."""

    at: float
    client: str
    lane: Lane = "ws"


@dataclass(frozen=True, slots=True)
class Sent:
    """A request left the client.

    `method` is '' for text that is no request (bad JSON, an empty batch): `params` is then the text, `id` 'null'.
    `id` is the JSON text of the id, digit for digit ('1', '1.0', '"a"', 'null'), None for a notification.
    `op` numbers the requests of the whole run. `batch` is shared by the requests of one batch. `intended` is the time
    at which an open-loop schedule wanted it sent.
    """

    at: float
    client: str
    op: int
    id: str | None
    method: str
    params: Any
    lane: Lane = "ws"
    batch: int | None = None
    intended: float | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """A frame (WebSocket: one element of a batch counts by itself) or an HTTP answer reached the client.

    `frame` is the parsed JSON. `id` is the JSON text of its id, None where it has none. Over HTTP `op` names the
    request that it answers and `status` the HTTP status; over WebSocket both are None: to match is a checker's work.
    """

    at: float
    client: str
    id: str | None
    frame: Any
    lane: Lane = "ws"
    op: int | None = None
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """An HTTP request ended without an answer: refused, reset, timed out."""

    at: float
    client: str
    op: int
    reason: str


@dataclass(frozen=True, slots=True)
class Closed:
    """A client's connection is closed. `by` says who began; `code` is the close code of RFC 6455 (1006: none came)."""

    at: float
    client: str
    code: int
    reason: str
    by: Literal["client", "proxy"]


@dataclass(frozen=True, slots=True)
class Injected:
    """The nemesis (or the gateway) did something to `target`, and saw at `at` that it bit.

    `fault` is a name of `faults.EFFECTS`. `target` is a node, a client (a slow reader, say) or 'proxy'. `began` is when
    the nemesis set about it, before anything could be felt. `detail["lane"]` ('ws' or 'http') narrows it to one lane.
    """

    at: float
    fault: str
    target: str
    detail: dict[str, Any] = field(default_factory=dict)
    began: float | None = None


@dataclass(frozen=True, slots=True)
class Healed:
    """The fault is taken back: the node runs, follows the chain and answers (the harness saw it).

    `lane` tells apart the faults of the same name on both lanes of a node.
    """

    at: float
    fault: str
    target: str
    lane: Lane | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A block became canonical, as the block driver (not the proxy) says: every one, replaced ones too, in order."""

    at: float
    number: int
    hash: str
    parent: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A request with side effects reached `node`, as seen at the node's door (the gateway), whoever wrote it there."""

    at: float
    node: str
    method: str
    params: Any


@dataclass(frozen=True, slots=True)
class Scraped:
    """The proxy's metrics at one instant: sample name with its labels → value. `up` False: it did not answer."""

    at: float
    up: bool
    samples: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drifted:
    """The harness's own loop woke up `late` seconds after the time it had asked for.

    `pressure`: the share of the time since the last look in which somebody on this machine waited for a CPU; 0 where
    that cannot be known.
    """

    at: float
    late: float
    pressure: float = 0.0


@dataclass(frozen=True, slots=True)
class Marked:
    """A named instant of the run: 'traffic', 'healed', 'settled', 'step: …'."""

    at: float
    name: str
    detail: dict[str, Any] = field(default_factory=dict)


Entry: TypeAlias = (
    Opened | Sent | Received | Failed | Closed | Injected | Healed | Block | Arrived | Scraped | Drifted | Marked
)
