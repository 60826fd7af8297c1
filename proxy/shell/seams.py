"""Where the WebSocket shell and the rest of the shell meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable, Sequence

    from proxy.nodes import Node, Snapshot


class NodeWatch(Protocol):
    """The monitor, as those see it who use nodes."""

    snapshot: Snapshot
    """The present one; replaced whole, so it may be kept and compared."""

    def listen(self, changed: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Call `changed` with each new snapshot that routes differently; the result ends that. Never calls at once."""
        ...

    def hurry(self, node: str) -> None:
        """Probe `node` now: somebody waits for it longer than usual."""
        ...

    def lane_lost(self, node: str, lived: float = 0.0) -> None:
        """A WebSocket link to `node` dropped after `lived` seconds, or was refused: nobody dials it until the monitor
        has opened the lane."""
        ...

    def lane_doubted(self, node: str) -> None:
        """`node` refused what one client brought: it is dialled as before, while the monitor looks at the lane."""
        ...

    def method_reported(self, node: str, method: str, *, works: bool) -> None:
        """`node` has failed at `method` by itself several times in a row, or, after that, `works` again."""
        ...


class LaneProbe(Protocol):
    """Opens a WebSocket to the node, asks it something, closes it: whether that worked. Never raises."""

    def __call__(self, node: Node, /) -> Awaitable[bool]: ...


class Gate(Protocol):
    """Takes over the connections of clients that asked for a WebSocket."""

    def accept(
        self, transport: asyncio.Transport, data: bytes, path: bytes, headers: Sequence[tuple[bytes, bytes]]
    ) -> None:
        """Serve the client behind `transport` from now on.

        `data` is the head of the upgrade (see `headers.RequestHead.handshake`) and what came after it; `path` is the
        request target with its query, `headers` are all that the client sent.
        """
        ...

    async def drain(self, grace: float) -> None:
        """Close every client with 1001; returns when all are gone, or after `grace` seconds at the latest."""
        ...

    def __len__(self) -> int:
        """How many clients there are."""
        ...
