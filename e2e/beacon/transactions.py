"""Transactions of our own: calls that emit logs, and plain transfers, signed ahead and followed into the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eth_account import Account

from e2e.beacon import contract
from e2e.beacon.accounts import DevAccount, dev_accounts

if TYPE_CHECKING:
    from collections.abc import Iterable

_GWEI = 10**9
_FEES = {"maxFeePerGas": 100 * _GWEI, "maxPriorityFeePerGas": 1 * _GWEI}
#: When this many of one sender wait for a block, no more are signed: production stands still, let the pools be.
MAX_OUTSTANDING = 24
#: As many are remembered after they were included, for the case of a reorg.
_REMEMBERED = 1024


class Sender:
    """One account's transactions in the order of their nonces.

    Nonces are handed out once and never again: after a node loss or a reorg the same signed transactions are offered
    again, so no nonce is ever skipped and none used for two things.
    """

    def __init__(self, account: DevAccount, chain_id: int) -> None:
        self._account = account
        self._chain_id = chain_id
        self._nonce = 0

    @property
    def address(self) -> str:
        return self._account.address

    def sign(self, fields: dict[str, Any]) -> str:
        """The next transaction, raw and 0x-prefixed. `fields`: to, value, gas, data as eth-account has them."""
        transaction = {"type": 2, "chainId": self._chain_id, "nonce": self._nonce, **_FEES, **fields}
        signed = Account.sign_transaction(transaction, self._account.key)
        self._nonce += 1
        return "0x" + bytes(signed.raw_transaction).hex()


class TransactionSource:
    """Signs transactions and knows which of them are not in the canonical chain (`outstanding`, in nonce order)."""

    def __init__(self, chain_id: int) -> None:
        caller, payer = dev_accounts()[:2]
        self._caller = Sender(caller, chain_id)
        self._payer = Sender(payer, chain_id)
        self._recipients = [account.address for account in dev_accounts()[2:]]
        self._contract = contract.address_deployed_by(caller.address)
        self._signed: dict[str, int] = {}
        self._outstanding: dict[str, int] = {}
        self._orders = 0
        self._calls = 0
        self._transfers = 0

    def outstanding(self) -> list[str]:
        """Raw transactions that wait for a block, in the order of signing."""
        return [raw for raw, _ in sorted(self._outstanding.items(), key=lambda item: item[1])]

    def sign_call(self) -> None:
        """A call of the contract (the very first one deploys it), unless too many wait already."""
        if len(self._outstanding) >= MAX_OUTSTANDING:
            return
        if self._calls == 0:
            self._keep(self._caller.sign({"value": 0, "gas": 200_000, "data": contract.INIT_CODE}))
        else:
            self._keep(self._caller.sign({"to": self._contract, "value": 0, "gas": 60_000}))
        self._calls += 1

    def sign_transfer(self) -> None:
        """A plain transfer to one of the free accounts, unless too many wait already."""
        if len(self._outstanding) >= MAX_OUTSTANDING:
            return
        recipient = self._recipients[self._transfers % len(self._recipients)]
        self._keep(self._payer.sign({"to": recipient, "value": 1, "gas": 21_000}))
        self._transfers += 1

    def included(self, raws: Iterable[str]) -> None:
        """These are in a canonical block now."""
        for raw in raws:
            self._outstanding.pop(raw, None)

    def displaced(self, raws: Iterable[str]) -> None:
        """These were in a block that is canonical no more; those that are ours wait again."""
        for raw in raws:
            if (order := self._signed.get(raw)) is not None:
                self._outstanding[raw] = order

    def _keep(self, raw: str) -> None:
        self._orders += 1
        self._signed[raw] = self._outstanding[raw] = self._orders
        if len(self._signed) > _REMEMBERED:
            del self._signed[next(iter(self._signed))]
