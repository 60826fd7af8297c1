"""The venues there are: processes on this machine, or an enclave."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.gateway.process import GatewayProcess
from e2e.ledger.store import fresh_folder
from e2e.steps.venue import Venue, say
from e2e.sut.process import SutProcess, check, version
from e2e.testbed.local import LocalTestbed
from e2e.testbed.protocol import NodeUrls, Testbed, TestbedError

if TYPE_CHECKING:
    from e2e.steps.options import Options
    from e2e.sut.profile import Profile

RUNS: Final = Path("runs")
NETWORK: Final = "network"
NO_SDK: Final = """\
-D testbed=kurtosis needs {name}, which is not installed; from a clone of this project:
  pip install -e '.[suite,kurtosis]' -e ./kurtosis_sdk"""


def choose(options: Options, profile: Profile) -> Venue:
    """Make what is asked for, not started yet; the testbed's folder lies beside the runs.

    Raises TestbedError; SutError where the proxy's program is not there.
    """
    return _in_enclave(options) if options.testbed == "kurtosis" else _local(options, profile)


def _local(options: Options, profile: Profile) -> Venue:
    check(profile)
    testbed = LocalTestbed(fresh_folder(RUNS, NETWORK), block_time=options.block_time)

    def open_gateway() -> GatewayProcess:
        nodes = {node: testbed.urls(node) for node in testbed.node_names()}
        # a consensus node has no WebSocket lane, and nobody asks for one
        nodes |= {
            name: NodeUrls(url, f"ws{url.removeprefix('http')}") for name, url in testbed.consensus_urls().items()
        }
        return GatewayProcess(nodes, testbed.folder)

    return Venue(testbed, SutProcess, open_gateway, version, lambda: _wait_for_enter(testbed))


def _in_enclave(options: Options) -> Venue:
    try:
        from e2e.steps import enclave  # noqa: PLC0415 - who plays elsewhere needs no SDK
    except ModuleNotFoundError as error:
        raise TestbedError(NO_SDK.format(name=error.name)) from error
    return enclave.venue(fresh_folder(RUNS, NETWORK), options)


def _wait_for_enter(testbed: Testbed) -> None:
    for node in testbed.node_names():
        say(f"{node}: {testbed.urls(node).http} {testbed.urls(node).ws}")
    with contextlib.suppress(EOFError):  # nobody is there to press it
        input("the network stays up until Enter is pressed ")
