"""A plain WebSocket relay on the websockets library. No HTTP: it prints 0 for that port."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import uvloop
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from bench.relays.arguments import Arguments, arguments


async def pump(source: Any, target: Any) -> None:
    with suppress(ConnectionClosed):
        async for message in source:
            await target.send(message)
    await target.close()


async def main(given: Arguments) -> None:
    async def relay(client: ServerConnection) -> None:
        async with connect(given.ws, compression=None) as upstream:
            await asyncio.gather(pump(client, upstream), pump(upstream, client))

    async with serve(relay, "127.0.0.1", 0, compression=None) as server:
        print(next(iter(server.sockets)).getsockname()[1], 0, flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(arguments()))
