"""What is written down of a window."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from e2e.checkers.rolling import Window
from e2e.checkers.verdict import Verdict, Witness, broken, kept
from e2e.ledger.recorder import Recorder
from e2e.soak.journal import Piece
from e2e.soak.vitals import vitals
from e2e.soak.watch import Jury, piece
from e2e.soak.witness import FAULT
from tests.e2e.checkers.histories import P1, Run, good_run

if TYPE_CHECKING:
    from pathlib import Path

LATE_HOME = broken("returns_home", "late", [Witness(1.0, "", "late")])
STRANGER = broken("no_strangers", "one", [Witness(1.0, "", "one")])


def window(run: Run, *verdicts: Verdict) -> Window:
    history = run.history()
    return Window(1, 0.0, history.end, history, verdicts, history.exchanges)


def test_requests_failures_and_time_outs_are_counted() -> None:
    run = Run()
    client = run.client("a")
    client.asked(1).sent(2).error(2).sent(3).error(3, message="context deadline exceeded").sent(4)
    found = piece(window(run, kept("no_strangers", "fine")), 9)
    assert (found.requests, found.failed, found.timeouts, found.kept) == (4, 3, 2, 9)
    assert found.answers == {"no_strangers": "yes"}
    assert found.reasons == {}


@pytest.mark.parametrize("trouble", ["still", "late", ""])
def test_figures_of_seconds_mean_nothing_where_the_machine_stood_still(trouble: str) -> None:
    run = good_run()
    if trouble == "still":
        run.fault(FAULT, P1).wait(1.0).healed(FAULT, P1)
    elif trouble == "late":
        run.drifted(0.9)
    found = piece(window(run, LATE_HOME, STRANGER), 0)
    assert found.answers == {"returns_home": "unknown" if trouble else "no", "no_strangers": "no"}
    assert found.reasons == {"returns_home": "late", "no_strangers": "one"}
    assert (found.still > 0.9) == (trouble == "still")


def test_the_jury_keeps_a_red_window_whole(tmp_path: Path) -> None:
    run = good_run()
    recorder, told = Recorder(), list[Piece]()

    class OneWindow:
        def __len__(self) -> int:
            return 7

        def feed(self, _: object) -> None: ...

        def finish(self) -> Window:
            return window(run, STRANGER)

    Jury(OneWindow(), recorder, tmp_path, told.append).close()  # type: ignore[arg-type]
    assert [each.answers for each in told] == [{"no_strangers": "no"}]
    assert (tmp_path / "window-1" / "meta.json").is_file()
    lines = (tmp_path / "window-1" / "history.jsonl").read_text(encoding="ascii").splitlines()
    assert len(lines) == len(run.history().entries)


def test_vitals_are_those_of_the_process() -> None:
    own = vitals(os.getpid())
    assert own is not None
    assert own.rss > 1 << 20
    assert own.descriptors >= 3
    assert own.threads >= 1
    assert vitals(2**22 + 1) is None
