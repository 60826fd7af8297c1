"""Transactions of our own: calls that emit logs, and plain transfers, signed ahead and followed into the chain."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from e2e.beacon import contract
from e2e.beacon.accounts import DevAccount, dev_accounts

if TYPE_CHECKING:
    from collections.abc import Iterable

#: See `signer.sign`.
Sign: TypeAlias = Callable[[dict[str, Any], str], str]

_GWEI = 10**9
_FEES = {"maxFeePerGas": 100 * _GWEI, "maxPriorityFeePerGas": 1 * _GWEI}
CALLS_PER_BLOCK = 2
#: When this many wait for a block, no more are signed: production stands still, let the pools be.
MAX_OUTSTANDING = 24
#: As many are remembered after they were included, for the case of a reorg.
_REMEMBERED = 1024


class Sender:
    """One account's transactions in the order of their nonces.

    Nonces are handed out once and never again: after a node loss or a reorg the same signed transactions are offered
    again, so no nonce is ever skipped and none used for two things.
    """

    def __init__(self, account: DevAccount, chain_id: int, sign: Sign) -> None:
        self._account = account
        self._chain_id = chain_id
        self._sign = sign
        self._nonce = 0

    def next(self, fields: dict[str, Any]) -> str:
        """The next transaction, raw and 0x-prefixed. `fields`: to, value, gas, data as eth-account has them."""
        transaction = {"type": 2, "chainId": self._chain_id, "nonce": self._nonce, **_FEES, **fields}
        raw = self._sign(transaction, self._account.key)
        self._nonce += 1
        return raw


class Outstanding:
    """The transactions of ours that are not in the canonical chain."""

    def __init__(self) -> None:
        self._signed: dict[str, int] = {}
        self._waiting: dict[str, int] = {}
        self._orders = itertools.count()

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, raw: str) -> bool:
        return raw in self._waiting

    def in_order(self) -> list[str]:
        """Raw transactions that wait for a block, in the order of signing."""
        return sorted(self._waiting, key=self._waiting.__getitem__)

    def add(self, raw: str) -> None:
        """A transaction that was just signed."""
        self._signed[raw] = self._waiting[raw] = next(self._orders)
        if len(self._signed) > _REMEMBERED:
            del self._signed[next(iter(self._signed))]

    def included(self, raws: Iterable[str]) -> None:
        """These are in a canonical block now."""
        for raw in raws:
            self._waiting.pop(raw, None)

    def displaced(self, raws: Iterable[str]) -> None:
        """These were in a block that is canonical no more; those that are ours wait again."""
        for raw in raws:
            if (order := self._signed.get(raw)) is not None:
                self._waiting[raw] = order


class Trader:
    """Signs what is to go into blocks: the deployment of the contract first, then calls and transfers."""

    def __init__(self, outstanding: Outstanding, chain_id: int, sign: Sign) -> None:
        caller, payer, *others = dev_accounts()
        self._outstanding = outstanding
        self._caller = Sender(caller, chain_id, sign)
        self._payer = Sender(payer, chain_id, sign)
        self._recipients = itertools.cycle(account.address for account in others)
        self._calls: deque[str] = deque(maxlen=MAX_OUTSTANDING)
        outstanding.add(self._caller.next({"value": 0, "gas": 200_000, "data": contract.INIT_CODE}))
        self.call()

    @property
    def calls_waiting(self) -> int:
        """How many calls of the contract the next block could carry."""
        return sum(raw in self._outstanding for raw in self._calls)

    def call(self) -> None:
        """Sign calls of the contract until there are enough for a block."""
        while self.calls_waiting < CALLS_PER_BLOCK:
            raw = self._caller.next({"to": contract.ADDRESS, "value": 0, "gas": 60_000})
            self._calls.append(raw)
            self._outstanding.add(raw)

    def transfer(self) -> None:
        """Sign a plain transfer to one of the free accounts, unless too many transactions wait already."""
        if len(self._outstanding) < MAX_OUTSTANDING:
            self._outstanding.add(self._payer.next({"to": next(self._recipients), "value": 1, "gas": 21_000}))
