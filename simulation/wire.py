"""One WebSocket link between the proxy and a node: ordered both ways, with a delay, and mortal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from simulation.agenda import Deed, Process
    from simulation.node import Node


class Wire:
    """`hear` takes what reaches the proxy: 'opened', 'sent' with data, 'ponged', or 'lost' with a reason."""

    def __init__(self, process: Process, node: Node, hear: Callable[..., None], rng: Random) -> None:
        self._process = process
        self._agenda = process.agenda
        self._node = node
        self._hear = hear
        self.rng = rng
        self._delay = rng.uniform(0.0002, 0.002)
        self._up = self._down = 0.0
        # packets that a black hole keeps until it is lifted
        self._kept: list[tuple[Deed, tuple[Any, ...]]] = []
        self.left = False  # by the proxy
        self.dead = False  # for both
        self.accepted = False
        # the requests on this link that the node has not answered, by their id
        self.owed: dict[int, dict[str, Any]] = {}
        self.streams: dict[bytes, Any] = {}
        self.minted = 0
        self.last_told: dict[str, float] = {}
        self._send_up(self._knock)

    @property
    def ends_at(self) -> str:
        """The name of the node."""
        return self._node.name

    # ---- towards the node

    def to_node(self, data: bytes) -> None:
        self._send_up(self._node.receive, self, data)

    def ping(self) -> None:
        self._send_up(self._node.pinged, self)

    def hang_up(self) -> None:
        """The proxy leaves; what it has written is still read by the node."""
        self.left = True
        self._send_up(self._end)

    def _send_up(self, deed: Deed, *args: Any) -> None:
        self._up = max(self._up, self._agenda.now + self._delay * self.rng.uniform(0.8, 1.5))
        self._agenda.at(self._up, self._pass_up, deed, args)

    def _pass_up(self, deed: Deed, args: tuple[Any, ...]) -> None:
        if self.dead:
            return
        if self._node.hole:
            self._keep(self._pass_up, deed, args)
        else:
            deed(*args)

    def _knock(self) -> None:
        node = self._node
        if not node.running or node.refuses:
            self.dead = True
            self._agenda.after(self._delay, self._process.io, self._say, "lost", "cannot be dialled: refused")
        elif node.paused:
            node.later(self._pass_up, self._knock, ())
        elif node.no_handshake:
            node.unshaken.append(self)
        else:
            self._accept()

    def _accept(self) -> None:
        self.accepted = True
        self._node.wires.append(self)
        self.to_proxy("opened")
        if self._node.drops:
            self._agenda.after(0.01, self.cut, "connection lost")

    def shake(self) -> None:
        """The handshake that the node had held back."""
        if not self.dead:
            self._knock()

    def _end(self) -> None:
        self.dead = True
        self._node.forget(self)

    # ---- towards the proxy

    def to_proxy(self, kind: str, *args: Any) -> None:
        self._down = max(self._down, self._agenda.now + self._delay * self.rng.uniform(0.8, 1.5))
        self._agenda.at(self._down, self._pass_down, kind, args)

    def _pass_down(self, kind: str, args: tuple[Any, ...]) -> None:
        if self.dead or self.left:
            return
        if self._node.hole:
            self._keep(self._pass_down, kind, args)
            return
        if kind == "lost":
            self._end()
        self._process.io(self._say, kind, *args)

    def _say(self, kind: str, *args: Any) -> None:
        if not self.left:
            self._hear(kind, *args)

    def _keep(self, deed: Deed, *args: Any) -> None:
        if not self._kept:
            self._node.holding.append(self)
        self._kept.append((deed, args))

    def release(self) -> None:
        """The black hole is lifted: what it kept arrives."""
        kept, self._kept = self._kept, []
        for deed, args in kept:
            deed(*args)

    # ---- the end

    def cut(self, reason: str) -> None:
        """A reset: what was on its way is lost."""
        if self.dead:
            return
        self.dead = True
        self._node.forget(self)
        if not self.left:
            self._agenda.after(self._delay, self._process.io, self._say, "lost", reason)

    def close(self, code: int) -> None:
        """The node closes politely: what it has written arrives first."""
        self.to_proxy("lost", f"closed with {code}")
