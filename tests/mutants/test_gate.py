"""What the gate reads out of a scenario that was played."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from e2e.checkers.verdict import Verdict, Witness, broken, kept, unknown
from e2e.ledger.history import History
from e2e.ledger.meta import Meta
from e2e.steps import guest
from e2e.steps.conclusion import Conclusion
from e2e.steps.judging import STANDING_STEP
from e2e.steps.results import Played
from mutants import gate
from mutants.catalogue import STEPS

if TYPE_CHECKING:
    from pathlib import Path

LOST = broken("answered_once", "1 of 2 lost", [Witness(1.0, "client-1", "lost")])
STACK = """Traceback (most recent call last):
  File "/x/proxy/shell/monitor.py", line 3, in probe
    probe()
  File "/x/mutants/incident.py", line 7, in probe
    link.gone()
AttributeError: 'Link' object has no attribute 'gone'
"""


def played(folder: Path, *verdicts: Verdict, error: str = "") -> Played:
    conclusion = Conclusion(folder, History([], Meta("A node goes")), verdicts)
    return Played(
        "Links", "A node goes -- @1.2 rows", "features/links.feature:7", "failed", 2.0, conclusion, error, None
    )


def test_checkers_that_say_no_are_named_with_their_reasons(tmp_path: Path) -> None:
    each = gate.outcome(played(tmp_path, LOST, kept("no_strangers", "fine"), unknown("isolated", "late")), "bad-bug")
    assert each.checkers == (("answered_once", "1 of 2 lost"),)
    assert (each.scenario, each.unclear, each.error) == ("links: A node goes", "isolated: late", "")


def test_a_step_that_failed_counts_unless_it_only_repeats_the_verdicts(tmp_path: Path) -> None:
    own = gate.outcome(played(tmp_path, error="Then I am well\nASSERT FAILED: no"), "bad-bug")
    assert own.names == {STEPS}
    assert not gate.outcome(played(tmp_path, error=f"Then {STANDING_STEP}\nASSERT FAILED: no"), "bad-bug").names


def test_a_scenario_that_was_not_judged_proves_nothing() -> None:
    failed = Played("Links", "A node goes", "features/links.feature:7", "hook_error", 2.0, None, "no port", None)
    assert "no port" in gate.outcome(failed, "bad-bug").error


def test_a_mutant_that_crashed_by_itself_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "proxy.log").write_text(STACK, encoding="utf-8")
    each = gate.outcome(played(tmp_path, LOST), "bad-bug")
    assert "'Link' object has no attribute 'gone'" in each.error


def test_every_scenario_has_a_name_under_which_it_is_written() -> None:
    written = guest.outlines()
    assert set(guest.scenarios()) <= set(written)
    row = "failover: Clients are served on when the primary is stopped"
    assert written[row] == "failover: Clients are served on when the primary is <done>"


def test_a_seed_that_is_none_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        gate.main(["--issues", "--seed", "-5"])
    assert ended.value.code == 2
    assert "must be digits only" in capsys.readouterr().err
