"""The Beacon API and the control API over real sockets, on a driver whose blocks the test makes."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from aiohttp import web

from e2e.beacon.beacon_api import MAX_BACKLOG, BeaconApi
from e2e.beacon.chain import Block, Chain, Payload
from e2e.beacon.client import DriverClient, DriverError
from e2e.beacon.config import Address
from e2e.beacon.control import ControlApi
from e2e.beacon.driver import Driver
from e2e.beacon.follower import Bell
from e2e.beacon.transactions import Outstanding
from e2e.testbed.ports import HOST, free_ports

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Stage:
    """A driver without nodes, both APIs in front of it, and a session to ask them with."""

    def __init__(self, session: aiohttp.ClientSession, ports: list[int]) -> None:
        chain = Chain(Block(number=0, hash="0x00", parent="0x", timestamp=1000, slot=0, at=0.0), io.BytesIO())
        self.driver = Driver(chain, [], Outstanding(), Bell(), block_time=1.0)
        self.session = session
        self.beacon = f"http://{HOST}:{ports[0]}"
        self.control = DriverClient(Address(HOST, ports[1]))
        self.applications = [BeaconApi("cl-1", self.driver).application(), ControlApi(self.driver).application()]

    def publish(self, number: int, name: str) -> None:
        """Make a block the head; its parent is the canonical block below it."""
        execution = {
            "blockNumber": hex(number),
            "blockHash": name,
            "parentHash": self.driver.chain.canonical(number - 1, number - 1)[0].hash,
            "timestamp": hex(1000 + number),
            "logsBloom": "0x00",
            "transactions": [],
        }
        self.driver._publish(Payload(execution, "0xroot", []))

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.session.get(self.beacon + path) as answer:
            text = await answer.text()
            return answer.status, json.loads(text) if text else None

    async def asked(self, question: Callable[[DriverClient], Any]) -> Any:
        return await asyncio.to_thread(question, self.control)


def on_stage(play: Callable[[Stage], Awaitable[None]]) -> None:
    async def perform() -> None:
        ports = free_ports(2)
        async with aiohttp.ClientSession() as session:
            stage = Stage(session, ports)
            runners = [web.AppRunner(application, shutdown_timeout=0.2) for application in stage.applications]
            for runner, port in zip(runners, ports, strict=True):
                await runner.setup()
                await web.TCPSite(runner, HOST, port).start()
            try:
                await play(stage)
            finally:
                for runner in runners:
                    await runner.cleanup()

    asyncio.run(asyncio.wait_for(perform(), 20))


async def next_event(stream: aiohttp.StreamReader) -> tuple[str, Any]:
    lines = (await stream.readuntil(b"\n\n")).decode().splitlines()
    return lines[0].removeprefix("event: "), json.loads(lines[1].removeprefix("data: "))


def test_node_and_head_are_as_a_proxy_reads_them() -> None:
    async def play(stage: Stage) -> None:
        stage.publish(1, "0xa1")
        assert await stage.get("/eth/v1/node/health") == (200, None)
        _, syncing = await stage.get("/eth/v1/node/syncing")
        assert syncing["data"]["head_slot"] == "1"
        assert syncing["data"]["is_syncing"] is False
        _, version = await stage.get("/eth/v1/node/version")
        assert version["data"]["version"].startswith("vixy-e2e/")
        _, head = await stage.get("/eth/v1/beacon/headers/head")
        assert head["data"]["header"]["message"]["slot"] == "1"
        assert len(head["data"]["root"]) == 66

    on_stage(play)


def test_every_head_is_an_event_and_a_reorg_one_more() -> None:
    async def play(stage: Stage) -> None:
        url = stage.beacon + "/eth/v1/events?topics=head&topics=chain_reorg"
        async with stage.session.get(url) as answer:
            assert answer.headers["content-type"] == "text/event-stream"
            stage.publish(1, "0xa1")
            stage.publish(2, "0xa2")
            stage.publish(1, "0xb1")
            events = [await next_event(answer.content) for _ in range(4)]
        assert [(topic, data["slot"]) for topic, data in events] == [
            ("head", "1"),
            ("head", "2"),
            ("head", "3"),
            ("chain_reorg", "3"),
        ]
        assert events[3][1]["depth"] == "2"

    on_stage(play)


@pytest.mark.parametrize("query", ["", "?topics=", "?topics=head,nonsense"])
def test_unknown_topics_are_refused(query: str) -> None:
    async def play(stage: Stage) -> None:
        status, answer = await stage.get("/eth/v1/events" + query)
        assert status == 400
        assert "chain_reorg" in answer["message"]

    on_stage(play)


def test_a_reader_that_falls_far_behind_is_cut_off() -> None:
    async def play(stage: Stage) -> None:
        async with stage.session.get(stage.beacon + "/eth/v1/events?topics=head") as answer:
            for number in range(1, MAX_BACKLOG + 3):  # no await: the stream's own task cannot write in between
                stage.publish(number, f"0xa{number}")
            await answer.content.read()

    on_stage(play)


def test_the_control_api_tells_the_canonical_chain() -> None:
    async def play(stage: Stage) -> None:
        for number in (1, 2, 3):
            stage.publish(number, f"0xa{number}")
        stage.publish(3, "0xb3")
        head = await stage.asked(lambda control: control.head())
        assert (head.number, head.hash, head.parent, head.slot) == (3, "0xb3", "0xa2", 4)
        blocks = await stage.asked(lambda control: control.blocks(1, 9))
        assert [block.hash for block in blocks] == ["0xa1", "0xa2", "0xb3"]
        assert await stage.asked(lambda control: control.nodes()) == {}

    on_stage(play)


def test_production_can_be_paused() -> None:
    async def play(stage: Stage) -> None:
        await stage.asked(lambda control: control.pause())
        assert not stage.driver.producing
        await stage.asked(lambda control: control.resume())
        assert stage.driver.producing

    on_stage(play)


def test_what_the_driver_refuses_is_an_error_with_its_reason() -> None:
    async def play(stage: Stage) -> None:
        with pytest.raises(DriverError, match="replaces 1 to 31 blocks, not 0"):
            await stage.asked(lambda control: control.reorg(0, within=5))
        async with stage.session.get(f"http://{HOST}:{stage.control._control.port}/blocks?first=x") as answer:
            assert answer.status == 400

    on_stage(play)


def test_a_reorg_that_no_node_can_build_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("e2e.beacon.driver.REORG_LIMIT", 0.1)

    async def play(stage: Stage) -> None:
        stage.publish(1, "0xa1")
        with pytest.raises(DriverError, match=r"no node built the new blocks within 0.1 s"):
            await stage.asked(lambda control: control.reorg(1, within=5))

    on_stage(play)


def test_a_driver_that_is_not_there_is_an_error() -> None:
    (port,) = free_ports(1)
    with pytest.raises(DriverError, match=f"{HOST}:{port} did not answer"):
        DriverClient(Address(HOST, port)).head()
