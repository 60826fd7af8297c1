"""Runs as a soak writes them down, made up: sound ones, and ones with one thing wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

import msgspec

from e2e.checkers import CHECKERS
from e2e.load.figures import Progress, Report, encode
from e2e.load.histogram import Histogram
from e2e.soak import journal
from e2e.soak.journal import Bout, Look, Pen, Piece
from e2e.soak.leg import END, TIME
from e2e.soak.plan import Plan

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1 << 20
EVERY = 30.0


@dataclass
class Course:
    """What happens in a made-up leg. `grow`: by how much a second; `look`, `piece`, `report` replace single values."""

    seconds: float = 1800.0
    grow: dict[str, float] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    slow: float = 0.004
    look: dict[str, Any] = field(default_factory=dict)
    piece: dict[str, Any] = field(default_factory=dict)
    report: dict[str, Any] = field(default_factory=dict)
    away: float | None = 0.3
    why: str | None = TIME
    seed: int = 1


def new_run(folder: Path, duration: float = 1800.0) -> Path:
    run = folder / "run"
    run.mkdir()
    Plan(duration, EVERY).write(run / journal.PLAN)
    return run


def write_leg(run: Path, course: Course) -> Path:
    """Write a whole leg; returns its folder."""
    leg = journal.new_leg(run)
    random = Random(course.seed)
    _lines(leg / journal.LOOKS, [_look(course, random, second) for second in range(0, int(course.seconds), 4)])
    _lines(leg / journal.PIECES, [_piece(course, number) for number in range(1, int(course.seconds / 30) + 1)])
    bouts = [Bout(at, "kill", "el-1-primary", course.away, 1.5) for at in range(30, int(course.seconds), int(EVERY))]
    _lines(leg / journal.BOUTS, bouts)
    _write_load(leg, course)
    if course.why is not None:
        (leg / END).write_text(json.dumps({"why": course.why}), encoding="utf-8")
    return leg


def _lines(path: Path, lines: list[Any]) -> None:
    pen = Pen(path)
    for line in lines:
        pen.write(line)
    pen.close()


def _look(course: Course, random: Random, second: int) -> Look:
    look = Look(
        at=float(second),
        rss=60 * MIB + random.gauss(0, 0.2 * MIB),
        descriptors=220,
        threads=3,
        tasks=120.0,
        connections=104.0,
        true_connections=104,
        subscriptions=108.0,
        true_subscriptions=108,
        moves=200.0 * (second // int(EVERY)),
        harness=90.0 * MIB,
        load=50.0 * MIB,
        rate=100.0,
        p50=0.003,
        p99=0.02,
        worst=0.05,
        late=0.002,
        ran=0.1 * second,
        waited=0.01 * second,
    )
    grown = {name: getattr(look, name) + round(rate * second) for name, rate in course.grow.items()}
    return msgspec.structs.replace(look, **grown, **(course.look if second > 0.75 * course.seconds else {}))


def _piece(course: Course, number: int) -> Piece:
    answers = dict.fromkeys(CHECKERS, "yes") | (course.answers if number == 5 else {})
    reasons = {name: "because" for name, said in answers.items() if said in {"no", "unknown"}}
    piece = Piece(number, 30.0 * (number - 1), 30.0 * number, answers, reasons, 600, 0, 0, 500)
    return msgspec.structs.replace(piece, **course.piece) if number == 5 else piece


def _write_load(leg: Path, course: Course) -> None:
    random, latencies = Random(course.seed), Histogram()
    for _ in range(2000):
        latencies.add(random.expovariate(1 / course.slow))
    told, lateness = latencies.latency(), Histogram()
    lateness.add(0.001)
    due = int(100 * course.seconds)
    report = Report(
        seconds=course.seconds, due=due, sent=due, answered=due, cut=0, unanswered=0, late=0, errors={}, examples={},
        unsent={}, violations={}, closes={}, reopened=0, events=100, branches=0, head=9, latency={"ws": told},
        behind_schedule=lateness.latency(), cpu=1.0, rss=50 * MIB,
    )  # fmt: skip
    progress = Progress(
        at=course.seconds, rate=100.0, p50=0.003, p99=0.02, worst=0.03, late=0.0, due=due, answered=due, errors=0,
        unsent=0, unanswered=0, outstanding=0, violations=0, open=100, behind=0, head=9, cpu=1.0, rss=50 * MIB,
    )  # fmt: skip
    with (leg / "load.jsonl").open("wb") as file:
        file.write(encode(progress) + b"\n")
        if course.why is not None:
            file.write(encode(msgspec.structs.replace(report, **course.report)) + b"\n")
