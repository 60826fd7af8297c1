"""What lives as long as behave does: the network, the event loop, what became of each scenario."""

from __future__ import annotations

import contextlib
import platform
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from anyio.from_thread import start_blocking_portal

from e2e.gateway.process import GatewayProcess
from e2e.run import Stage
from e2e.steps.results import Results
from e2e.sut import profile
from e2e.sut.process import version
from e2e.testbed.local import LocalTestbed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.steps.options import Options
    from e2e.testbed.protocol import Testbed

RUNS: Final = Path("runs")
GATEWAY: Final = "gateway"  # the tag of scenarios that hurt single lanes of nodes


@dataclass
class Theatre:
    """Opened once; `close` ends everything, also after a failed opening."""

    stage: Stage
    results: Results
    _ending: ExitStack
    _gateway: GatewayProcess | None = None

    @classmethod
    def open(cls, options: Options) -> Theatre:
        """Start the network and the event loop. Raises TestbedError, ProfileError; then nothing is left running."""
        sut = profile.load(options.sut)
        if options.command is not None:
            sut = replace(sut, name="sut.command", command=options.command, version="")
        with ExitStack() as ending:
            portal = ending.enter_context(start_blocking_portal("asyncio", {"use_uvloop": True}, name="event loop"))
            testbed = _testbed(options)
            ending.callback(testbed.close)
            began = time.monotonic()
            testbed.start()
            took = time.monotonic() - began
            versions = {"proxy": version(sut), "python": platform.python_version(), **testbed.versions()}
            listed = ", ".join(f"{name} {value}" for name, value in versions.items())
            _say(f"network up in {took:.1f} s; under test: {sut.name}; seed {options.seed}; {listed}")
            if options.keep:
                ending.callback(_keep, testbed)
            stage = Stage(testbed, sut, portal, RUNS, options.seed, {"pace": options.pace}, versions)
            return cls(stage, Results(_properties(stage)), ending.pop_all())
        raise AssertionError("not reached: an ExitStack without suppressing callbacks lets errors through")

    def stage_for(self, tags: Iterable[str]) -> Stage:
        """Return the stage of a scenario: behind the gateway if a tag says so, which is started for the first one."""
        if GATEWAY not in tags:
            return self.stage
        testbed = self.stage.testbed
        urls = {node: testbed.urls(node) for node in testbed.node_names()}
        if self._gateway is None:
            self._gateway = self._ending.enter_context(GatewayProcess(urls, testbed.folder))
        self._gateway.client.reset()
        for node, where in urls.items():
            self._gateway.follow(node, where)
        return replace(self.stage, gateway=self._gateway)

    def close(self) -> None:
        """End the network and the event loop."""
        self._ending.close()


def _testbed(options: Options) -> Testbed:
    """Make the testbed that is asked for; its folder lies beside the runs."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return LocalTestbed(RUNS / f"{stamp}-network", block_time=options.block_time)


def _properties(stage: Stage) -> dict[str, str]:
    """Return the conditions under which all scenarios are played."""
    return {
        "seed": str(stage.seed),
        "profile": stage.profile.name,
        "command": stage.profile.command,
        **stage.options,
        **stage.versions,
    }


def _keep(testbed: Testbed) -> None:
    for node in testbed.node_names():
        _say(f"{node}: {testbed.urls(node).http} {testbed.urls(node).ws}")
    with contextlib.suppress(EOFError):  # nobody is there to press it
        input("the network stays up until Enter is pressed ")


def _say(text: str) -> None:
    """Past behave's capture: whoever waits for a network wants to know."""
    print(text, file=sys.__stdout__, flush=True)
