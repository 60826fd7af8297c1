"""Signing, apart from the rest because eth-account takes more than a second to import: see `Driver.trade`."""

from __future__ import annotations

from typing import Any

from eth_account import Account


def sign(transaction: dict[str, Any], key: str) -> str:
    """The raw transaction, 0x-prefixed. `transaction` has the fields that eth-account wants, `key` is private."""
    return "0x" + bytes(Account.sign_transaction(transaction, key).raw_transaction).hex()
