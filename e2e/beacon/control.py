"""The control API: what the harness asks the block driver, and the truth about the canonical chain.

GET /head · GET /blocks?first=1&last=9 · GET /nodes · POST /reorg {"depth": 2} · POST /pause · POST /resume
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiohttp import web

from e2e.beacon.driver import ReorgError

if TYPE_CHECKING:
    from e2e.beacon.chain import Block
    from e2e.beacon.driver import Driver


class ControlApi:
    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def application(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.get("/head", self._head),
                web.get("/blocks", self._blocks),
                web.get("/nodes", self._nodes),
                web.post("/reorg", self._reorg),
                web.post("/pause", self._pause),
                web.post("/resume", self._resume),
            ]
        )
        return app

    async def _head(self, _: web.Request) -> web.Response:
        return web.json_response(_shown(self._driver.chain.head))

    async def _blocks(self, request: web.Request) -> web.Response:
        try:
            first, last = int(request.query["first"]), int(request.query["last"])
        except (KeyError, ValueError):
            return _refused("ask for /blocks?first=NUMBER&last=NUMBER")
        return web.json_response([_shown(block) for block in self._driver.chain.canonical(first, last)])

    async def _nodes(self, _: web.Request) -> web.Response:
        nodes = {one.name: {"state": one.state, "head": one.head} for one in self._driver.followers}
        return web.json_response(nodes)

    async def _reorg(self, request: web.Request) -> web.Response:
        try:
            depth = int((await request.json())["depth"])
        except (KeyError, ValueError, TypeError):
            return _refused('send {"depth": NUMBER}')
        try:
            return web.json_response(_shown(await self._driver.reorg(depth)))
        except ReorgError as error:
            return _refused(str(error))

    async def _pause(self, _: web.Request) -> web.Response:
        """No blocks until /resume; nodes are still followed and given what they lack."""
        self._driver.producing = False
        return web.json_response(_shown(self._driver.chain.head))

    async def _resume(self, _: web.Request) -> web.Response:
        self._driver.producing = True
        return web.json_response(_shown(self._driver.chain.head))


def _shown(block: Block) -> dict[str, Any]:
    """`at` is the Unix time at which the block became head."""
    return {"number": block.number, "hash": block.hash, "parent": block.parent, "slot": block.slot, "at": block.at}


def _refused(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)
