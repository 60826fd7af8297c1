"""The generator against nodes that behave, and nodes that do not: what they do wrong is seen."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest

from e2e.load.figures import Line, Opened, Progress, Report, Violation
from e2e.load.generator import Generator, NotOpenedError
from e2e.load.plan import Plan
from tests.fakes.http_lane import Canned
from tests.fakes.node import FakeNode
from tests.fakes.rpc import Rpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

# the fake node parses ids, so 1e3 comes back as 1000.0, and it does not know the contract that echoes
SOUND_IDS = ("sequential", "reused", "twins")
PLAN = Plan(rate=200, connections=5, duration=1.5, seed=1, patience=1.0, compared=20, profile="reads", ids=SOUND_IDS)


class Played:
    """A generator on its way, and what it has said."""

    def __init__(self, node: FakeNode, plan: Plan, direct: list[str]) -> None:
        self.node = node
        self.lines: list[Line] = []
        self.generator = Generator(plan, node.ws.url, node.http.url, direct, self.lines.append)
        self.task = asyncio.create_task(self.generator.run())

    def of(self, kind: type[Any]) -> list[Any]:
        return [line for line in self.lines if isinstance(line, kind)]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(20):
            while not condition() and not self.task.done():  # noqa: ASYNC110 - a look at many things
                await asyncio.sleep(0.01)

    async def report(self) -> Report:
        async with asyncio.timeout(30):
            return await self.task


@asynccontextmanager
async def played(plan: Plan = PLAN, *, compare: bool = False, **lane: Any) -> AsyncIterator[Played]:
    async with FakeNode() as node:
        for name, value in lane.items():
            setattr(node.ws, name, value)
        run = Played(node, plan, [node.ws.url] if compare else [])
        miner = asyncio.create_task(mine(node))
        try:
            await run.until(lambda: run.of(Opened))
            yield run
        finally:
            miner.cancel()
            run.generator.stop()
            await asyncio.gather(run.task, return_exceptions=True)


async def mine(node: FakeNode) -> None:
    while True:
        await asyncio.sleep(0.1)
        node.chain.mine()


async def clean_run() -> None:
    async with played(compare=True) as run:
        report = await run.report()
        progress = cast("list[Progress]", run.of(Progress))
    assert report.clean, report
    assert report.due == report.sent == report.answered == pytest.approx(300, abs=5)
    assert report.errors == {}
    assert report.head > 10
    assert report.events > 5 * 5
    assert set(report.latency) == {"ws", "http", "through", "direct"}
    assert report.latency["through"].count == pytest.approx(30, abs=2)
    assert report.latency["direct"].count == pytest.approx(30, abs=2)
    assert progress[-1].open == 5
    assert progress[-1].answered <= report.answered


def test_a_node_that_behaves_leaves_a_clean_report() -> None:
    asyncio.run(clean_run())


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"repeat": 2}, "twice"),
        ({"ignored": {"eth_chainId"}}, "unanswered"),
    ],
)
def test_a_node_that_misbehaves_is_caught(fault: dict[str, Any], kind: str) -> None:
    async def run() -> None:
        async with played(replace(PLAN, batches=0, http=0), **fault) as it:
            report = await it.report()
            assert not report.clean
            assert set(report.violations) - {"unfit"} == {kind}, "a second answer may be taken for the next request's"
            told = [each for each in cast("list[Violation]", it.of(Violation)) if each.kind == kind]
            assert told
            assert told[0].frames
            if kind == "unanswered":
                assert report.violations[kind] == report.unanswered == report.sent - report.answered > 0

    asyncio.run(run())


def test_ids_that_are_written_anew_are_caught() -> None:
    async def run() -> None:
        async with played(replace(PLAN, profile="load", ids=("mixed",))) as it:
            report = await it.report()
            assert set(report.violations) >= {"stranger", "unanswered"}

    asyncio.run(run())


def test_answers_to_what_others_asked_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Rpc, "_eth_call", lambda *_: "0xab")

    async def run() -> None:
        async with played() as it:
            assert set((await it.report()).violations) == {"unfit"}

    asyncio.run(run())


def test_a_swallowed_head_is_caught_on_every_connection() -> None:
    async def run() -> None:
        async with played() as it:
            await it.until(lambda: it.generator.tally.events > 5)
            follower = it.node.chain.followers.pop()
            it.node.chain.mine()
            it.node.chain.followers.append(follower)
            report = await it.report()
            assert report.violations == {"heads": 5}

    asyncio.run(run())


def test_a_stream_that_falls_silent_on_one_connection_is_caught() -> None:
    async def run() -> None:
        async with played() as it:
            await it.until(lambda: it.generator.tally.events > 5)
            next(iter(it.node.ws.clients.values())).subscriptions.clear()
            report = await it.report()
            assert report.violations == {"deaf": 1}

    asyncio.run(run())


def test_a_reorg_is_a_violation_unless_it_was_announced() -> None:
    async def run(reorgs: bool) -> Report:
        async with played(replace(PLAN, reorgs=reorgs)) as it:
            await it.until(lambda: it.generator.tally.events > 15)
            it.node.chain.reorg(1)
            return await it.report()

    told = asyncio.run(run(reorgs=True))
    assert (told.clean, told.branches) == (True, 5)
    assert asyncio.run(run(reorgs=False)).violations == {"heads": 5}


def test_lost_connections_are_counted_and_opened_again() -> None:
    async def run() -> None:
        async with played(replace(PLAN, duration=3.0)) as it:
            await it.until(lambda: it.generator.tally.answered > 50)
            it.node.ws.reset()
            await it.until(lambda: it.generator.tally.reopened == 5)
            report = await it.report()
        assert report.closes == {"1006": 5}
        assert report.reopened == 5
        assert report.unsent.get("closed", 0) > 0
        assert report.due == report.sent + sum(report.unsent.values())
        assert report.sent == report.answered + report.cut + report.unanswered
        assert not report.clean

    asyncio.run(run())


def test_the_close_code_is_kept() -> None:
    async def run() -> None:
        async with played() as it:
            await it.node.ws.close(4321)
            assert (await it.report()).closes == {"4321": 5}

    asyncio.run(run())


def test_errors_over_http_are_counted_by_status() -> None:
    async def run() -> None:
        async with played(replace(PLAN, http=1.0)) as it:
            it.node.http.canned["*"] = Canned(status=503, body=b"no")
            report = await it.report()
            assert report.errors["HTTP 503"] > 0
            assert report.sent == report.answered
            assert report.violations == {}

    asyncio.run(run())


def test_posts_that_are_cut_are_in_the_report() -> None:
    async def run() -> None:
        async with played(replace(PLAN, http=1.0)) as it:
            it.node.http.cut_after = 3
            report = await it.report()
            assert report.cut > 0
            assert report.sent == report.answered + report.cut + report.unanswered

    asyncio.run(run())


def test_a_slow_node_does_not_slow_the_schedule_down() -> None:
    """The open loop: with answers half a second late, as many requests leave, and each latency is seen."""

    async def run() -> None:
        async with played(replace(PLAN, batches=0, http=0), delay=0.5) as it:
            report = await it.report()
            assert report.due == report.sent == report.answered == pytest.approx(300, abs=5)
            assert report.latency["ws"].p50 == pytest.approx(0.5, abs=0.2)

    asyncio.run(run())


def test_stop_ends_a_schedule_without_end_and_waits_for_what_is_out() -> None:
    async def run() -> None:
        async with played(replace(PLAN, duration=0.0), delay=0.3) as it:
            await it.until(lambda: it.generator.tally.sent > 50)
            it.generator.stop()
            report = await it.report()
            assert report.clean, report
            assert report.answered == report.sent

    asyncio.run(run())


def test_nobody_there_is_said_at_once() -> None:
    async def run() -> None:
        async with FakeNode() as node:
            await node.ws.die()
            with pytest.raises(NotOpenedError, match="0 of 5 connections"):
                await Generator(PLAN, node.ws.url, None, [], lambda _: None).run()

    asyncio.run(run())
