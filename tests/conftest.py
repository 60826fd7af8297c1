"""Profiles of Hypothesis, chosen with HYPOTHESIS_PROFILE, and an end for tests that no signal reaches any more.

`nightly` tries new examples each time, the others the same.
"""

from __future__ import annotations

import faulthandler
import os
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from pytest_timeout import Settings

# no deadline: the machine is shared, and slow is not wrong
settings.register_profile("dev", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=10_000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

#: Seconds that a test has for its own end once its time is over: pytest-timeout raises in it, and that once.
CLEAN_UP: Final = 30.0
_STDERR: Final = pytest.StashKey[int]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_STDERR] = os.dup(2)  # output is not captured yet


def pytest_timeout_set_timer(item: pytest.Item, settings: Settings) -> None:
    """Let a watchdog end the process, all stacks shown, where a test neither passes nor fails after its time-out.

    It needs neither the interpreter nor the main thread, as the signal does: one may stand still in a library, and the
    other wait in the clean-up that the time-out began.
    """
    faulthandler.dump_traceback_later(settings.timeout + CLEAN_UP, exit=True, file=item.config.stash[_STDERR])


def pytest_timeout_cancel_timer() -> None:
    faulthandler.cancel_dump_traceback_later()
