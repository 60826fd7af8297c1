from __future__ import annotations

from typing import Any

import pytest

from e2e.checkers.contents import Contents
from e2e.checkers.heads_continuous import heads_continuous
from e2e.checkers.verdict import Answer
from tests.e2e.checkers.histories import B1, Run, header, log

FULL = header(5) | {"miner": "0x00", "extraData": "0xd8"}


def faults(kind: str, said: dict[str, Any], true: dict[str, Any]) -> list[str]:
    run = Run()
    run.client("direct-" + B1).subscribed(1, kind, "0xd").event("0xd", true)
    run.client("a").subscribed(1, kind, "0xa").event("0xa", said)
    history = run.history()
    return [each.text for each in Contents(history).faults(history.subscriptions[0])]


def test_the_same_and_more_is_well() -> None:
    assert faults("newHeads", FULL, FULL) == []
    assert faults("newHeads", FULL | {"size": "0x1", "transactions": []}, FULL) == []
    assert faults("logs", log(5) | {"blockTimestamp": "0x1"}, log(5)) == []


def test_what_speaks_of_no_block_is_no_measure() -> None:
    assert faults("newHeads", {"hash": 7}, {"hash": None}) == []


def test_what_only_some_nodes_say_is_not_missed() -> None:
    assert faults("newHeads", header(5), header(5) | {"requestsHash": "0x1"}) == []


@pytest.mark.parametrize("name", ["miner", "extraData"])
def test_a_head_in_part(name: str) -> None:
    (text,) = faults("newHeads", {key: value for key, value in FULL.items() if key != name}, FULL)
    assert text == f"0xa says head 5 without {name}"


def test_a_head_with_other_values() -> None:
    (text,) = faults("newHeads", FULL | {"miner": "0x01"}, FULL)
    assert text == "0xa says head 5 with miner changed"


def test_a_log_without_its_data_and_with_another_place() -> None:
    (text,) = faults("logs", {key: value for key, value in log(5).items() if key != "data"}, log(5))
    assert text == "0xa says a log of block 5 without data"
    (text,) = faults("logs", log(5) | {"topics": []}, log(5))
    assert text == "0xa says a log of block 5 with topics changed"


def test_a_removal_is_the_same_log() -> None:
    assert faults("logs", log(5, removed=True), log(5)) == []


def test_without_the_word_of_a_node_nobody_knows() -> None:
    assert faults("newHeads", header(5), header(6)) == []
    assert faults("newHeads", {"number": "high"}, {}) == []


def test_it_is_a_fault_of_the_stream() -> None:
    run = Run()
    run.client("direct-" + B1).subscribed(1, "newHeads", "0xd").event("0xd", FULL)
    run.client("a").subscribed(1, "newHeads", "0xa").event("0xa", header(5))
    verdict = heads_continuous(run.wait(1).block(5).settled().history())
    assert verdict.answer is Answer.NO
    assert "head 5 without miner, extraData" in verdict.witnesses[0].text
