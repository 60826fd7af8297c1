"""The theatre in a Kurtosis enclave: nodes, gateway and the proxy under test are services of it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Final

from e2e.gateway.service import GatewayService
from e2e.steps.venue import Venue
from e2e.sut.service import SutService
from e2e.testbed.kurtosis.enclave import Enclave
from e2e.testbed.kurtosis.proxy import ProxyService
from e2e.testbed.kurtosis.testbed import CONTROL, GATEWAY, KurtosisTestbed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from e2e.steps.options import Options
    from e2e.sut.profile import Profile, Upstream

IMAGE: Final = "vixy-e2e/proxy:dev"  # as `make images` calls it


def venue(folder: Path, options: Options) -> Venue:
    """An enclave that is removed in the end, also by SIGTERM; or, if the options name one, that one."""
    # behave ends in order on Ctrl-C only; CI that cancels a job sends SIGTERM, a terminal that is closed SIGHUP.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    enclave = Enclave(options.enclave, keep=options.keep)
    testbed = KurtosisTestbed(folder, enclave, options.block_time)
    image = options.image or IMAGE

    def proxy() -> ProxyService:
        return ProxyService(enclave, image, signals=testbed.signals)

    def make_sut(
        profile: Profile,
        nodes: Sequence[Upstream],
        consensus: Mapping[str, str],
        folder: Path,
        settings: Mapping[str, str],
    ) -> SutService:
        return SutService(profile, nodes, consensus, folder, settings, service=proxy())

    def open_gateway() -> GatewayService:
        return GatewayService(testbed.public_url(GATEWAY, CONTROL), host=GATEWAY)

    return Venue(testbed, make_sut, open_gateway, lambda _: image, lambda: None)
