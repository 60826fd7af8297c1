"""One HTTP request of a client: to a node, if need be to the next, and one answer back.

1. What is not a read is written to at most one node. It may be moved only while it was surely not written.
2. A read goes on to the next node when a link breaks, a node asks for a rest (429), fails (5xx, -32603 in an answer
   of JSON-RPC, or no such answer at all) or falls silent. If its node is only slow, a second node is asked as well, and
   the first good answer is passed on.
3. Every request ends in exactly one answer, or in a broken connection where half an answer is out already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from proxy.shell.attempt import HOLD, Attempt
from proxy.shell.pool import FEW

if TYPE_CHECKING:
    from proxy.shell.connection import Connection
    from proxy.shell.headers import ResponseHead
    from proxy.shell.link import Failure
    from proxy.shell.pool import Pool
    from proxy.shell.reading import Request
    from proxy.shell.tally import NodeTally

HURRY: Final = 0.3  # seconds without an answer, after which the monitor is asked to look
SECOND_OPINION: Final = 5.0  # and after which a read is sent to a second node as well; a third of the time-out, if less
# whose Location, and page, name the node's URL: not for clients, who must not learn of a key in it, nor can go there
_REDIRECTIONS: Final = frozenset((301, 302, 303, 307, 308))


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
    def doubtful(self, exchange: Exchange, head: ResponseHead, body: bytes) -> bool:
        """Whether a read was answered so that another node may do better; if one does, this one failed."""
        ...

    def retried(self) -> None: ...
    def judged(self, exchange: Exchange, node: str, head: ResponseHead | None) -> None:
        """`node` answered; None: it did not in time, or later than another, or failed where another did not."""
        ...

    def broke(self, node: str, failure: Failure) -> None: ...
    def refuse(self, exchange: Exchange, status: int, reason: str) -> None:
        """Answer the client with an error of ours."""
        ...


class Exchange:
    """Answers `request` on `connection`. `read`: may be sent twice; `method`: of JSON-RPC, if it is a single call.

    `node` is the one tried last, `maybe_executed` whether a request that is not a read was written to it.
    """

    __slots__ = (
        "_attempts",
        "_began",
        "_doubted",
        "_layer",
        "_path",
        "_retries",
        "_slow",
        "_spare",
        "_tried",
        "connection",
        "maybe_executed",
        "method",
        "node",
        "over",
        "read",
        "request",
    )

    def __init__(
        self, layer: Layer, connection: Connection, request: Request, *, path: bytes, read: bool, method: str | None
    ) -> None:
        self._layer = layer
        self._path = path
        self._began = layer.now()
        self._tried: list[str] = []
        self._retries = 0
        # more than one only for a read whose first node is slow
        self._attempts: list[Attempt] = []
        self._spare: tuple[ResponseHead, bytes] | None = None
        # nodes that say they failed: at fault only if another one does not
        self._doubted: list[str] = []
        self._slow = False
        self.connection: Connection | None = connection
        self.request = request
        self.read = read
        self.method = method
        self.node: str | None = None
        self.maybe_executed = False
        self.over = False

    def start(self) -> None:
        self._layer.began(self)
        order = self._layer.order(self)
        if order:
            self._try(order[0])
        else:
            self._refuse(503, "no node is healthy")

    # ---- towards nodes

    def _try(self, node: str) -> None:
        layer = self._layer
        self.node = node
        self._tried.append(node)
        attempt = Attempt(self, node, layer.pool(node), layer.tally(node), path=self._path, now=layer.now())
        self._attempts.append(attempt)
        attempt.send()

    def _next(self) -> str | None:
        """The node to try next, if there is one and a try left; nobody tries on for a client that is gone."""
        if self._retries >= self._layer.max_retries or self.connection is None:
            return None
        return next((name for name in self._layer.order(self) if name not in self._tried), None)

    def _retry(self) -> bool:
        """Whether the request goes on: another attempt is on its way, or one was begun now."""
        if self._attempts:
            return True
        node = self._next()
        if node is None:
            return False
        self._retries += 1
        self._layer.retried()
        self._try(node)
        return True

    def _leave_all(self, but: Attempt | None = None) -> None:
        attempts, self._attempts = self._attempts, [but] if but is not None else []
        for attempt in attempts:
            if attempt is not but:
                attempt.leave()
                self._layer.judged(self, attempt.node, None)

    # ---- attempt.Owner

    def answered(self, attempt: Attempt, head: ResponseHead, body: bytes) -> None:
        attempt.tally.observe(self._layer.now() - self._began)
        self._attempts.remove(attempt)
        doubted = self.read and self._layer.doubtful(self, head, body)
        if doubted:
            self._doubted.append(attempt.node)
        else:
            self._layer.judged(self, attempt.node, head)
        if doubted or head.status != 200:
            # a page that says what went wrong often names the path that was asked for, and the key in it
            hide = self._layer.pool(attempt.node).endpoint.hide
            head, body = head._replace(lines=hide(head.lines)), hide(body)
        if self.read and (doubted or head.status == 429 or head.status >= 500):
            self._spare = (head, body)
            if self._retry():
                return
        else:
            self._blame_doubted()
        if self._attempts:
            self._leave_all()
        self._pass(head, body)

    def _blame_doubted(self) -> None:
        """Another node has answered the same request well."""
        for node in self._doubted:
            self._layer.judged(self, node, None)
        self._doubted.clear()

    def grew(self, attempt: Attempt) -> None:
        head, connection = attempt.head, self.connection
        self._leave_all(but=attempt)
        attempt.began = self._layer.now()
        if head is None or connection is None:
            self.client_gone()
            return
        if head.status in _REDIRECTIONS:
            self._attempts.remove(attempt)
            attempt.leave()
            self._refuse_redirection(head.status)
            return
        if head.status == 200:
            self._blame_doubted()
        connection.begin(head.status, head.reason, head.lines, head.length, endless=head.endless)
        for data in attempt.held:
            connection.feed(data)
        attempt.held.clear()

    def fed(self, attempt: Attempt, data: bytes) -> None:
        attempt.began = self._layer.now()
        if self.connection is not None:
            self.connection.feed(data)

    def finished(self, attempt: Attempt) -> None:
        self._attempts.remove(attempt)
        attempt.tally.observe(self._layer.now() - self._began)
        self._end()
        if self.connection is not None:
            self.connection.finish()

    def failed(self, attempt: Attempt, failure: Failure) -> None:
        self._attempts.remove(attempt)
        if attempt.flows:
            self._break_off()
            return
        self._layer.broke(attempt.node, failure)
        self.maybe_executed = failure.written and not self.read
        if self.maybe_executed or not self._retry():
            self._give_up(502, failure.reason)

    # ---- towards the client

    def _pass(self, head: ResponseHead, body: bytes) -> None:
        """Pass a whole answer on."""
        if head.status in _REDIRECTIONS:
            self._refuse_redirection(head.status)
            return
        self._end()
        if self.connection is None:
            return
        lines = head.lines
        if head.bodiless and head.length is not None:
            lines += b"Content-Length: %b\r\n" % head.length
        self.connection.respond(head.status, head.reason, lines, body, bodiless=head.bodiless)

    def _give_up(self, status: int, reason: str) -> None:
        """No node is left to try: a failure that a node itself told of is better than one of ours."""
        if self._spare is not None:
            self._pass(*self._spare)
        else:
            self._refuse(status, reason)

    def _refuse(self, status: int, reason: str) -> None:
        self._end()
        if self.connection is not None:
            self._layer.refuse(self, status, reason)

    def _refuse_redirection(self, status: int) -> None:
        self._refuse(502, f"the node redirects ({status}): the URL in the proxy's config is not where it is")

    def _break_off(self) -> None:
        self._end()
        if self.connection is not None:
            self.connection.break_off()

    def _end(self) -> None:
        if not self.over:
            self.over = True
            self._layer.ended(self)

    # ---- what else happens

    def client_gone(self) -> None:
        """A small answer is let come, so that its connection can be used again, unless there are more than enough.

        A stream is cut, what was not written never is, and nothing big is kept for an answer that nobody wants.
        """
        self.connection = None
        big = len(self.request.body) > HOLD
        for attempt in list(self._attempts):
            spare = len(self._layer.pool(attempt.node)) > FEW
            if attempt.flows or big or spare or not attempt.written:
                self._attempts.remove(attempt)
                attempt.leave()
        if not self._attempts:
            self._end()

    def time_is_up(self) -> None:
        attempts, self._attempts = self._attempts, []
        for attempt in attempts:
            attempt.leave()
        if any(attempt.flows for attempt in attempts):
            self._break_off()
            return
        self.maybe_executed = not self.read and any(attempt.written for attempt in attempts)
        self._give_up(503, "the proxy is shutting down")

    def client_slow(self, *, slow: bool) -> None:
        self._slow = slow
        for attempt in self._attempts:
            attempt.began = self._layer.now()
            if attempt.link is not None and slow:
                attempt.link.pause_reading()
            elif attempt.link is not None:
                attempt.link.resume_reading()

    def nodes_changed(self) -> None:
        """Leave a node that is not usable any more, if that can be done and another one can be asked."""
        for attempt in list(self._attempts):
            movable = (self.read or not attempt.written) and not attempt.flows
            if self.over or self._layer.usable(attempt.node):
                continue
            if attempt.endless:
                self._end_stream(attempt.node)
            elif movable and (len(self._attempts) > 1 or self._next() is not None):
                self._attempts.remove(attempt)
                attempt.leave()
                self._retry()

    def _end_stream(self, node: str) -> None:
        """End a stream of events that may have fallen silent: its client subscribes anew, where another node is."""
        others = (name for name in self._layer.order(self) if name != node)
        if self.connection is not None and any(self._layer.usable(name) for name in others):
            self.connection.end_stream()

    def tick(self, now: float) -> None:
        """Look at the time: too long without an answer, or long enough to look elsewhere."""
        layer = self._layer
        for attempt in list(self._attempts):
            if attempt.flows:
                self._watch_stream(attempt, now)
            elif now - self._began >= layer.proxy_timeout:
                self.maybe_executed = attempt.written and not self.read
                self._leave_all()
                self._give_up(504, f"no answer within {layer.proxy_timeout:g} s")
                return
            elif not attempt.hurried and now - attempt.began >= HURRY:
                attempt.hurried = True
                layer.hurry(attempt.node)
        if self.read and len(self._attempts) == 1 and not self._attempts[0].flows:
            self._ask_a_second(self._attempts[0], now)

    def _watch_stream(self, attempt: Attempt, now: float) -> None:
        if now - attempt.began >= self._layer.proxy_timeout and not attempt.endless and not self._slow:
            self._attempts.remove(attempt)
            attempt.leave()
            self._break_off()

    def _ask_a_second(self, first: Attempt, now: float) -> None:
        if now - first.began >= min(SECOND_OPINION, self._layer.proxy_timeout / 3):
            node = self._next()
            if node is not None:
                self._retries += 1
                self._layer.retried()
                self._try(node)
