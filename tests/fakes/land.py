"""A fake engine whose services' ports are servers of ours: what an enclave testbed sees, without a container."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from kurtosis_sdk.testing import FakeEngine

from e2e.testbed.kurtosis.enclave import Enclave
from e2e.testbed.kurtosis.testbed import KurtosisTestbed
from tests.fakes.pages import Pages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kurtosis_sdk.testing import FakeEnclave

NODES = ("el-1-primary", "el-3-backup")
HASH = "0x" + "ab" * 32
BLOCK: dict[str, Any] = {"number": 7, "hash": HASH, "parent": "0x" + "00" * 32, "slot": 7, "at": 1.0}
CALLS = {"eth_getBlockByNumber": {"hash": HASH}, "web3_clientVersion": "Geth/v1.17.7-stable-0123/linux-amd64/go1.27"}

PACKAGE = """
def run(plan, args = {}):
    plan.print("block time " + str(args["block_time"]) + ", proxy " + str(args["proxy"]["enabled"]) + args["more"])
    for name, port in PORTS.items():
        plan.add_service(name = name, config = ServiceConfig(
            image = "geth",
            ports = {"rpc": PortSpec(number = 8545), "ws": PortSpec(number = 8546)},
            public_ports = {"rpc": PortSpec(number = port), "ws": PortSpec(number = port)},
        ))
    plan.add_service(name = "beacon", config = ServiceConfig(
        image = args["beacon_image"],
        env_vars = {"ARGS": json.encode(args)},
        ports = {"control": PortSpec(number = 5999), "cl-1": PortSpec(number = 5052), "cl-2": PortSpec(number = 5053)},
        public_ports = {"control": PortSpec(number = BEACON)},
    ))

def run_proxy(plan, proxy):
    plan.add_service(name = "proxy", config = ServiceConfig(
        image = proxy["image"],
        entrypoint = proxy["entrypoint"],
        cmd = proxy["cmd"],
        files = {"/config": proxy["config_artifact"]},
        ports = {"http": PortSpec(number = 8080, wait = None)},
        public_ports = {"http": PortSpec(number = PROXY)},
    ))
"""
ARGUMENTS = """
more: ", from the file"
block_time: 12
beacon_image: beacon
proxy: {enabled: true, other: 1}
"""


@dataclass
class Land:
    """`nodes` by name, `beacon` and `proxy` are what stands behind the public ports."""

    engine: FakeEngine
    package: Path
    folder: Path
    nodes: dict[str, Pages]
    beacon: Pages
    proxy: Pages

    def enclave(self, borrowed: str | None = None, *, keep: bool = False) -> Enclave:
        engine = self.engine
        return Enclave(borrowed, keep=keep, package=self.package, engine=engine.address, docker_host=engine.docker_host)

    def testbed(self, borrowed: str | None = None, *, keep: bool = False) -> KurtosisTestbed:
        return KurtosisTestbed(self.folder, self.enclave(borrowed, keep=keep), block_time=0.5)

    def inside(self, testbed: KurtosisTestbed) -> FakeEnclave:
        return self.engine.enclave(testbed.enclave.name)


@contextmanager
def land(folder: Path, cluster_type: Literal["docker", "kubernetes"] = "docker") -> Iterator[Land]:
    """A land whose files lie in `folder`."""
    with ExitStack() as stack:
        engine = stack.enter_context(FakeEngine(cluster_type=cluster_type))
        nodes = {name: stack.enter_context(Pages(calls=dict(CALLS))) for name in NODES}
        beacon = stack.enter_context(Pages({"/head": BLOCK, "/blocks?first=6&last=7": [BLOCK]}))
        proxy = stack.enter_context(Pages())
        package = folder / "kurtosis"
        (package / "args").mkdir(parents=True)
        (package / "kurtosis.yml").write_text("name: github.com/example/network\n")
        ports = {name: node.port for name, node in nodes.items()}
        values = f"PORTS = {ports}\nBEACON = {beacon.port}\nPROXY = {proxy.port}\n"
        (package / "main.star").write_text(values + PACKAGE)
        (package / "args" / "2p2b.yaml").write_text(ARGUMENTS)
        yield Land(engine, package, folder / "network", nodes, beacon, proxy)
