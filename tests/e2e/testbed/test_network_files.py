from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from eth_account import Account
from eth_keys.datatypes import PrivateKey

from e2e.beacon.config import BeaconConfig, load
from e2e.testbed.network_files import write

if TYPE_CHECKING:
    from pathlib import Path

NODES = ["el-1-primary", "el-3-backup"]


def test_the_command_writes_all_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "network"
    command = [sys.executable, "-m", "e2e.testbed.network_files", "--nodes", ",".join(NODES), "--folder", str(folder)]
    subprocess.run(command, check=True)
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert found == {"genesis.json", "jwt", *(f"{name}/{what}" for name in NODES for what in ("key", "public"))}
    assert (
        next(iter(json.loads((folder / "genesis.json").read_text()))) == "config"
    )  # Nethermind tells the format by it


def test_each_node_has_a_key_pair_of_its_own_that_fits(tmp_path: Path) -> None:
    write(tmp_path, NODES)
    keys = [(tmp_path / name / "key").read_text() for name in NODES]
    assert len(set(keys)) == len(NODES)
    for name, key in zip(NODES, keys, strict=True):
        public = PrivateKey(bytes.fromhex(key)).public_key.to_hex().removeprefix("0x")
        assert (tmp_path / name / "public").read_text() == public
        assert Account.from_key(key).address


def test_no_two_networks_share_a_secret(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write(tmp_path / name, NODES)
    assert (tmp_path / "a" / "jwt").read_text() != (tmp_path / "b" / "jwt").read_text()


def test_the_block_driver_reads_the_secret(tmp_path: Path) -> None:
    write(tmp_path, NODES)
    content = {
        "chain_id": 1337,
        "block_time": 1,
        "jwt_file": "jwt",
        "nodes": {"el-1-primary": "http://127.0.0.1:8551"},
        "endpoints": {},
        "control": "127.0.0.1:5999",
    }
    path = tmp_path / "beacon.json"
    path.write_text(json.dumps(content))
    config = load(path)
    assert isinstance(config, BeaconConfig)
    assert config.jwt_secret.hex() == (tmp_path / "jwt").read_text()


def test_more_nodes_than_keys_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="17 nodes; there are keys for 16"):
        write(tmp_path, [f"el-{number}-primary" for number in range(17)])
