"""One request on its way to one node, and the answer as it comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from proxy.shell.headers import ResponseHead
    from proxy.shell.link import Failure, Link
    from proxy.shell.pool import Pool
    from proxy.shell.reading import Request
    from proxy.shell.tally import NodeTally

HOLD: Final = 1 << 20  # bytes of an answer that are held back until the rest is there


class Owner(Protocol):
    """Whoever wants the answer."""

    read: bool
    request: Request

    def answered(self, attempt: Attempt, head: ResponseHead, body: bytes) -> None:
        """The whole answer is there."""
        ...

    def grew(self, attempt: Attempt) -> None:
        """The answer has no end, or more bytes than are held back: `head` and `held` are what there is."""
        ...

    def fed(self, attempt: Attempt, data: bytes) -> None:
        """More of an answer that `grew`."""
        ...

    def finished(self, attempt: Attempt) -> None:
        """The end of an answer that `grew`."""
        ...

    def failed(self, attempt: Attempt, failure: Failure) -> None:
        """No whole answer comes. `failure.written` is exact: False only if no byte can have reached the node."""
        ...


class Attempt:
    """A `link.Receiver`. `began` is when it was last sent, or last heard of; `hurried` is for the owner to use."""

    __slots__ = (
        "_owner",
        "_path",
        "_pool",
        "_size",
        "began",
        "flows",
        "head",
        "held",
        "hurried",
        "link",
        "node",
        "tally",
    )

    def __init__(self, owner: Owner, node: str, pool: Pool, tally: NodeTally, *, path: bytes, now: float) -> None:
        self._owner = owner
        self._pool = pool
        self._path = path
        self._size = 0
        self.node = node
        self.tally = tally
        self.began = now
        self.hurried = False
        self.flows = False
        self.link: Link | None = None
        self.head: ResponseHead | None = None
        self.held: list[bytes] = []

    @property
    def written(self) -> bool:
        return self.link is not None

    @property
    def endless(self) -> bool:
        """Whether its answer is a stream of events."""
        return self.head is not None and self.head.endless

    def send(self, *, new: bool = False) -> None:
        """`new`: over a connection that was never used."""
        owner = self._owner
        request = owner.request
        head = request.head
        body = request.body if request.body or head.method == b"POST" else None
        data = self._pool.endpoint.request(head.method, self._path, head.query, head.lines, body)
        self._pool.send(data, self, fresh=not owner.read, new=new, head_only=head.method == b"HEAD")

    def leave(self) -> None:
        """Stop waiting; nothing more is heard of it."""
        if self.link is not None:
            self.link.abort()
        else:
            self._pool.withdraw(self)

    # ---- link.Receiver

    def on_written(self, link: Link) -> None:
        self.link = link
        self.tally.requests += 1

    def on_whole(self, head: ResponseHead, body: bytes) -> None:
        self._owner.answered(self, head, body)

    def on_head(self, head: ResponseHead) -> None:
        self.head = head
        if head.endless:
            self._flow()

    def on_body(self, data: bytes) -> None:
        if self.flows:
            self._owner.fed(self, data)
            return
        self.held.append(data)
        self._size += len(data)
        if self._size > HOLD:
            self._flow()

    def on_end(self) -> None:
        if self.flows:
            self._owner.finished(self)
        elif self.head is not None:
            self._owner.answered(self, self.head, self.held[0] if len(self.held) == 1 else b"".join(self.held))

    def on_failure(self, failure: Failure) -> None:
        if failure.stale and self._owner.read and not self.flows:
            # the node had closed an idle connection: nobody's failure, so the same node is asked again
            self.link = None
            self.send(new=True)
        else:
            self._owner.failed(self, failure)

    def _flow(self) -> None:
        self.flows = True
        self._owner.grew(self)
