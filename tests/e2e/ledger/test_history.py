from __future__ import annotations

import math

import pytest

from e2e.gateway.faults import FAULTS
from e2e.ledger.entries import Injected, Received
from e2e.ledger.faults import EFFECTS, LEAD, Effect, pair
from e2e.ledger.history import History
from e2e.ledger.shapes import closeness, fits
from tests.e2e.checkers.histories import P1, P2, Run, block_hash, header


def test_entries_are_in_the_order_of_their_times() -> None:
    run = Run()
    run.client("a").asked(1)
    history = History(reversed(run.entries), run.meta)
    assert [entry.at for entry in history.entries] == sorted(entry.at for entry in run.entries)
    assert history.exchanges[0].answer is not None


def test_an_empty_history() -> None:
    history = Run().history()
    assert (history.end, history.settled, history.lateness(0, 9)) == (0.0, 0.0, 0.0)


def test_marks_and_lateness() -> None:
    run = Run().wait(1).settled().wait(5).drifted(2.0).mark("later")
    history = run.history()
    assert history.settled == pytest.approx(2.01)
    assert history.mark("gone") is None
    assert history.lateness(6.5, 7) == 2.0  # it was late all the while, not only when it noticed
    assert history.lateness(1, 4) == 0.0


def test_direct_clients_are_witnesses_not_clients() -> None:
    run = Run()
    run.client("direct-x").subscribed(1, "newHeads", "0x1").got(5).event("0x2", header(1))
    history = run.history()
    of_the_proxy = (history.exchanges, history.connections, history.strays, history.orphans, history.subscriptions)
    assert of_the_proxy == ((), (), (), (), ())
    assert [each.client for each in history.direct] == ["direct-x"]
    assert len(history.by_client["direct-x"]) == 5


class TestExchanges:
    def test_first_come_first_served(self) -> None:
        run = Run()
        run.client("a").sent(1).sent(1).got(1, "0x1").got(1, "0x2")
        assert [each.result for each in run.history().exchanges] == ["0x1", "0x2"]

    def test_the_lost_one_is_found_not_the_last_one(self) -> None:
        run = Run()
        run.client("a").sent(1).sent(1).got(1).asked(1).sent("2").got("3").sent(1).got(1)
        lost = [each.request.op for each in run.history().exchanges if each.answer is None]
        assert lost == [1, 4]

    def test_whoever_leaves_early_lost_the_last_one(self) -> None:
        run = Run()
        run.client("a").sent(1).sent(1).got(1).closed()
        run.settled()
        assert [each.request.op for each in run.history().exchanges if each.answer is None] == [2]

    def test_a_client_that_did_not_say_that_it_is_open(self) -> None:
        run = Run()
        a = run.client("a")
        run.entries.clear()
        a.asked(1)
        assert run.history().exchanges[0].answer is not None

    def test_latency_counts_from_the_intended_time(self) -> None:
        run = Run()
        run.client("a").sent(1).got(1)
        exchange = run.history().exchanges[0]
        assert exchange.latency == pytest.approx(0.01)
        assert exchange.answered == exchange.answer.at  # type: ignore[union-attr]
        run.client("b").sent(1)
        silent = run.history().exchanges[-1]
        assert (silent.latency, silent.result) == (math.inf, None)

    def test_a_failure_after_an_answer_changes_nothing(self) -> None:
        run = Run()
        run.client("h", "http").asked(1).failed()
        assert isinstance(run.history().exchanges[0].answer, Received)


class TestSubscriptions:
    def test_kind_filter_and_end(self) -> None:
        run = Run()
        a = run.client("a").subscribed(1, "logs", "0x1", {"address": "0x5"}).asked(2, "eth_subscribe", result="0x2")
        a.sent(3, "eth_unsubscribe", "0x1").sent(4, "eth_unsubscribe").got(4, result=False)
        logs, odd = run.history().subscriptions
        assert (logs.kind, logs.filter, odd.kind, odd.filter) == ("logs", {"address": "0x5"}, "", {})
        assert logs.wanted_until < math.inf
        assert logs.ended == math.inf
        assert odd.leaving is None


class TestChain:
    def test_a_reorg(self) -> None:
        run = Run().block(1).block(2).block(3).block(2, "b", parent="a").block(3, "b").block(4, "b")
        chain = run.history().chain
        assert [block.hash for block in chain.canonical.values()] == [
            block_hash(1),
            *(block_hash(number, "b") for number in (2, 3, 4)),
        ]
        assert chain.replaced(block_hash(3))
        assert not chain.replaced(block_hash(1))
        assert not chain.replaced("0xff")
        assert chain.adopted == {block_hash(2, "b"), block_hash(3, "b")}
        assert len(chain.reorgs) == 1

    def test_a_hole(self) -> None:
        assert Run().block(1).block(4).history().chain.holes == [2, 3]


class TestFaults:
    def test_pairs(self) -> None:
        run = Run().fault("kill", P1).fault("kill", P2).fault("reset", P1).healed("kill", P2).healed("kill", P1)
        run.fault("kill", P1)
        first, second, reset, again = run.history().faults
        assert second.healed < first.healed < math.inf
        assert reset.healed == reset.at
        assert again.healed == math.inf
        assert first.effect is Effect.CUT

    def test_a_momentary_fault_may_be_taken_back_later(self) -> None:
        run = Run().fault("reset", P1).wait(1).healed("reset", P1)
        assert run.history().faults[0].healed > run.history().faults[0].at + 1

    def test_lanes(self) -> None:
        run = Run().fault("reset", P1, lane="ws").fault("reset", P1, lane="http").fault("kill", P1)
        ws, http, both = run.history().faults
        assert [fault.hits("ws") for fault in (ws, http, both)] == [True, True, True]
        assert [fault.hits("http") for fault in (ws, http, both)] == [False, True, True]

    def test_a_cure_of_one_lane_leaves_the_other(self) -> None:
        run = Run().fault("freeze", P1, lane="ws").fault("freeze", P1, lane="http").healed("freeze", P1, "http")
        ws, http = run.history().faults
        assert http.healed < ws.healed == math.inf

    def test_every_fault_of_the_gateway_is_known(self) -> None:
        assert set(FAULTS) <= set(EFFECTS)

    def test_a_nemesis_that_does_not_say_when_it_began(self) -> None:
        assert [fault.began for fault in pair([Injected(9.0, "kill", P1), Injected(1.0, "kill", P1)])] == [9 - LEAD, 0]

    def test_every_fault_has_an_effect(self) -> None:
        assert Run().fault("gremlins").history().faults[0].effect is Effect.FAULTY
        assert set(EFFECTS.values()) == set(Effect)


def test_shapes() -> None:
    assert fits("anything", {"result": 5})
    assert not fits("anything", {"result": 5, "error": {"code": 1}})
    assert not fits("anything", "text")
    assert closeness("anything", {"result": 5}) == 1
    assert closeness("eth_blockNumber", {"result": "0x5"}) > closeness("eth_subscribe", {"result": "0x5"})
    assert closeness("eth_subscribe", {"result": "0x" + "5" * 32}) == 2
    assert closeness("eth_blockNumber", {"result": None}) == 0
    assert closeness("eth_blockNumber", {"error": {"code": 1}}) == 2


@pytest.mark.parametrize(
    ("result", "data"), [("0x", True), ("0x0f", True), ("0xAb", True), ("0xf", False), ("0x0g", False), ("", False)]
)
def test_data_is_whole_bytes_in_hex(result: str, *, data: bool) -> None:
    assert fits("eth_call", {"result": result}) is data
