from __future__ import annotations

from itertools import pairwise
from typing import Any

from e2e.beacon import contract
from e2e.beacon.accounts import dev_accounts
from e2e.beacon.transactions import CALLS_PER_BLOCK, MAX_OUTSTANDING, Outstanding, Trader


class Notary:
    """Signs nothing, but keeps what it was given; a raw transaction is its number."""

    def __init__(self) -> None:
        self.signed: list[dict[str, Any]] = []

    def __call__(self, transaction: dict[str, Any], key: str) -> str:
        self.signed.append({**transaction, "key": key})
        return f"0x{len(self.signed) - 1:02x}"

    def fields(self, raw: str) -> dict[str, Any]:
        return self.signed[int(raw, 16)]


def test_the_contract_is_deployed_before_it_is_called() -> None:
    notary, outstanding = Notary(), Outstanding()
    Trader(outstanding, 1337, notary)
    first, *calls = [notary.fields(raw) for raw in outstanding.in_order()]
    assert first["data"] == contract.INIT_CODE
    assert first["nonce"] == 0
    assert [call["to"] for call in calls] == [contract.ADDRESS] * CALLS_PER_BLOCK


def test_calls_are_topped_up_when_a_block_has_taken_them() -> None:
    outstanding = Outstanding()
    trader = Trader(outstanding, 1337, Notary())
    outstanding.included(outstanding.in_order())
    assert trader.calls_waiting == 0
    trader.call()
    assert trader.calls_waiting == CALLS_PER_BLOCK


def test_nonces_of_each_account_have_no_gap_after_a_reorg() -> None:
    notary, outstanding = Notary(), Outstanding()
    trader = Trader(outstanding, 1337, notary)
    for _ in range(5):
        trader.transfer()
        block = outstanding.in_order()
        outstanding.included(block)
        trader.call()
    outstanding.displaced(block)
    trader.call()
    for account in dev_accounts()[:2]:
        nonces = [one["nonce"] for one in notary.signed if one["key"] == account.key]
        assert all(after == before + 1 for before, after in pairwise(nonces))


def test_displaced_transactions_wait_again_in_their_old_order() -> None:
    outstanding = Outstanding()
    for raw in ("0x1", "0x2", "0x3"):
        outstanding.add(raw)
    outstanding.included(["0x1", "0x2"])
    outstanding.displaced(["0x2", "0x1", "0xforeign"])
    assert outstanding.in_order() == ["0x1", "0x2", "0x3"]


def test_transfers_stop_while_nothing_is_included() -> None:
    outstanding = Outstanding()
    trader = Trader(outstanding, 1337, Notary())
    for _ in range(3 * MAX_OUTSTANDING):
        trader.transfer()
    assert len(outstanding) == MAX_OUTSTANDING
    assert trader.calls_waiting == CALLS_PER_BLOCK
