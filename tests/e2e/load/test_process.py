"""The generator as a process: its protocol, its exit status, its end."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from e2e.load import process
from e2e.load.__main__ import MEANINGS, arguments, parser, plan_of
from e2e.load.figures import Opened, Progress, Report, Violation, encode
from e2e.load.histogram import Histogram, decoded
from e2e.load.plan import Plan
from e2e.load.process import LoadError, LoadProcess
from tests.fakes.node import FakeNode

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PLAN = Plan(rate=100, connections=3, seed=2, patience=2.0, profile="reads", ids=("sequential", "reused"))


@asynccontextmanager
async def loaded(folder: Path, plan: Plan = PLAN) -> AsyncIterator[tuple[LoadProcess, FakeNode]]:
    async with FakeNode() as node:
        load = LoadProcess(plan, folder, ws=node.ws.url, http=node.http.url)
        try:
            await asyncio.to_thread(load.start)
            yield load, node
        finally:
            load.close()


def test_it_runs_until_it_is_told_to_leave_and_reports(tmp_path: Path) -> None:
    async def run() -> None:
        async with loaded(tmp_path) as (load, node):
            node.chain.mine()
            async with asyncio.timeout(20):
                while load.progress is None:
                    await asyncio.sleep(0.05)
                    load.look()
            report, violations = await asyncio.to_thread(load.finish)
            assert report.clean, report.violations
            assert report.answered >= load.progress.answered > 0
            assert violations == []
            assert not load.alive

    asyncio.run(run())
    kinds = [json.loads(line)["type"] for line in (tmp_path / "load.jsonl").read_text().splitlines()]
    assert kinds[0] == "opened"
    assert kinds[-1] == "report"
    assert set(kinds[1:-1]) == {"progress"}


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    async def run() -> None:
        async with loaded(tmp_path) as (load, node):
            node.ws.repeat = 2
            said: list[object] = []
            async with asyncio.timeout(20):
                while not any(isinstance(each, Violation) for each in said):
                    await asyncio.sleep(0.05)
                    said += load.look()
            report, _ = await asyncio.to_thread(load.finish)
            assert report.violations["twice"] > 0
            assert not report.clean

    asyncio.run(run())


def test_without_a_proxy_it_says_why(tmp_path: Path) -> None:
    load = LoadProcess(PLAN, tmp_path, ws="ws://127.0.0.1:9/el/ws")
    with pytest.raises(LoadError, match="0 of 3 connections were opened"):
        load.start()
    assert not load.alive


def never_ends(folder: Path, says: bytes = b"") -> LoadProcess:
    """A generator that says so much, and then neither says anything nor leaves."""
    load = LoadProcess(PLAN, folder, ws="ws://127.0.0.1:9/el/ws")
    stuck = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print(sys.argv[1], flush=True); time.sleep(60)"
    load._command = [sys.executable, "-c", f"import signal, sys, time; {stuck}", says.decode()]
    return load


def test_one_that_never_begins_is_no_broken_promise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "OPENS_WITHIN", 0.1)
    load = never_ends(tmp_path)
    with pytest.raises(LoadError, match=r"the load did not begin within 0\.1 s"):
        load.start()
    assert not load.alive


def test_one_that_never_ends_is_no_broken_promise(tmp_path: Path) -> None:
    load = never_ends(tmp_path, encode(Opened(0.0, 3, 3, 0.1)))
    try:
        load.start()
        with pytest.raises(LoadError, match=r"the load did not end within 0\.1 s"):
            load.finish(0.1)
    finally:
        load.close()
    assert not load.alive


def test_a_plan_survives_the_command_line() -> None:
    plan = Plan(rate=12.5, connections=7, subscriptions=("newHeads", "logs"), ids=("reused",), reorgs=True, seed=9)
    assert plan_of(parser().parse_args(["--ws=ws://a", *arguments(plan)])) == plan
    none = Plan(subscriptions=())
    assert plan_of(parser().parse_args(["--ws=ws://a", *arguments(none)])) == none


@pytest.mark.parametrize("wrong", ["--rate=0", "--http=2", "--ids=odd", "--profile=odd", "--connections=0"])
def test_a_plan_that_makes_no_sense_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"above 0|shares|no id policy|no profile"):
        plan_of(parser().parse_args(["--ws=ws://a", wrong]))


def test_a_histogram_can_be_read_back() -> None:
    kept = Histogram()
    for milliseconds in range(1, 1001):
        kept.add(milliseconds / 1000)
    kept.add(10_000.0)
    told = kept.latency()
    assert told.p50 == pytest.approx(0.5, rel=0.01)
    assert told.p99 == pytest.approx(0.99, rel=0.01)
    assert told.worst == pytest.approx(300, rel=0.01), "what takes longer than can be kept counts as the longest"
    again = decoded(told)
    assert again.get_total_count() == 1001
    assert again.get_value_at_percentile(50) / 1e6 == pytest.approx(told.p50)


def test_the_protocol_names_its_lines() -> None:
    assert [each.__struct_config__.tag for each in (Opened, Progress, Violation, Report)] == [
        "opened",
        "progress",
        "violation",
        "report",
    ]


def test_every_option_says_what_it_means() -> None:
    told = parser().format_help()
    for each in fields(Plan):
        assert f"--{each.name} " in told
        assert MEANINGS[each.name].partition(",")[0] in " ".join(told.split())


@pytest.mark.parametrize(("text", "flag"), [("true", True), ("1", True), ("False", False), ("no", False)])
def test_a_flag_is_read(text: str, *, flag: bool) -> None:
    assert plan_of(parser().parse_args(["--ws=ws://x", f"--reorgs={text}"])).reorgs is flag


def test_what_is_no_flag_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--ws=ws://x", "--reorgs=maybe"])
    assert "'maybe' is neither true nor false" in capsys.readouterr().err
