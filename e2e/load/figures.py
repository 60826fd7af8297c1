"""What the generator says: one JSON object a line, each with its `type`. See `Line`.

    opened      once, when every connection is open and subscribed: the schedule begins
    progress    every second
    violation   as it happens, the first `SHOWN` of each kind; the report counts all
    report      once, the last line

`at` is in seconds since the schedule began, latencies are in seconds, from the time that the schedule meant.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

SHOWN: Final = 10


class Opened(msgspec.Struct, tag_field="type", tag="opened", frozen=True):
    """`zero` is the machine's monotonic clock when the schedule began."""

    zero: float
    connections: int
    subscriptions: int
    took: float


class Progress(msgspec.Struct, tag_field="type", tag="progress", frozen=True):
    """`rate`, `p50`, `p99`, `worst`: answers of the last second (null without any); counts: since the beginning.

    `late` is by how much the generator itself was behind its schedule at worst in that second: where it is large, the
    machine and not the proxy was slow. `open`: connections; `behind`: of those, how many are heads behind the others.
    """

    at: float
    rate: float
    p50: float | None
    p99: float | None
    worst: float | None
    late: float
    due: int
    answered: int
    errors: int
    unsent: int
    unanswered: int
    outstanding: int
    violations: int
    open: int
    behind: int
    head: int
    cpu: float
    rss: int


class Frame(msgspec.Struct, frozen=True):
    """`way`: '>' sent, '<' got. `text` is cut."""

    at: float
    way: str
    text: str


class Violation(msgspec.Struct, tag_field="type", tag="violation", frozen=True):
    """A promise broken before the generator's eyes; `frames` are what its connection sent and got around it."""

    at: float
    lane: str
    kind: str
    text: str
    frames: list[Frame]


class Latency(msgspec.Struct, frozen=True):
    """`hdr` is the whole histogram, in microseconds, in HdrHistogram's own compressed text form (V2)."""

    count: int
    p50: float
    p90: float
    p99: float
    p999: float
    worst: float
    hdr: str


class Report(msgspec.Struct, tag_field="type", tag="report", frozen=True):
    """The whole run.

    `due` = `sent` + `unsent`, and `sent` = `answered` + `cut` + `unanswered`: each request is in one place.
    `errors`: answered requests whose answer was an error, by code, with an example of each in `examples`. `cut`: the
    connection closed before the answer. `unsent`: due while its connection was not open, by reason. `late`: answers
    after `patience`, of requests that count as unanswered. `violations` by kind. `closes`: connections that the other
    side closed, by close code. `latency` by group: ws and http; through (the proxy) and direct (past it) are the same
    requests in turns.
    """

    seconds: float
    due: int
    sent: int
    answered: int
    cut: int
    unanswered: int
    late: int
    errors: dict[str, int]
    examples: dict[str, str]
    unsent: dict[str, int]
    violations: dict[str, int]
    closes: dict[str, int]
    reopened: int
    events: int
    branches: int
    head: int
    latency: dict[str, Latency]
    behind_schedule: Latency
    cpu: float
    rss: int

    @property
    def clean(self) -> bool:
        """Every request was sent and answered once, nothing came that was not asked for, no connection was lost."""
        lost = self.cut + self.unanswered + sum(self.unsent.values())
        return not (lost or self.violations or self.closes)


Line: TypeAlias = Opened | Progress | Violation | Report

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Line).decode
