"""What is written down, read and judged: a sound day is green, and each single thing that is wrong turns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.checkers.verdict import Answer, Verdict
from e2e.load.figures import Latency
from e2e.soak import journal, report
from e2e.soak.__main__ import ended
from e2e.soak.gather import LegFigures, gather
from e2e.soak.leg import LOAD, PROXY, STOPPED, TIME
from e2e.soak.plan import NoSuchRunError, Plan
from e2e.soak.verdicts import answer, seconds_left, verdicts
from tests.e2e.soak.journals import EVERY, Course, new_run, write_leg

if TYPE_CHECKING:
    from pathlib import Path


def judged(folder: Path, *courses: Course) -> dict[str, Verdict]:
    run = new_run(folder)
    return {each.promise: each for each in verdicts([gather(write_leg(run, course)) for course in courses])}


@pytest.mark.parametrize("course", [Course(), Course(grow={"waited": 0.2})], ids=["quiet", "hungry"])
def test_a_sound_run_is_green_and_so_is_one_that_kept_everything_on_a_busy_machine(
    tmp_path: Path, course: Course
) -> None:
    found = judged(tmp_path, course)
    assert {name: each.reason for name, each in found.items() if each.answer is not Answer.YES} == {}
    assert answer(list(found.values())) is Answer.YES


@pytest.mark.parametrize(
    ("promise", "course"),
    [
        ("memory_stable", Course(grow={"rss": 200 * 1024 / EVERY})),
        ("descriptors_stable", Course(grow={"descriptors": 0.05})),
        ("tasks_stable", Course(grow={"tasks": 0.05})),
        ("threads_stable", Course(grow={"threads": 0.01})),
        ("counts_clients", Course(look={"connections": 105.0})),
        ("counts_clients", Course(look={"subscriptions": 107.0})),
        ("answered_soon", Course(slow=0.05)),
        ("no_time_outs", Course(piece={"failed": 1, "timeouts": 1})),
        ("no_time_outs", Course(report={"errors": {"-32000": 1}, "examples": {"-32000": "context deadline exceeded"}})),
        ("no_time_outs", Course(report={"errors": {"-32603": 2}, "examples": {"-32603": "upstream timed out"}})),
        ("succeeded", Course(report={"errors": {"-32000": 400}, "examples": {"-32000": "no node"}})),
        ("load_lost_nothing", Course(report={"cut": 1})),
        ("load_lost_nothing", Course(report={"violations": {"stranger": 1}})),
        ("load_lost_nothing", Course(report={"closes": {"1006": 1}})),
        ("stayed_up", Course(why=PROXY)),
        ("no_strangers", Course(answers={"no_strangers": "no"})),
    ],
)
def test_one_thing_wrong_is_enough(tmp_path: Path, promise: str, course: Course) -> None:
    found = judged(tmp_path, course)
    assert found[promise].answer is Answer.NO, found[promise].reason
    assert [name for name, each in found.items() if each.answer is Answer.NO] == [promise]


@pytest.mark.parametrize(
    ("promise", "course"),
    [
        ("stayed_up", Course(why=LOAD)),
        ("was_forced", Course(away=None)),
        ("memory_stable", Course(seconds=60.0)),
        ("machine_kept_up", Course(piece={"still": 120.0})),
        ("answered_soon", Course(slow=0.05, grow={"waited": 0.2})),
        ("harness_flat", Course(grow={"harness": 20e3})),
        ("descriptors_stable", Course(look={"descriptors": 260})),
        ("answered_soon", Course(why=None)),
        ("answered_soon", Course(slow=0.03, report={"behind_schedule": Latency(9, 0.0, 0.0, 0.1, 0.1, 0.1, "")})),
        ("isolated", Course(seconds=180.0, answers={"isolated": "unknown"})),
    ],
)
def test_what_nobody_can_say_is_unknown(tmp_path: Path, promise: str, course: Course) -> None:
    assert judged(tmp_path, course)[promise].answer is Answer.UNKNOWN


def test_one_window_in_many_may_be_unknown(tmp_path: Path) -> None:
    verdict = judged(tmp_path, Course(answers={"isolated": "unknown"}))["isolated"]
    assert (verdict.answer, verdict.reason) == (Answer.YES, "60 windows, 1 of which nobody can say")


def test_a_crash_of_the_harness_costs_what_was_not_judged(tmp_path: Path) -> None:
    """Two legs are summed; the second has the report that the first never came to."""
    run = new_run(tmp_path, 3600.0)
    first = gather(write_leg(run, Course(why=None)))
    assert seconds_left(3600.0, [first]) == 1800.0
    second = gather(write_leg(run, Course(seed=2)))
    found = {each.promise: each for each in verdicts([first, second])}
    assert answer(list(found.values())) is Answer.YES
    assert found["succeeded"].reason.startswith("100.0000% of 432000 requests")
    assert "the harness died 1 times" in found["stayed_up"].reason
    assert [folder.name for folder in journal.legs(run)] == ["1", "2"]


def test_a_leak_is_seen_across_a_crash(tmp_path: Path) -> None:
    leaking = [Course(grow={"rss": 7000.0}, why=None), Course(grow={"rss": 7000.0})]
    verdict = judged(tmp_path, *leaking)["memory_stable"]
    assert verdict.answer is Answer.NO
    assert 900 < verdict.facts["grew a move"] < 1200  # 7000 B a second, 200 moves in 30 s


def test_half_a_line_is_no_line(tmp_path: Path) -> None:
    leg = write_leg(new_run(tmp_path), Course())
    whole = gather(leg).windows
    for name in (journal.PIECES, journal.LOOKS, journal.BOUTS, "load.jsonl"):
        with (leg / name).open("ab") as file:
            file.write(b'{"at": 1')
    assert gather(leg).windows == whole


def test_curves_are_of_bounded_size(tmp_path: Path) -> None:
    figures = gather(write_leg(new_run(tmp_path), Course(seconds=20_000.0)))
    assert 400 < len(figures.curves["rss"]) <= 482


def test_the_plan_is_read_back(tmp_path: Path) -> None:
    run = new_run(tmp_path)
    assert Plan.read(run / journal.PLAN) == Plan(1800.0, EVERY)
    with pytest.raises(NoSuchRunError, match="nothing"):
        Plan.read(tmp_path / "nothing" / journal.PLAN)


@pytest.mark.parametrize("courses", [[Course()], [Course(seconds=300.0, why=None), Course(seconds=900.0)]])
def test_the_page_has_every_verdict_and_curve(tmp_path: Path, courses: list[Course]) -> None:
    run = new_run(tmp_path)
    legs = [gather(write_leg(run, course)) for course in courses]
    found = verdicts(legs)
    page = report.write(run, Plan(1800.0, EVERY), legs, found).read_text(encoding="utf-8")
    assert all(f"<td>{each.promise}</td>" in page for each in found)
    assert page.count("<polyline") == 11 * len(legs)
    assert "$" not in page


def test_a_run_that_wrote_nothing_is_unknown() -> None:
    nothing: list[Any] = verdicts([LegFigures()])
    assert answer(nothing) is Answer.UNKNOWN


@pytest.mark.parametrize(
    ("why", "code", "expected"), [(TIME, 0, 0), (TIME, 2, 2), (STOPPED, 0, 130), (STOPPED, 2, 130), (STOPPED, 1, 1)]
)
def test_a_run_that_was_stopped_can_go_on_unless_something_is_broken(why: str, code: int, expected: int) -> None:
    assert ended(why, code) == expected
