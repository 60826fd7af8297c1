"""`python -m e2e.beacon --config beacon.json`: drive the nodes and serve the Beacon API until told to stop."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import aiohttp
from aiohttp import web

from e2e.beacon.beacon_api import BeaconApi
from e2e.beacon.chain import Block, Chain
from e2e.beacon.config import Address, BeaconConfig, ConfigError, load
from e2e.beacon.control import ControlApi
from e2e.beacon.driver import Driver
from e2e.beacon.engine import EngineClient, EngineError, EngineUnavailableError
from e2e.beacon.follower import Bell, Follower
from e2e.beacon.transactions import Outstanding

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

#: Between two rounds of asking all nodes for genesis.
FIRST_LOOK = 0.05

log = logging.getLogger("e2e.beacon")


async def genesis(engines: list[EngineClient]) -> Block:
    """Genesis as the first node that answers has it."""
    while True:
        for engine in engines:
            with contextlib.suppress(EngineUnavailableError, EngineError):
                found = await engine.block("0x0")
                return Block(0, found.hash, found.parent, found.timestamp, slot=0, at=time.time())
        await asyncio.sleep(FIRST_LOOK)


async def serve(config: BeaconConfig, spool: IO[bytes]) -> None:
    """Run until cancelled. `spool` takes the payloads."""
    async with aiohttp.ClientSession() as session, contextlib.AsyncExitStack() as listeners:
        engines = {name: EngineClient(session, url, config.jwt_secret) for name, url in config.nodes.items()}
        chain = Chain(await genesis(list(engines.values())), spool)
        log.info("genesis is %s; blocks every %g s", chain.head.hash, config.block_time)
        outstanding, bell = Outstanding(), Bell()
        followers = [Follower(name, engine, chain, outstanding, bell) for name, engine in engines.items()]
        driver = Driver(chain, followers, outstanding, bell, config.block_time)
        for name, address in config.endpoints.items():
            await listeners.enter_async_context(_listening(BeaconApi(name, driver).application(), address))
        await listeners.enter_async_context(_listening(ControlApi(driver).application(), config.control))
        async with asyncio.TaskGroup() as tasks:
            for follower in followers:
                tasks.create_task(follower.run())
            tasks.create_task(driver.run())
            tasks.create_task(driver.trade(config.chain_id))


@contextlib.asynccontextmanager
async def _listening(app: web.Application, address: Address) -> AsyncIterator[None]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, address.host, address.port).start()
        yield
    finally:
        await runner.cleanup()


async def _until_told(config: BeaconConfig) -> None:
    with tempfile.TemporaryFile(prefix="vixy-e2e-payloads-") as spool:
        work = asyncio.create_task(serve(config, spool))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, work.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await work


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m e2e.beacon", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="JSON file; see e2e/beacon/config.py")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    try:
        asyncio.run(_until_told(load(arguments.config)))
    except (ConfigError, OSError) as error:
        sys.exit(f"beacon: {error}")


if __name__ == "__main__":
    main()
