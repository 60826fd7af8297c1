"""What clients of the nodes see: every kind of subscription speaks on every node, and no head is skipped."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from e2e.beacon import contract
from e2e.wait import wait_until
from tests.e2e.testbed.node_view import BACKUP, PRIMARY, ask, listening, wait_for_block, wait_for_more

if TYPE_CHECKING:
    from e2e.testbed.local import LocalTestbed

# Two minutes: on a machine that is busy with other things a boot takes ten times as long as on a quiet one.
pytestmark = [pytest.mark.geth, pytest.mark.timeout(120)]


@pytest.mark.parametrize("node", [PRIMARY, BACKUP])
def test_heads_logs_and_pending_transactions_speak_on_every_node(network: LocalTestbed, node: str) -> None:
    with listening(network, node) as listener:
        for kind in ("newHeads", "newPendingTransactions"):
            listener.subscribe(kind)
        listener.subscribe("logs", {"address": contract.ADDRESS})
        listener.take("newPendingTransactions", 4)
        listener.take("logs", 8)
        heads = [int(head["number"], 16) for head in listener.take("newHeads", 4)]
    assert heads == list(range(heads[0], heads[0] + 4))


def test_every_block_carries_both_logs(network: LocalTestbed) -> None:
    def logs_of(number: int) -> list[str]:
        span = {"fromBlock": hex(number), "toBlock": hex(number), "address": contract.ADDRESS}
        return [log["topics"][0] for log in ask(network, PRIMARY, "eth_getLogs", span)]

    wait_until(lambda: logs_of(network.head().number), 15, "the contract is deployed and called")
    first = network.head().number
    last = wait_for_more(network, 4)
    network.heal()
    for number in range(first, last.number + 1):
        topics = logs_of(number)
        assert topics.count(contract.TRANSFER_TOPIC) >= 1, number
        assert topics.count(contract.TICK_TOPIC) == topics.count(contract.TRANSFER_TOPIC), number


def test_heads_that_a_paused_node_missed_all_come_when_it_goes_on(network: LocalTestbed) -> None:
    with listening(network, PRIMARY) as listener:
        listener.subscribe("newHeads")
        before = int(listener.take("newHeads", 1)[0]["number"], 16)
        network.pause(PRIMARY)
        last = wait_for_block(network, before + 5)
        network.unpause(PRIMARY)
        count = last.number - before + 1
        heads = [int(head["number"], 16) for head in listener.take("newHeads", count)]
    assert heads == list(range(before, last.number + 1))


@pytest.mark.parametrize("node", [PRIMARY, BACKUP])
def test_a_reorg_shows_every_new_head_once_after_the_removed_logs(network: LocalTestbed, node: str) -> None:
    wait_for_more(network, 3)
    network.driver.pause()
    try:
        network.heal()
        before = network.head().number
        with listening(network, node) as listener:
            listener.subscribe("newHeads")
            listener.subscribe("logs", {"address": contract.ADDRESS})
            after = network.reorg(2).number
            heads = listener.take("newHeads", 3)
            network.driver.resume()
            further = listener.take("newHeads", 4)[-1]
            logs = [event for kind, event in listener.events if kind == "logs"]
    finally:
        network.driver.resume()
    assert [int(head["number"], 16) for head in heads] == [before - 1, before, after]
    assert [head["hash"] for head in heads] == [block.hash for block in network.blocks(before - 1, after)]
    assert further["parentHash"] == heads[-1]["hash"]
    removed = [int(log["blockNumber"], 16) for log in logs if log["removed"]]
    assert set(removed) == {before - 1, before}
    assert all(log["removed"] for log in logs[: len(removed)])


def test_a_transaction_sent_to_any_node_gets_into_a_block(network: LocalTestbed) -> None:
    from eth_account import Account  # noqa: PLC0415 - takes a second, which only this test needs

    from e2e.beacon.accounts import dev_accounts  # noqa: PLC0415

    sender, recipient = dev_accounts()[-1], dev_accounts()[-2]
    for nonce, node in enumerate((PRIMARY, BACKUP)):
        fields = {"type": 2, "chainId": 1337, "nonce": nonce, "to": recipient.address, "value": 1, "gas": 21_000}
        fees = {"maxFeePerGas": 10**11, "maxPriorityFeePerGas": 10**9}
        raw = bytes(Account.sign_transaction({**fields, **fees}, sender.key).raw_transaction)
        sent = ask(network, node, "eth_sendRawTransaction", "0x" + raw.hex())
        receipt = wait_until(partial(ask, network, PRIMARY, "eth_getTransactionReceipt", sent), 15, f"{node}: mined")
        assert receipt["status"] == "0x1"
