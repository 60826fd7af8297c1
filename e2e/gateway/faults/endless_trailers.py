"""endless_trailers: an answer in chunks, then trailers (RFC 9112, section 7.1.2) and no end of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from e2e.gateway.faults.method_fault import MethodFault, calls_in
from e2e.gateway.head import END, status_line

if TYPE_CHECKING:
    from e2e.gateway.http1 import Exchange
    from e2e.gateway.link import Link

_TRAILER: Final = b"X-Trailer: %s\r\n" % (b"a" * 1000)


@dataclass(kw_only=True)
class EndlessTrailers(MethodFault):
    """`size` bytes of trailers, after which nothing comes. The node does not see the request."""

    kind = "endless_trailers"
    lanes = ("http",)

    size: int = 4 * 2**20

    def requesting(self, link: Link, request: Exchange) -> bytes | None:
        calls = calls_in(request)
        methods = [str(call.get("method")) for call in calls]
        if not self.hits(*methods):
            return None
        self.bite("endless", link, methods=methods, size=self.size)
        answers = [{"jsonrpc": "2.0", "id": call.get("id"), "result": None} for call in calls]
        body = orjson.dumps(answers if len(calls) > 1 else answers[0])
        head = "\r\n".join([status_line(200), "Content-Type: application/json", "Transfer-Encoding: chunked"])
        trailers = _TRAILER * (self.size // len(_TRAILER))
        return b"%s%s%x\r\n%s\r\n0\r\n%s" % (head.encode(), END, len(body), body, trailers)
