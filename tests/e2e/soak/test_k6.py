"""What becomes of a k6 that does not end."""

from __future__ import annotations

import shutil
from argparse import Namespace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from e2e.exits import COULD_NOT_START
from e2e.soak import k6
from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pytest

    from e2e.soak.ground import Ground


SLEEP = shutil.which("sleep") or "sleep"


class NothingForced:
    """Waits for the end, as forcing does that has nothing to do before."""

    def __init__(self, *_: object) -> None:
        pass

    def every(self, _: float, over: Callable[[], bool]) -> Iterator[Any]:
        wait_until(over, 20, "k6 has ended, or its time is over")
        return iter(())


def test_a_k6_that_stands_still_is_ended_and_proves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(k6, "OVERTIME", 0.2)
    monkeypatch.setattr(k6, "Forcing", NothingForced)
    standing = cast("Ground", SimpleNamespace(testbed=SimpleNamespace(folder=tmp_path / "network")))
    options = Namespace(clients=1, duration=0.1, every=1.0, faults=())
    assert k6.play(standing, [SLEEP, "300"], options) == COULD_NOT_START
    assert "k6 did not end in time; 0 of 0" in capsys.readouterr().out
