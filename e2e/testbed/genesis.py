"""Genesis of the test chain: proof of stake from the first block, every fork that geth knows active at once."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from e2e.beacon.accounts import dev_accounts

CHAIN_ID = 1337

_ETHER = 10**18
_GAS_LIMIT = 30_000_000
_ZERO_HASH = "0x" + "00" * 32

_BLOCK_FORKS = (
    "homesteadBlock",
    "eip150Block",
    "eip155Block",
    "eip158Block",
    "byzantiumBlock",
    "constantinopleBlock",
    "petersburgBlock",
    "istanbulBlock",
    "berlinBlock",
    "londonBlock",
)
_TIME_FORKS = ("shanghaiTime", "cancunTime", "pragueTime", "osakaTime")

#: As on mainnet: go-ethereum params/config.go, DefaultCancunBlobConfig and DefaultPragueBlobConfig. Osaka has none.
_BLOBS = {
    "cancun": {"target": 3, "max": 6, "baseFeeUpdateFraction": 3_338_477},
    "prague": {"target": 6, "max": 9, "baseFeeUpdateFraction": 5_007_716},
}

#: Contracts that the forks call in every block (EIP-4788, 2935, 7002, 7251), with the code their EIPs give.
_SYSTEM_CONTRACTS: dict[str, Any] = json.loads(Path(__file__).with_name("system_contracts.json").read_text())


def genesis() -> dict[str, Any]:
    """Genesis as geth reads it. Its time is now, so no two networks share a chain."""
    return {
        "config": {
            "chainId": CHAIN_ID,
            "terminalTotalDifficulty": 0,
            "blobSchedule": _BLOBS,
            **dict.fromkeys(_BLOCK_FORKS + _TIME_FORKS, 0),
        },
        "timestamp": hex(int(time.time()) - 1),
        "gasLimit": hex(_GAS_LIMIT),
        "baseFeePerGas": hex(10**9),
        "difficulty": "0x0",
        "nonce": "0x0",
        "extraData": "0x",
        "mixHash": _ZERO_HASH,
        "coinbase": "0x" + "00" * 20,
        "alloc": _SYSTEM_CONTRACTS
        | {account.address: {"balance": hex(1_000_000 * _ETHER)} for account in dev_accounts()},
    }
