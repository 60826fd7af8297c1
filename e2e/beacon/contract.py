"""A contract that emits two logs whenever it is called, so that every block has something to say.

- `Transfer(address indexed from, address indexed to, uint256 value)`: caller, contract, block number
- `Tick(uint256 indexed number)`: block number, no data
"""

from __future__ import annotations

from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

TRANSFER_TOPIC = "0x" + keccak(text="Transfer(address,address,uint256)").hex()
TICK_TOPIC = "0x" + keccak(text="Tick(uint256)").hex()

_PUSH32 = "7f"

_RUNTIME = bytes.fromhex(
    "435f52"  # NUMBER, stored as the one word of data
    "3033" + _PUSH32 + TRANSFER_TOPIC[2:] + "60205fa3"  # ADDRESS CALLER topic size offset LOG3
    "43" + _PUSH32 + TICK_TOPIC[2:] + "5f5fa2"  # NUMBER topic size offset LOG2
    "00"  # STOP
)

_CONSTRUCTOR_SIZE = 10
_CONSTRUCTOR = bytes([0x60, len(_RUNTIME), 0x60, _CONSTRUCTOR_SIZE, 0x5F, 0x39, 0x60, len(_RUNTIME), 0x5F, 0xF3])

#: What the deploying transaction carries: copy the runtime into memory and return it.
INIT_CODE = _CONSTRUCTOR + _RUNTIME


def address_deployed_by(deployer: str) -> str:
    """The contract's address when `deployer` creates it with its first transaction (nonce 0)."""
    rlp = bytes([0xD6, 0x94]) + bytes.fromhex(deployer[2:]) + bytes([0x80])
    return to_checksum_address(keccak(rlp)[12:])
