"""The way out: clients cut off, posts left behind, a door kept open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mutants.catalogue import STEPS, mutant
from mutants.patch import edit, swap
from proxy.shell.listener import Listener
from proxy.shell.server import Server
from proxy.shell.websocket import WebSocketGate

if TYPE_CHECKING:
    from proxy.shell.websocket import Client


@mutant(
    "SIGTERM cuts WebSocket clients off without a close frame.",
    mode="mode.C6",
    caught_by=("leaves_politely", STEPS),
    shown_by=("shutdown: Busy WebSocket clients are closed with 1001, and nothing in flight is lost",),
)
def cuts_clients_off() -> None:
    async def drain(gate: WebSocketGate, _grace: float) -> None:
        client: Client
        for client in list(gate._clients):
            if client._transport is not None:
                client._transport.underlying_transport.abort()

    swap(WebSocketGate, "drain", drain)


@mutant(
    "When the time to leave is over, the first 200 clients that still wait are told so, and the others cut off.",
    mode="mode.C6",
    caught_by=(STEPS,),
    shown_by=("shutdown: However many clients still wait at the end, each is closed with 1001",),
)
def tells_two_hundred() -> None:
    edit(WebSocketGate, "drain", "for client in list(self._clients):", "for client in list(self._clients)[:200]:")


@mutant(
    "SIGTERM does not wait for posts in flight.",
    mode="mode.C6",
    caught_by=("leaves_politely", "answered_once", STEPS),
    shown_by=("shutdown: Posts in flight are answered before the proxy leaves",),
)
def leaves_posts_behind() -> None:
    edit(Server, "drain", "self._listener.drain(grace), ", "")


@mutant(
    "After SIGTERM, while posts in flight are waited for, new clients are let in.",
    mode="mode.C6",
    caught_by=("leaves_politely", STEPS),
    shown_by=("shutdown: Posts in flight are answered before the proxy leaves",),
)
def keeps_its_door_open() -> None:
    shut = "self.draining = True\n    if self._server is not None:\n        self._server.close()"
    edit(Listener, "drain", shut, "pass")


@mutant(
    "SIGTERM waits for posts that are there, and for none that is still being sent.",
    mode="mode.C6",
    caught_by=("leaves_politely", "answered_once", STEPS),
    shown_by=("shutdown: A post that is still being sent is answered before the proxy leaves",),
)
def leaves_uploads_behind() -> None:
    edit(Listener, "drain", "elif not connection.receiving:", "else:")
