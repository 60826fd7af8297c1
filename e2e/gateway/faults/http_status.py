"""http_status: requests are answered with an HTTP error, as from an overloaded node or the balancer before it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.method_fault import MethodFault, calls_in
from e2e.gateway.head import status_line

if TYPE_CHECKING:
    from e2e.gateway.calls import Delivery
    from e2e.gateway.http1 import Exchange
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class HttpStatus(MethodFault):
    """`status`; `retry_after` in seconds (0: no such field).

    `keep_body`: the node does answer, and its body comes with the status; else the node does not see the request.
    """

    kind = "http_status"
    lanes = ("http",)

    status: int = 503
    retry_after: int = 0
    keep_body: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(400 <= self.status <= 599, "status is 400 to 599")

    def requesting(self, link: Link, request: Exchange) -> bytes | None:
        methods = [str(call.get("method")) for call in calls_in(request)]
        # a request without calls is of another kind, as of the Beacon API
        if self.keep_body or not self.hits(*(methods or [""])):
            return None
        self.bite("refused", link, methods=methods, status=self.status)
        body = f"injected {self.status}".encode()
        head = [*self._head(), "Content-Type: text/plain", f"Content-Length: {len(body)}"]
        return "\r\n".join([*head, "", ""]).encode() + body

    def delivering(self, link: Link, delivery: Delivery) -> None:
        if self.keep_body and self.hits(*delivery.methods):
            delivery.head = tuple(self._head())
            self.bite("marked", link, methods=delivery.methods, status=self.status)

    def _head(self) -> list[str]:
        start = status_line(self.status)
        return [start, f"Retry-After: {self.retry_after}"] if self.retry_after else [start]
