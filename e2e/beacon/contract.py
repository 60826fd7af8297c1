"""A contract that emits two logs whenever it is called, so that every block has something to say.

- `Transfer(address indexed from, address indexed to, uint256 value)`: caller, contract, block number
- `Tick(uint256 indexed number)`: block number, no data
"""

from __future__ import annotations

#: Where the first transaction of the first dev account puts it.
ADDRESS = "0xa8AF810856fd689424f330A5783BD98fF509Abfc"
#: keccak256 of the signatures above.
TRANSFER_TOPIC = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
TICK_TOPIC = "0xb8c95b3cea6303a753d912e243354ef08add1085ed07d34191514ef1001ef9d8"

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
