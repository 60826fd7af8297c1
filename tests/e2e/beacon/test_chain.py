from __future__ import annotations

import io

import orjson
import pytest

from e2e.beacon.chain import SAFE_DISTANCE, Block, Chain, Payload

GENESIS = Block(number=0, hash="0x0g", parent="0x", timestamp=1000, slot=0, at=0.0)


def payload(parent: str, number: int, name: str, transactions: tuple[str, ...] = ()) -> Payload:
    execution = {
        "blockNumber": hex(number),
        "blockHash": name,
        "parentHash": parent,
        "timestamp": hex(1000 + number),
        "logsBloom": "0x00",
        "transactions": list(transactions),
    }
    return Payload(execution, beacon_root=f"root of {name}", requests=[])


def grown(length: int) -> Chain:
    """Genesis and `length` blocks named a1, a2, …"""
    chain = Chain(GENESIS, io.BytesIO())
    for number in range(1, length + 1):
        chain.adopt(payload(chain.head.hash, number, f"a{number}"), at=float(number))
    return chain


def names(blocks: object) -> list[str]:
    return [block.hash for block in blocks]  # type: ignore[attr-defined]


def test_a_block_becomes_the_head_with_the_next_slot() -> None:
    chain = grown(2)
    assert chain.head == Block(number=2, hash="a2", parent="a1", timestamp=1002, slot=2, at=2.0)


def test_a_node_at_genesis_is_given_everything() -> None:
    assert names(grown(3).path_from("0x0g")) == ["a1", "a2", "a3"]


def test_a_node_at_the_head_is_given_nothing() -> None:
    assert grown(3).path_from("a3") == []


def test_a_sibling_displaces_the_old_branch_lowest_first() -> None:
    chain = grown(4)
    assert names(chain.adopt(payload("a1", 2, "b2"), at=9.0)) == ["a2", "a3", "a4"]
    assert names(chain.canonical(0, 9)) == ["0x0g", "a1", "b2"]


def test_slots_go_on_across_a_reorg() -> None:
    chain = grown(4)
    chain.adopt(payload("a1", 2, "b2"), at=9.0)
    assert chain.head.slot == 5


def test_a_node_on_the_old_branch_is_led_over_the_fork() -> None:
    chain = grown(4)
    chain.adopt(payload("a1", 2, "b2"), at=9.0)
    chain.adopt(payload("b2", 3, "b3"), at=9.1)
    assert names(chain.path_from("a4")) == ["b2", "b3"]
    assert names(chain.path_from("a1")) == ["b2", "b3"]


def test_a_payload_on_a_block_that_is_not_canonical_is_refused() -> None:
    chain = grown(3)
    chain.adopt(payload("a1", 2, "b2"), at=9.0)
    with pytest.raises(ValueError, match="is not canonical"):
        chain.adopt(payload("a2", 3, "a3'"), at=9.1)


def test_payloads_of_displaced_blocks_are_kept() -> None:
    chain = grown(1)
    chain.adopt(payload("a1", 2, "a2", ("0xaa", "0xbb")), at=2.0)
    (displaced,) = chain.adopt(payload("a1", 2, "b2"), at=3.0)
    assert chain.transactions(displaced) == ["0xaa", "0xbb"]
    assert orjson.loads(chain.parameters(chain.head))[2] == "root of b2"


def test_canonical_is_cut_to_what_exists() -> None:
    chain = grown(3)
    assert names(chain.canonical(-5, 1)) == ["0x0g", "a1"]
    assert names(chain.canonical(3, 10)) == ["a3"]
    assert names(chain.canonical(4, 10)) == []


def test_safe_and_finalized_follow_at_a_distance() -> None:
    chain = grown(2 * SAFE_DISTANCE + 3)
    assert chain.forkchoice(chain.head) == {
        "headBlockHash": chain.head.hash,
        "safeBlockHash": f"a{SAFE_DISTANCE + 3}",
        "finalizedBlockHash": "a3",
    }


def test_a_young_chain_calls_genesis_final() -> None:
    chain = grown(2)
    assert chain.forkchoice(chain.head)["finalizedBlockHash"] == "0x0g"
