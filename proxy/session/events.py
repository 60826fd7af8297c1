"""What happens to a session (past tense) and what it wants done (imperative): plain immutable values.

`now` is not part of them: it comes beside every event, in seconds on any monotonic clock. An *epoch* names one upstream
link of one session, so that a late frame of a link already left finds nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from proxy.nodes import Snapshot

# ---- events -----------------------------------------------------------------------------------------------------


class ClientSent(NamedTuple):
    """A whole text message of the client, fragments joined."""

    data: bytes


class ClientLeft(NamedTuple):
    """The client's connection is gone or closing."""


class ClientFellBehind(NamedTuple):
    """More bytes wait to be read by the client than it is granted."""


class ClientErred(NamedTuple):
    """The client broke the protocol; close it with this code (RFC 6455, section 7.4.1)."""

    code: int
    reason: str


class NodesChanged(NamedTuple):
    """Routing may come to another answer than before."""

    snapshot: Snapshot


class UpstreamOpened(NamedTuple):
    epoch: int


class UpstreamSent(NamedTuple):
    """A whole text message of the upstream."""

    epoch: int
    data: bytes


class UpstreamPonged(NamedTuple):
    epoch: int


class UpstreamLost(NamedTuple):
    """The link is gone, or the dial failed. `reason` is for people."""

    epoch: int
    reason: str


class TimePassed(NamedTuple):
    """`now` has reached `Session.wake`, or it may have."""


class DrainBegan(NamedTuple):
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


class SendClient(NamedTuple):
    data: bytes


class CloseClient(NamedTuple):
    """Send a close frame and end the connection. Nothing follows it to the client."""

    code: int
    reason: str


class Dial(NamedTuple):
    """Open a link to `node`; answer with UpstreamOpened or UpstreamLost. The session owns the time-out: see HangUp."""

    epoch: int
    node: str


class SendUpstream(NamedTuple):
    epoch: int
    data: bytes


class PingUpstream(NamedTuple):
    epoch: int


class HangUp(NamedTuple):
    """Close the link, or give up its dial. Nothing of it is answered any more."""

    epoch: int


class ReportLane(NamedTuple):
    """The WebSocket lane of `node` refused or lost us: the monitor is to look."""

    node: str
    reason: str


class Count(NamedTuple):
    """Add `amount` to the metric `name` (without its prefix)."""

    name: str
    amount: float = 1


class Moved(NamedTuple):
    """The client is now carried by `node`, before by `previous`; None: by nobody."""

    previous: str | None
    node: str | None


Command: TypeAlias = SendClient | CloseClient | Dial | SendUpstream | PingUpstream | HangUp | ReportLane | Count | Moved
