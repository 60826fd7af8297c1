"""The accounts that genesis funds: keys that anyone can derive, worth nothing anywhere else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256

from eth_account import Account

ACCOUNT_COUNT = 16
#: The block driver signs with the first two; a test that sends transactions of its own uses the others.
RESERVED_COUNT = 2


@dataclass(frozen=True, slots=True)
class DevAccount:
    """`key` is the 0x-prefixed private key, `address` its checksummed address."""

    key: str
    address: str


@cache
def dev_accounts() -> tuple[DevAccount, ...]:
    """All funded accounts. The first `RESERVED_COUNT` belong to the block driver: their nonces are its own."""
    return tuple(_derive(index) for index in range(ACCOUNT_COUNT))


def _derive(index: int) -> DevAccount:
    key = "0x" + sha256(f"vixy-e2e dev account {index}".encode()).hexdigest()
    return DevAccount(key=key, address=Account.from_key(key).address)
