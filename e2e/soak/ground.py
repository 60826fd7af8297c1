"""What long runs stand on: a network, the proxy under test before it, and who hurts and heals the nodes."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from e2e.clients.scrape import Scraper, by_label
from e2e.nemesis.nemesis import Nemesis
from e2e.sut.process import SutProcess
from e2e.sut.profile_file import chosen_profile
from e2e.sut.topology import TOPOLOGIES, upstreams
from e2e.testbed.local import LocalTestbed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from e2e.ledger.recorder import Recorder
    from e2e.sut.profile import Profile
    from e2e.testbed.protocol import Testbed

TOPOLOGY: Final = "1p2b"
"""One primary: to take it away sends every client to a backup, and to give it back brings every one home."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person may choose of a long run: the proxy, its nodes, the chain's pace in seconds a block."""

    sut: str = "vixy-py"
    command: str | None = None
    topology: str = TOPOLOGY
    block_time: float = 1.0

    def profile(self) -> Profile:
        """The profile of the proxy under test. Raises ProfileError."""
        return chosen_profile(self.sut, self.command)


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that lives as long as the run; `scraper` is None for a proxy without metrics."""

    testbed: Testbed
    profile: Profile
    sut: SutProcess
    nemesis: Nemesis
    scraper: Scraper | None

    def carrying(self) -> frozenset[str] | None:
        """The nodes that carry clients, by the proxy's own metrics; None where it does not say."""
        name = self.profile.metrics.get("upstream_connected")
        if self.scraper is None or name is None:
            return None
        scraped = self.scraper.scrape()
        nodes = by_label(scraped.samples, name, "node") if scraped.up else {}
        return frozenset(node for node, value in nodes.items() if value) if nodes else None


@contextmanager
def ground(choice: Choice, folder: Path, recorder: Recorder) -> Iterator[Ground]:
    """Bring up nodes and proxy, logs in `folder`, and end both. Raises TestbedError, SutError, ProfileError."""
    profile = choice.profile()
    with ExitStack() as ending:
        testbed = LocalTestbed(folder / "network", TOPOLOGIES[choice.topology], choice.block_time)
        ending.enter_context(testbed)
        (folder / "logs").mkdir(exist_ok=True)
        nodes = upstreams(choice.topology, testbed)
        sut = SutProcess(profile, nodes, testbed.consensus_urls(), folder)
        ending.callback(sut.stop)
        sut.start()
        scraper = None
        if sut.endpoints.metrics is not None:
            scraper = Scraper(sut.endpoints.metrics, frozenset(profile.metrics.values()), recorder)
            ending.callback(scraper.close)
        yield Ground(testbed, profile, sut, Nemesis(testbed, recorder), scraper)
