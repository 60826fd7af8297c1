"""One geth of the local testbed: its command line, its ports, and how it is hurt.

The nodes are peers, over fixed addresses without discovery: a transaction sent to one shows in the pools of all, as
on a real network. Blocks travel only through the Engine API, as they do since the merge.
"""

from __future__ import annotations

import os
import signal
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from e2e.testbed.genesis import CHAIN_ID
from e2e.testbed.ports import HOST, is_free
from e2e.testbed.process import Process
from e2e.testbed.protocol import NodeUrls, TestbedError

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.beacon.accounts import DevAccount

APIS = "eth,net,web3,debug,txpool,admin"
#: geth ends in well under a second; a machine under load may need longer.
STOP_LIMIT = 30.0
#: A little: geth spends over two seconds of CPU at each start on the cryptography of blobs, in the background, and the
#: proxy under test and the harness's clock come first. Not much: starved nodes would be a fault of their own.
NICE = 2


@dataclass(frozen=True, slots=True)
class Ports:
    http: int
    ws: int
    engine: int
    peers: int


class GethNode:
    """A geth process that may be ended and started again with the same data on the same ports."""

    def __init__(self, name: str, geth: Path, *, folder: Path, data: Path, ports: Ports, identity: DevAccount) -> None:
        """`folder` holds what all nodes share (genesis.json, jwt) and takes the log; `data` is the node's own.

        `identity`: whose key pair it shows its peers.
        """
        self.name = name
        self.log = folder / f"{name}.log"
        self.lock = threading.RLock()
        self._geth = geth
        self._folder = folder
        self._data = data
        self._ports = ports
        self._identity = identity
        self._process: Process | None = None
        self._paused = False

    @property
    def urls(self) -> NodeUrls:
        return NodeUrls(http=f"http://{HOST}:{self._ports.http}", ws=f"ws://{HOST}:{self._ports.ws}")

    @property
    def engine_url(self) -> str:
        return f"http://{HOST}:{self._ports.engine}"

    @property
    def enode(self) -> str:
        """Where its peers find it."""
        return f"enode://{self._identity.public_key[2:]}@{HOST}:{self._ports.peers}?discport=0"

    @property
    def state(self) -> Literal["running", "paused", "stopped"]:
        if self._process is None or not self._process.alive:
            return "stopped"
        return "paused" if self._paused else "running"

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return None if self.state == "stopped" or self._process is None else self._process.pid

    def set_peers(self, enodes: list[str]) -> None:
        """Write the part of geth's configuration that has no flag. Before `launch`."""
        self._data.mkdir(parents=True, exist_ok=True)
        others = ", ".join(f'"{enode}"' for enode in enodes if enode != self.enode)
        listen = f"{HOST}:{self._ports.peers}"
        self._config.write_text(f'[Node.P2P]\nListenAddr = "{listen}"\nStaticNodes = [{others}]\n')

    def launch(self) -> None:
        """Start it; says nothing about whether it gets ready. Raises TestbedError if a port is taken."""
        for purpose in Ports.__slots__:
            port = getattr(self._ports, purpose)
            if not is_free(port):
                raise TestbedError(
                    f"{self.name} cannot start: another process listens on its {purpose} port {HOST}:{port}; "
                    f"end that process (`ss -ltnp 'sport = :{port}'` names it) or start the network anew"
                )
        # geth takes GETH_… for flags, which a user may have set for nodes of their own.
        environment = {key: value for key, value in os.environ.items() if not key.startswith("GETH")}
        # On few cores four nodes get in each other's way less when none spreads over all of them.
        environment["GOMAXPROCS"] = "2"
        self._paused = False
        self._process = Process(self._command(), self.log, environment, nice=NICE)

    def stop(self) -> None:
        """SIGTERM; returns when it is gone."""
        process = self._running("stop")
        if not process.terminate(STOP_LIMIT):
            raise TestbedError(f"{self.name} did not end within {STOP_LIMIT:g} s of SIGTERM; its log: {self.log}")

    def kill(self) -> None:
        """SIGKILL, in any state; returns when it is gone."""
        if self._process is not None:
            self._process.kill()

    def pause(self) -> None:
        self._running("pause").signal(signal.SIGSTOP)
        self._paused = True

    def unpause(self) -> None:
        if self.state != "paused" or self._process is None:
            raise TestbedError(f"{self.name} cannot be unpaused: it is {self.state}")
        self._process.signal(signal.SIGCONT)
        self._paused = False

    def stall(self, over: threading.Event, seconds: float) -> None:
        """Keep it from the CPU for a moment, or until `over`, unless somebody is hurting or healing it."""
        if self._process is None or self.state != "running" or not self.lock.acquire(blocking=False):
            over.wait(seconds)
            return
        try:
            if self.state == "running":
                self._process.signal(signal.SIGSTOP)
            over.wait(seconds)
        finally:
            if self.state == "running":
                self._process.signal(signal.SIGCONT)
            self.lock.release()

    def post_mortem(self) -> str:
        """How it ended, if it did, and the end of its log."""
        if self._process is None:
            return "it was never started"
        code = self._process.exit_code
        ended = "it runs" if code is None else f"it ended with exit code {code}"
        return f"{ended}; the end of {self.log}:\n{self._process.tail()}"

    def _running(self, verb: str) -> Process:
        if self.state != "running" or self._process is None:
            raise TestbedError(f"{self.name} cannot be told to {verb}: it is {self.state}")
        return self._process

    @property
    def _config(self) -> Path:
        return self._data / "geth.toml"

    def _command(self) -> list[str | Path]:
        ports = self._ports
        return [
            *(self._geth, "--datadir", self._data, "--config", self._config, "--verbosity", "3"),
            *("--override.genesis", self._folder / "genesis.json", "--networkid", str(CHAIN_ID)),
            # Hash-based archive: state is on disk with its block, so a kill costs few blocks and no history.
            *("--syncmode", "full", "--gcmode", "archive", "--state.scheme", "hash", "--cache", "32"),
            # At a restart the log index takes seconds to load, and blocks wait for it. eth_getLogs does without.
            "--history.logs.disable",
            *("--nodiscover", "--nat", "none", "--netrestrict", f"{HOST}/32", "--maxpeers", "16", "--txpool.nolocals"),
            *("--nodekeyhex", self._identity.key[2:], "--ipcdisable"),
            *("--http", "--http.addr", HOST, "--http.port", str(ports.http), "--http.api", APIS),
            *("--http.corsdomain", "*"),
            *("--ws", "--ws.addr", HOST, "--ws.port", str(ports.ws), "--ws.api", APIS, "--ws.origins", "*"),
            *("--authrpc.addr", HOST, "--authrpc.port", str(ports.engine)),
            *("--authrpc.jwtsecret", self._folder / "jwt"),
        ]
