"""Whom steps look at: clients that the proxy closed, not those that left; cures that were, not those to come."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from e2e import run
from e2e.clients.websocket import Stream
from e2e.ledger.entries import Closed
from e2e.nemesis.fault import FaultDidNotBiteError
from e2e.steps import doors, faults, leaving, metrics
from e2e.steps.clients import no_client_closed
from tests.e2e.checkers.histories import B1, P1, Run

if TYPE_CHECKING:
    from e2e.steps.context import Context, World

HEARD = Stream("newHeads", "0xa", "1", 1, {"number": "0x9"})
DEAF = Stream("newHeads", "0xa", "1", 1, {"number": "0x1"})


def client(name: str, closed: Closed | None = None, stream: Stream = HEARD) -> Any:
    return SimpleNamespace(name=name, closed=closed, streams={stream.id: stream})


def world(*clients: Any, history: Any = None) -> World:
    head = SimpleNamespace(number=8)
    recorder = SimpleNamespace(now=lambda: 100.0)
    run = SimpleNamespace(
        clients=clients,
        nodes=[SimpleNamespace(name=P1, primary=True), SimpleNamespace(name=B1, primary=False)],
        history=lambda: history,
        lanes=SimpleNamespace(collect=lambda: None),
        recorder=recorder,
        stage=SimpleNamespace(testbed=SimpleNamespace(head=lambda: head)),
    )
    return cast("World", SimpleNamespace(run=run))


def of(world: World) -> Context:
    return cast("Context", SimpleNamespace(world=world))


LEFT = Closed(1.0, "a", 1006, "", "client")
CLOSED = Closed(1.0, "b", 1011, "", "proxy")


def test_who_left_of_its_own_accord_was_not_closed() -> None:
    no_client_closed(of(world(client("a", LEFT), client("b"))))
    with pytest.raises(AssertionError, match="1 clients were closed"):
        no_client_closed(of(world(client("a", LEFT), client("b", CLOSED))))


def test_who_left_is_not_waited_for_after_a_switch() -> None:
    faults.wait_reconnected(world(client("a", LEFT, DEAF), client("b")), within=0.1)
    with pytest.raises(AssertionError, match="b was closed with 1011"):
        faults.wait_reconnected(world(client("a", LEFT, DEAF), client("b", CLOSED, DEAF)), within=0.1)


def test_who_left_was_not_closed_otherwise_by_a_proxy_that_leaves() -> None:
    told = Closed(2.0, "b", 1001, "", "proxy")
    leaving.every_client_closed(of(world(client("a", LEFT), client("b", told))), 1001)
    with pytest.raises(AssertionError, match="1 were closed otherwise"):
        leaving.every_client_closed(of(world(client("b", CLOSED))), 1001)


def back_home(run: Run, monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds, at 100 s of the run, for which the step waits."""
    waited: list[float] = []
    monkeypatch.setattr(metrics, "wait_for_tier", lambda _world, _tier, seconds: waited.append(seconds))
    metrics.back_home(of(world(history=run.history())), 2.0)
    (seconds,) = waited
    return seconds


def test_the_way_home_is_measured_from_the_last_cure_of_a_primary(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Run().fault("kill", P1).wait(97.98).healed("kill", P1)
    assert back_home(run, monkeypatch) == pytest.approx(1.0)
    run.fault("latency", B1)
    assert back_home(run, monkeypatch) == pytest.approx(1.0), "what is in force elsewhere has no end to wait from"


def test_without_a_cure_there_is_no_way_home(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(AssertionError, match="no primary came back"):
        back_home(Run().fault("kill", P1).fault("latency", B1), monkeypatch)


def test_dials_are_counted_from_a_fault_on_and_without_one_nothing_is_shown() -> None:
    with pytest.raises(FaultDidNotBiteError, match="no fault was felt"):
        doors.dials_since_fault(world(history=Run().history()), P1)


def test_two_clients_that_are_there_never_have_one_name() -> None:
    """Else their books are one: what one was given would be a stranger to the other."""
    endpoints = SimpleNamespace(ws="ws://127.0.0.1:9")
    ours = SimpleNamespace(
        clients=[], recorder=None, sut=SimpleNamespace(endpoints=endpoints), await_=lambda _function: None
    )
    names = [run.Run.connect(cast("run.Run", ours), name).name for name in ("fresh-1", "fresh-2", "fresh-1", "fresh-1")]
    assert names == ["fresh-1", "fresh-2", "fresh-1 (2)", "fresh-1 (3)"]
    ours.clients[0].closed = LEFT
    assert run.Run.connect(cast("run.Run", ours), "fresh-1").name == "fresh-1"
