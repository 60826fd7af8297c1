"""One HTTP request on its way: to a node, if need be to the next, and its answer back to the client.

1. What is not a read is written to at most one node. It may be moved only while it was surely not written.
2. A read goes on to the next node when a link breaks, a node asks for a rest (429), fails (5xx) or falls silent; an
   answer is passed on only once it is whole, or bigger than `HOLD`.
3. Every request ends in exactly one answer, or in a broken connection where half an answer is out already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from proxy.shell.connection import Connection
    from proxy.shell.headers import ResponseHead
    from proxy.shell.link import Failure, Link
    from proxy.shell.pool import Pool
    from proxy.shell.reading import Request
    from proxy.shell.tally import NodeTally

HOLD: Final = 1 << 20  # bytes of an answer that are held back until the rest is there
HURRY: Final = 0.3  # seconds without an answer, after which the monitor is asked to look


class Layer(Protocol):
    """The nodes that may answer, and who wants to know what became of it."""

    proxy_timeout: float
    max_retries: int

    def now(self) -> float: ...
    def order(self, exchange: Exchange) -> tuple[str, ...]:
        """The names of the nodes to try, best first, as of now."""
        ...

    def usable(self, node: str) -> bool: ...
    def pool(self, node: str) -> Pool: ...
    def tally(self, node: str) -> NodeTally: ...
    def began(self, exchange: Exchange) -> None: ...
    def ended(self, exchange: Exchange) -> None: ...
    def hurry(self, node: str) -> None: ...
    def retried(self) -> None: ...
    def judged(self, exchange: Exchange, status: int, retry_after: bytes | None) -> None:
        """The present node answered with `status`; 0: it did not answer in time."""
        ...

    def broke(self, exchange: Exchange, failure: Failure) -> None: ...
    def refuse(self, exchange: Exchange, status: int, reason: str) -> None:
        """Answer the client with an error of ours."""
        ...


class Exchange:
    """Answers `request` on `connection`. `read`: may be sent twice; `method`: of JSON-RPC, if it is a single call."""

    __slots__ = (
        "_attempt_began",
        "_began",
        "_body",
        "_connection",
        "_head",
        "_hurried",
        "_layer",
        "_link",
        "_path",
        "_retries",
        "_size",
        "_slow",
        "_spare",
        "_streaming",
        "_tried",
        "method",
        "node",
        "over",
        "read",
        "request",
        "written",
    )

    def __init__(
        self,
        layer: Layer,
        connection: Connection,
        request: Request,
        *,
        path: bytes,
        read: bool,
        method: str | None,
    ) -> None:
        self._layer = layer
        self._connection: Connection | None = connection
        self.request = request
        self._path = path
        self.read = read
        self.method = method
        self.node: str | None = None
        self.written = False
        self.over = False
        self._began = layer.now()
        self._attempt_began = self._began
        self._hurried = False
        self._tried: list[str] = []
        self._retries = 0
        self._spare: tuple[ResponseHead, bytes] | None = None
        self._link: Link | None = None
        self._head: ResponseHead | None = None
        self._body: list[bytes] = []
        self._size = 0
        self._streaming = False
        self._slow = False

    def start(self) -> None:
        self._layer.began(self)
        order = self._layer.order(self)
        if order:
            self._send(order[0])
        else:
            self._refuse(503, "no node is healthy")

    # ---- towards a node

    def _send(self, node: str, *, new: bool = False) -> None:
        layer, request = self._layer, self.request
        self.node = node
        self.written = False
        self._hurried = False
        self._tried.append(node)
        self._attempt_began = layer.now()
        pool = layer.pool(node)
        head = request.head
        body = request.body if request.body or head.method == b"POST" else None
        data = pool.endpoint.request(head.method, self._path, head.query, head.lines, body)
        pool.send(data, self, fresh=not self.read, new=new, head_only=head.method == b"HEAD")

    def _try_next(self) -> bool:
        """Send it to the next node, if it may be sent again and there is one."""
        if (self.written and not self.read) or self._connection is None:
            return False
        if self._retries >= self._layer.max_retries:
            return False
        node = next((name for name in self._layer.order(self) if name not in self._tried), None)
        if node is None:
            return False
        self._leave()
        self._retries += 1
        self._layer.retried()
        self._send(node)
        return True

    def _leave(self) -> None:
        """Stop waiting for the present node."""
        self._head = None
        self._body = []
        self._size = 0
        if self._link is not None:
            self._link.abort()
            self._link = None
        elif self.node is not None:
            self._layer.pool(self.node).withdraw(self)

    # ---- from a node: link.Receiver

    def on_written(self, link: Link) -> None:
        self._link = link
        self.written = True
        if self.node is not None:
            self._layer.tally(self.node).requests += 1

    def on_head(self, head: ResponseHead) -> None:
        self._head = head
        if head.endless:
            self._stream()

    def on_body(self, data: bytes) -> None:
        if self._streaming:
            self._attempt_began = self._layer.now()
            if self._connection is not None:
                self._connection.feed(data)
            return
        self._body.append(data)
        self._size += len(data)
        if self._size > HOLD:
            self._stream()

    def on_end(self) -> None:
        if self._head is not None and not self._streaming:
            self.on_whole(self._head, self._body[0] if len(self._body) == 1 else b"".join(self._body))
        elif self.node is not None:
            self._link = None
            self._layer.tally(self.node).observe(self._layer.now() - self._began)
            self._end()
            if self._connection is not None:
                self._connection.finish()

    def on_whole(self, head: ResponseHead, body: bytes) -> None:
        self._link = None
        if self.node is None:
            return
        self._layer.tally(self.node).observe(self._layer.now() - self._began)
        self._layer.judged(self, head.status, head.retry_after)
        if self.read and (head.status == 429 or head.status >= 500):
            self._spare = (head, body)
            if self._try_next():
                return
        self._pass(head, body)

    def on_failure(self, failure: Failure) -> None:
        self._link = None
        self.written = self.written and failure.written
        if self._streaming:
            self._break_off()
            return
        if failure.stale and self.read and self.node is not None:
            # the node had closed an idle connection: nobody's failure, so the same node is asked again
            self._tried.pop()
            self._body, self._size, self._head = [], 0, None
            self._send(self.node, new=True)
            return
        self._layer.broke(self, failure)
        if not self._try_next():
            self._give_up(502, failure.reason)

    # ---- towards the client

    def _stream(self) -> None:
        head = self._head
        connection = self._connection
        if head is None:
            return
        self._streaming = True
        self._attempt_began = self._layer.now()
        if connection is None:
            self.client_gone()
            return
        connection.begin(head.status, head.reason, head.lines, head.length, endless=head.endless)
        for data in self._body:
            connection.feed(data)
        self._body = []

    def _pass(self, head: ResponseHead, body: bytes) -> None:
        """Pass a whole answer on."""
        self._end()
        if self._connection is None:
            return
        lines = head.lines
        if head.bodiless and head.length is not None:
            lines += b"Content-Length: %b\r\n" % head.length
        self._connection.respond(head.status, head.reason, lines, body, bodiless=head.bodiless)

    def _give_up(self, status: int, reason: str) -> None:
        """No node is left to try: a failure that a node itself told of is better than one of ours."""
        if self._spare is not None:
            self._pass(*self._spare)
        else:
            self._refuse(status, reason)

    def _refuse(self, status: int, reason: str) -> None:
        self._end()
        if self._connection is not None:
            self._layer.refuse(self, status, reason)

    def _break_off(self) -> None:
        self._end()
        if self._connection is not None:
            self._connection.break_off()

    def _end(self) -> None:
        if not self.over:
            self.over = True
            self._layer.ended(self)

    @property
    def connection(self) -> Connection | None:
        """The client; None once it is gone."""
        return self._connection

    # ---- what else happens

    def client_gone(self) -> None:
        """A small answer is let come, so that its connection can be used again; a stream is cut."""
        self._connection = None
        if self._streaming:
            self._leave()
            self._end()

    def client_slow(self, *, slow: bool) -> None:
        self._slow = slow
        self._attempt_began = self._layer.now()
        if self._link is not None and slow:
            self._link.pause_reading()
        elif self._link is not None:
            self._link.resume_reading()

    def nodes_changed(self) -> None:
        """Leave a node that is not usable any more, if that can be done."""
        if self.over or self._streaming or self.node is None or self._layer.usable(self.node):
            return
        if self.read or not self.written:
            self._try_next()

    def tick(self, now: float) -> None:
        """Look at the time: too long without an answer, or long enough to have the node looked at."""
        layer = self._layer
        if self._streaming:
            stalled = now - self._attempt_began >= layer.proxy_timeout
            endless = self._head is not None and self._head.endless
            if stalled and not endless and not self._slow:
                self._leave()
                self._break_off()
            return
        if now - self._began >= layer.proxy_timeout:
            if self.node is not None:
                layer.judged(self, 0, None)
            self._leave()
            self._give_up(504, f"no answer within {layer.proxy_timeout:g} s")
        elif not self._hurried and now - self._attempt_began >= HURRY and self.node is not None:
            self._hurried = True
            layer.hurry(self.node)
