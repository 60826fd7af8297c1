"""What happens to a session (past tense) and what it wants done (imperative): plain immutable values.

They are structs of msgspec, because one is made in a quarter of the time of a named tuple, and four are made for every
request. `now` is not part of them: it comes beside every event, in seconds on any monotonic clock. An *epoch* names one
upstream link of one session, so that a late frame of a link already left finds nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from msgspec import Struct

if TYPE_CHECKING:
    from proxy.nodes import Snapshot

# ---- events -----------------------------------------------------------------------------------------------------


class ClientSent(Struct, frozen=True, gc=False):
    """A whole text message of the client, fragments joined."""

    data: bytes


class ClientLeft(Struct, frozen=True, gc=False):
    """The client's connection is gone or closing."""


class ClientFellBehind(Struct, frozen=True, gc=False):
    """More bytes wait to be read by the client than it is granted."""


class ClientErred(Struct, frozen=True, gc=False):
    """The client broke the protocol; close it with this code (RFC 6455, section 7.4.1)."""

    code: int
    reason: str


class NodesChanged(Struct, frozen=True, gc=False):
    """Routing may come to another answer than before."""

    snapshot: Snapshot


class UpstreamOpened(Struct, frozen=True, gc=False):
    epoch: int


class UpstreamSent(Struct, frozen=True, gc=False):
    """A whole text message of the upstream."""

    epoch: int
    data: bytes


class UpstreamPonged(Struct, frozen=True, gc=False):
    """A pong, or another sign of life: part of a long message."""

    epoch: int


class UpstreamLost(Struct, frozen=True, gc=False):
    """The link is gone, or the dial failed. `reason` is for people.

    `refused`: because of what this client brought or sent, so that others may be served there.
    """

    epoch: int
    reason: str
    refused: bool = False


class TimePassed(Struct, frozen=True, gc=False):
    """`now` has reached `Session.wake`, or it may have."""


class DrainBegan(Struct, frozen=True, gc=False):
    """The proxy is to end: finish what is in flight, then close with 1001."""


Event: TypeAlias = (
    ClientSent
    | ClientLeft
    | ClientFellBehind
    | ClientErred
    | NodesChanged
    | UpstreamOpened
    | UpstreamSent
    | UpstreamPonged
    | UpstreamLost
    | TimePassed
    | DrainBegan
)

# ---- commands ---------------------------------------------------------------------------------------------------


class SendClient(Struct, frozen=True, gc=False):
    data: bytes


class CloseClient(Struct, frozen=True, gc=False):
    """Send a close frame and end the connection. Nothing follows it to the client."""

    code: int
    reason: str


class Dial(Struct, frozen=True, gc=False):
    """Open a link to `node`; answer with UpstreamOpened or UpstreamLost. The session owns the time-out: see HangUp."""

    epoch: int
    node: str


class SendUpstream(Struct, frozen=True, gc=False):
    epoch: int
    data: bytes


class PingUpstream(Struct, frozen=True, gc=False):
    epoch: int


class HangUp(Struct, frozen=True, gc=False):
    """Close the link, or give up its dial. Nothing of it is answered any more."""

    epoch: int


class ReportLane(Struct, frozen=True, gc=False):
    """The WebSocket lane of `node` refused or lost us: the monitor is to look.

    `doubt`: the client may be why, so nobody else is to suffer for it meanwhile. `lived`: how long the link was open.
    """

    node: str
    reason: str
    doubt: bool = False
    lived: float = 0.0


class ReportMethod(Struct, frozen=True, gc=False):
    """`node` has failed at the read `method` by itself several times in a row, or, after that, `works` again."""

    node: str
    method: str
    works: bool


class Count(Struct, frozen=True, gc=False):
    """Add `amount` to the metric `name` (without its prefix)."""

    name: str
    amount: float = 1


class Moved(Struct, frozen=True, gc=False):
    """The client is now carried by `node`, before by `previous`; None: by nobody."""

    previous: str | None
    node: str | None


Command: TypeAlias = (
    SendClient | CloseClient | Dial | SendUpstream | PingUpstream | HangUp | ReportLane | ReportMethod | Count | Moved
)
