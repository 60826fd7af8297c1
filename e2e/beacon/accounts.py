"""The accounts that genesis funds. Their keys are public, so they are worth nothing anywhere else.

Addresses and public keys are stored, not derived: importing a curve library takes a second that every start would pay.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

#: The block driver signs with the first two; a test that sends transactions of its own uses the others.
RESERVED_COUNT = 2


@dataclass(frozen=True, slots=True)
class DevAccount:
    """`key`: the private key; `address`: checksummed; `public_key`: 64 bytes. All hex, 0x-prefixed."""

    key: str
    address: str
    public_key: str


@cache
def dev_accounts() -> tuple[DevAccount, ...]:
    """All funded accounts. The first `RESERVED_COUNT` belong to the block driver: their nonces are its own."""
    stored = json.loads(Path(__file__).with_name("dev_accounts.json").read_text())
    return tuple(DevAccount(**account) for account in stored)
