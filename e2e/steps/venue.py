"""Where a theatre plays: a testbed, and how the proxy under test and the fault gateway are had on it."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from e2e.gateway.protocol import RunningGateway
    from e2e.sut.profile import Profile
    from e2e.sut.protocol import SutMaker
    from e2e.testbed.protocol import Testbed


@dataclass(frozen=True, slots=True)
class Venue:
    """`open_gateway` is for a testbed that was started; `keep` is called before an end with `-D keep=1`."""

    testbed: Testbed
    make_sut: SutMaker
    open_gateway: Callable[[], AbstractContextManager[RunningGateway]]
    version: Callable[[Profile], str]
    keep: Callable[[], None]


def say(text: str) -> None:
    """Past behave's capture: whoever waits for a network wants to know."""
    print(text, file=sys.__stdout__, flush=True)
