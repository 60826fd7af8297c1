"""refuse_client: a WebSocket handshake with a certain header field is refused, as for its origin; others pass."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from e2e.gateway.faults.fault import Fault
from e2e.gateway.head import status_line

if TYPE_CHECKING:
    from e2e.gateway.head import Head
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class RefuseClient(Fault):
    """`header` with `value` (a field's name in any case, its value exactly) is refused with `status`."""

    kind = "refuse_client"
    lanes = ("ws",)
    rewrites = True

    header: str = "Origin"
    value: str = ""
    status: int = HTTPStatus.FORBIDDEN.value

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.value != "", "value says who is refused")
        self.require(self.status in set(HTTPStatus) and self.status >= 400, "status is one of an HTTP error")

    def upgrading(self, link: Link, request: Head) -> bytes | None:
        if request.field(self.header.lower().encode()) != self.value.encode():
            return None
        self.bite("refused", link, status=self.status)
        return f"{status_line(self.status)}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode()
