"""The connections to one node: kept alive, few, and never the reason why a request waits long."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from proxy.shell.headers import Heads, ResponseHead
from proxy.shell.link import Failure, Link, Receiver
from proxy.shell.outbound import connect

if TYPE_CHECKING:
    from proxy.shell.endpoint import Endpoint

# This many connections serve fast nodes at any rate. If more requests wait than were taken from the queue in the last
# PATIENCE (seconds), the node is slow, and connections are opened up to the hard limit: slow calls hold up nobody.
FEW: Final = 16
MANY: Final = 512
PATIENCE: Final = 0.02
IDLE_LIMIT: Final = 30.0  # seconds, as those below
# a connection used this recently is not just being closed by the node for being idle: what must not be written twice
# goes over such a one or over a new one
FRESH: Final = 0.25
DIAL_LIMIT: Final = 2.0


class _Order:
    """A request that is not written yet. Withdrawn, it has no receiver."""

    __slots__ = ("head_only", "receiver", "request")

    def __init__(self, request: bytes, receiver: Receiver, *, head_only: bool) -> None:
        self.request = request
        self.receiver: Receiver | None = receiver
        self.head_only = head_only


class Pool:
    """Connections to one endpoint. Everything runs on the loop that is running when it is made."""

    def __init__(self, endpoint: Endpoint, *, few: int = FEW) -> None:
        self.endpoint = endpoint
        self._few = few
        self._loop = asyncio.get_running_loop()
        self._heads: Heads[ResponseHead] = Heads()
        self._idle: list[Link] = []
        self._links: set[Link] = set()
        self._waiting: deque[_Order] = deque()
        self._orders: dict[Receiver, _Order] = {}
        self._dials: set[asyncio.Task[None]] = set()
        self._taken = 0
        self._patience: asyncio.TimerHandle | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._shut = False

    def __len__(self) -> int:
        """How many connections are open or being opened."""
        return len(self._links) + len(self._dials)

    def send(
        self, request: bytes, receiver: Receiver, *, fresh: bool = False, new: bool = False, head_only: bool = False
    ) -> None:
        """Write `request` as soon as a connection is free.

        `fresh`: only over one that cannot be closing for idleness. `new`: only over one that was never used.
        """
        if not new:
            now = time.monotonic()
            while self._idle:
                if fresh and now - self._idle[-1].idle_since > FRESH:
                    break
                link = self._idle.pop()
                if link.usable:
                    link.send(request, receiver, head_only=head_only)
                    return
        order = self._orders[receiver] = _Order(request, receiver, head_only=head_only)
        if new or (fresh and len(self) < MANY):
            self._dial(order)
            return
        # whoever waits is given one that was opened or answered just now: a fresh one
        self._waiting.append(order)
        if len(self) < self._few:
            self._dial(None)
        elif self._patience is None:
            self._taken = 0
            self._patience = self._loop.call_later(PATIENCE, self._lose_patience)

    def withdraw(self, receiver: Receiver) -> None:
        """Forget a request that was not written yet."""
        order = self._orders.pop(receiver, None)
        if order is not None:
            order.receiver = None
            order.request = b""  # it may stand in the queue for long

    def close(self) -> None:
        """Close all connections at once."""
        self._shut = True
        for timer in (self._patience, self._sweep):
            if timer is not None:
                timer.cancel()
        for dial in self._dials:
            dial.cancel()
        for link in list(self._links):
            link.abort()

    def _lose_patience(self) -> None:
        self._patience = None
        taken, self._taken = self._taken, 0
        while self._waiting and self._waiting[0].receiver is None:
            self._waiting.popleft()
        for _ in range(min(len(self._waiting) - taken - len(self._dials), MANY - len(self))):
            self._dial(None)
        if self._waiting:
            self._patience = self._loop.call_later(PATIENCE, self._lose_patience)

    def _dial(self, order: _Order | None) -> None:
        task = self._loop.create_task(self._open(order))
        self._dials.add(task)
        task.add_done_callback(self._dials.discard)

    async def _open(self, order: _Order | None) -> None:
        """Dial for `order`, or for whoever waits when the connection is there."""
        endpoint = self.endpoint
        try:
            async with asyncio.timeout(DIAL_LIMIT):
                _, link = await connect(
                    lambda: Link(self._freed, self._heads), endpoint.host, endpoint.port, tls=endpoint.tls
                )
        except Exception as error:  # noqa: BLE001 - whatever is wrong, a request waits to hear of it
            self._fail(order, _dial_failure(error))
            return
        if not link.usable:
            self._fail(order, Failure("connection closed at once", written=False))
            return
        self._links.add(link)
        if order is None or not self._write(order, link):
            self._freed(link)

    def _write(self, order: _Order, link: Link) -> bool:
        """Whether the order still stood."""
        receiver = self._settle(order)
        if receiver is None:
            return False
        link.send(order.request, receiver, head_only=order.head_only)
        return True

    def _settle(self, order: _Order) -> Receiver | None:
        if order.receiver is not None:
            self._orders.pop(order.receiver, None)
        return order.receiver

    def _fail(self, order: _Order | None, failure: Failure) -> None:
        failed = [order] if order is not None else self._costs_of_failed_dial()
        for lost in failed:
            receiver = self._settle(lost)
            if receiver is not None:
                receiver.on_failure(failure)

    def _costs_of_failed_dial(self) -> list[_Order]:
        """While other connections work, one failed dial costs one request; else nobody can be served."""
        hopeless = not self._links and len(self._dials) <= 1
        count = len(self._waiting) if hopeless else min(1, len(self._waiting))
        return [self._waiting.popleft() for _ in range(count)]

    def _freed(self, link: Link) -> None:
        if not link.usable:
            self._links.discard(link)
            if link in self._idle:
                self._idle.remove(link)
            return
        while self._waiting:
            self._taken += 1
            if self._write(self._waiting.popleft(), link):
                return
        link.idle_since = time.monotonic()
        self._idle.append(link)
        if self._sweep is None and not self._shut:
            self._sweep = self._loop.call_later(IDLE_LIMIT / 2, self._close_idle)

    def _close_idle(self) -> None:
        self._sweep = None
        oldest = time.monotonic() - IDLE_LIMIT
        for link in [link for link in self._idle if link.idle_since < oldest]:
            link.abort()
        if self._idle:
            self._sweep = self._loop.call_later(IDLE_LIMIT / 2, self._close_idle)


def _dial_failure(error: Exception) -> Failure:
    if isinstance(error, TimeoutError):
        return Failure("no connection in time", written=False)
    if isinstance(error, ConnectionRefusedError):
        return Failure("connection refused", written=False, refused=True)
    if isinstance(error, ssl.SSLCertVerificationError):
        # what follows the comma names the host, of which a label may be a key
        return Failure(f"no connection: certificate: {error.verify_message.partition(',')[0]}", written=False)
    # of several addresses that failed in different ways, only the text tells
    words = error.strerror or str(error) if isinstance(error, OSError) else None
    return Failure(f"no connection: {words or type(error).__name__}", written=False)
