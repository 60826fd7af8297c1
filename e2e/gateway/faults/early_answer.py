"""early_answer: a large request is answered before it was read, and what is left of it is taken for another one.

As by a server that answers at the head of a request, keeps the connection and forgets that a body follows (CL.0
desynchronisation): whoever writes another request behind what is left is given the answer to that.
"""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2e.gateway.faults.fault import Direction, Fault
from e2e.gateway.head import END, read_head, response
from e2e.gateway.pipe import Parcels, Shaper

if TYPE_CHECKING:
    from e2e.gateway.link import Link

_TOO_LARGE: Final = b'{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"content length too large"}}'


@dataclass(kw_only=True)
class EarlyAnswer(Fault):
    """A request of more than `bytes` (geth's limit) gets 413 at once; `after` ms later what is left of it gets 400.

    The node sees nothing of it.
    """

    kind = "early_answer"
    lanes = ("http",)

    bytes: int = 5 * 2**20
    after: int = 2000

    def __post_init__(self) -> None:
        super().__post_init__()
        self._answered: list[Link] = []

    def shaper(self, link: Link, direction: Direction) -> Shaper | None:
        return _Hasty(self, link) if direction == "upstream" else None

    def answer(self, link: Link) -> None:
        """Answer at the head, and read no further for now: what was sent behind it waits in the proxy."""
        link.proxy_side.pause(self.kind)
        link.to_proxy.write(response(413, "application/json", _TOO_LARGE))
        self._answered.append(link)
        self.bite("answered early", link)
        asyncio.get_running_loop().call_later(self.after / 1000, self._read_on, link)

    def _read_on(self, link: Link) -> None:
        if link in self._answered:
            link.to_proxy.write(response(400, "text/plain", b"400 Bad Request"))
            link.proxy_side.resume(self.kind)

    def ended(self, link: Link) -> None:
        if link in self._answered:
            self._answered.remove(link)

    async def end(self) -> None:
        """The node could make nothing of what is left."""
        for link in list(self._answered):
            link.reset()


class _Hasty(Shaper):
    """Passes requests on up to the first one that is too large, and nothing after it.

    A head comes in one piece with what there is of its body, as the link's own scanner lets it out.
    """

    def __init__(self, fault: EarlyAnswer, link: Link) -> None:
        self._fault = fault
        self._link = link
        self._left: float = 0  # bytes of a body still to pass
        self._over = False

    def shape(self, at: float, data: bytes) -> Parcels:
        passed = 0
        while passed < len(data) and not self._over:
            if self._left:
                taken = int(min(self._left, len(data) - passed))
                self._left -= taken
                passed += taken
            else:
                passed = self._head(data, passed)
        return [(at, data[:passed])] if passed else []

    def _head(self, data: bytes, start: int) -> int:
        """Return where the head that begins at `start` ends; `start` itself if its request is too large."""
        at = data.find(END, start)
        if at < 0:  # another fault has cut it
            return len(data)
        end = at + len(END)
        head = read_head(data[start:end])
        self._left = math.inf if head.chunked else head.length or 0
        if math.inf > self._left > self._fault.bytes:
            self._over = True
            self._fault.answer(self._link)
            return start
        return end
