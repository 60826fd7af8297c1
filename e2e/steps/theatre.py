"""What lives as long as behave does: the network, the event loop, what became of each scenario."""

from __future__ import annotations

import platform
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from anyio.from_thread import start_blocking_portal

from e2e.promises import PROMISES
from e2e.scene import Stage
from e2e.steps.results import Results
from e2e.steps.venue import Venue, say
from e2e.steps.venues import RUNS, choose
from e2e.sut.profile import LINKS, SEEN, ProfileError
from e2e.sut.profile_file import chosen_profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.gateway.protocol import RunningGateway
    from e2e.steps.options import Options

GATEWAY: Final = "gateway"  # the tag of scenarios that hurt single lanes of nodes


@dataclass
class Theatre:
    """Opened once; `close` ends everything, also after a failed opening."""

    stage: Stage
    results: Results
    _venue: Venue
    _ending: ExitStack
    _gateway: RunningGateway | None = None

    @classmethod
    def open(cls, options: Options) -> Theatre:
        """Start the network and the event loop.

        Raises TestbedError, ProfileError, SutError (no such proxy); nothing is left running then.
        """
        sut = chosen_profile(options.sut, options.command)
        if strange := sut.not_claimed.keys() - PROMISES.keys() - SEEN:
            listed = ", ".join((*PROMISES, *sorted(SEEN)))
            raise ProfileError(f"{options.sut}: not_claimed.{min(strange)}: nobody asks for that; there are {listed}")
        with ExitStack() as ending:
            portal = ending.enter_context(start_blocking_portal("asyncio", {"use_uvloop": True}, name="event loop"))
            chosen = choose(options, sut)
            testbed = chosen.testbed
            ending.callback(testbed.close)
            began = time.monotonic()
            testbed.start()
            took = time.monotonic() - began
            versions = {"proxy": chosen.version(sut), "python": platform.python_version(), **testbed.versions()}
            listed = ", ".join(f"{name} {value}" for name, value in versions.items())
            say(f"network up in {took:.1f} s; under test: {sut.name}; seed {options.seed}; {listed}")
            if options.keep:
                ending.callback(chosen.keep)
            stage = Stage(testbed, chosen.make_sut, sut, portal, RUNS, options.seed, {"pace": options.pace}, versions)
            return cls(stage, Results(_properties(stage)), chosen, ending.pop_all())
        raise AssertionError("not reached: an ExitStack without suppressing callbacks lets errors through")

    def cannot_play(self, tags: Iterable[str]) -> str | None:
        """Why a scenario with these tags cannot be played on this testbed; None if it can."""
        testbed = self.stage.testbed
        reasons = [testbed.unplayable[tag] for tag in tags if tag in testbed.unplayable]
        return f"not on the testbed {testbed.name}: {'; '.join(reasons)}" if reasons else None

    def stage_for(self, tags: Iterable[str]) -> Stage:
        """Return the stage of a scenario: behind the gateway if a tag says so, which is started for the first one."""
        if GATEWAY not in tags and self.stage.profile.carriers != LINKS:
            return self.stage
        testbed = self.stage.testbed
        if self._gateway is None:
            self._gateway = self._ending.enter_context(self._venue.open_gateway())
        self._gateway.client.reset()
        for node in testbed.node_names():
            self._gateway.follow(node, testbed.urls(node))
        return replace(self.stage, gateway=self._gateway)

    def close(self) -> None:
        """End the network and the event loop."""
        self._ending.close()


def _properties(stage: Stage) -> dict[str, str]:
    """Return the conditions under which all scenarios are played."""
    return {
        "seed": str(stage.seed),
        "profile": stage.profile.name,
        "command": stage.profile.command,
        **stage.options,
        **stage.versions,
    }
