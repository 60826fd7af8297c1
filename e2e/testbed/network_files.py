"""`python -m e2e.testbed.network_files --nodes NAME,… --folder FOLDER`: what the nodes of an enclave share.

    genesis.json     for every client (geth's format)
    jwt              the secret of the Engine API, 64 hex digits
    NODE/key         a node's private key, 64 hex digits
    NODE/public      the public half, 128 hex digits, as in its enode URL

An enclave's services run as whatever user their images say, so everybody in there may read all of it.
"""

from __future__ import annotations

import argparse
import json
import secrets
from pathlib import Path

from e2e.beacon.accounts import dev_accounts
from e2e.testbed.genesis import genesis


def write(folder: Path, nodes: list[str]) -> None:
    """Make `folder` and fill it. ValueError for more nodes than there are key pairs."""
    identities = dev_accounts()
    if len(nodes) > len(identities):
        raise ValueError(f"{len(nodes)} nodes; there are keys for {len(identities)}")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "genesis.json").write_text(json.dumps(genesis()))
    (folder / "jwt").write_text(secrets.token_hex(32))
    for name, identity in zip(nodes, identities, strict=False):
        own = folder / name
        own.mkdir(exist_ok=True)
        (own / "key").write_text(identity.key[2:])
        (own / "public").write_text(identity.public_key[2:])


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m e2e.testbed.network_files",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--nodes", required=True, metavar="NAME,…")
    parser.add_argument("--folder", required=True, type=Path)
    arguments = parser.parse_args()
    write(arguments.folder, arguments.nodes.split(","))


if __name__ == "__main__":
    main()
