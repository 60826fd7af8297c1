"""A plain relay on aiohttp, as one writes it in an afternoon."""

from __future__ import annotations

import asyncio
from typing import Any

import uvloop
from aiohttp import ClientSession, ClientWebSocketResponse, TCPConnector, WSMsgType, web

from bench.relays.arguments import Arguments, arguments


async def pump(source: Any, target: Any) -> None:
    async for message in source:
        if message.type is WSMsgType.TEXT:
            await target.send_str(message.data)
    await target.close()


async def main(given: Arguments) -> None:
    async with ClientSession(connector=TCPConnector(limit=0)) as session:

        async def websocket(request: web.Request) -> web.WebSocketResponse:
            client = web.WebSocketResponse(compress=False)
            await client.prepare(request)
            upstream: ClientWebSocketResponse
            async with session.ws_connect(given.ws) as upstream:
                await asyncio.gather(pump(client, upstream), pump(upstream, client))
            return client

        async def post(request: web.Request) -> web.Response:
            async with session.post(given.http, data=await request.read()) as response:
                return web.Response(
                    body=await response.read(), status=response.status, content_type=response.content_type
                )

        app = web.Application()
        app.router.add_get("/", websocket)
        app.router.add_post("/", post)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        print(port, port, flush=True)
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    uvloop.run(main(arguments()))
