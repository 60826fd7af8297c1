"""What the block driver is told at its start: one JSON file."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path


class ConfigError(Exception):
    """The file is not what it should be; the message says what is wrong and gives an example."""


_EXAMPLE = {
    "chain_id": 1337,
    "block_time": 1.0,
    "jwt_file": "/path/of/a/file/with/64/hex/digits",
    "nodes": {"el-1-primary": "http://127.0.0.1:8551"},
    "endpoints": {"cl-1": "127.0.0.1:5052"},
    "control": "127.0.0.1:5999",
}


@dataclass(frozen=True, slots=True)
class Address:
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class BeaconConfig:
    """`nodes`: name → URL of its Engine API, in order of preference for building, last first. `block_time` in seconds.

    `jwt_secret`: 32 bytes, what the file holds that `jwt_file` names (from the configuration's folder if relative).

    `endpoints`: name → where that Beacon API listens. `control`: where the control API listens.
    """

    chain_id: int
    block_time: float
    jwt_secret: bytes
    nodes: dict[str, str]
    endpoints: dict[str, Address]
    control: Address


def load(path: Path) -> BeaconConfig:
    """Read and check the file. Raises ConfigError."""
    try:
        raw = json.loads(path.read_text())
        return _checked(raw, path.parent)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise ConfigError(f"{path}: {problem}; it should look like {json.dumps(_EXAMPLE)}") from error


def _checked(raw: dict[str, Any], folder: Path) -> BeaconConfig:
    if unknown := set(raw) - set(_EXAMPLE):
        raise ValueError(f"unknown keys {sorted(unknown)}")
    config = BeaconConfig(
        chain_id=int(raw["chain_id"]),
        block_time=float(raw["block_time"]),
        jwt_secret=_secret(folder / raw["jwt_file"]),
        nodes=dict(raw["nodes"]),
        endpoints={name: _address(text) for name, text in raw["endpoints"].items()},
        control=_address(raw["control"]),
    )
    if config.block_time <= 0 or not config.nodes:
        raise ValueError("a positive block_time and at least one node are needed")
    return config


def _secret(path: Path) -> bytes:
    try:
        secret = bytes.fromhex(path.read_text().strip())
    except ValueError:
        secret = b""
    if len(secret) != 32:
        raise ValueError(f"jwt_file: {path} should hold 64 hex digits")
    return secret


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    return Address(host, int(port))
