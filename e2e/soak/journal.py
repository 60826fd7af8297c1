"""What a soak writes down as it goes: one folder a run, one folder a leg in it, JSON lines that survive a crash.

    runs/20261126T010203Z-soak/
        plan.json               what it is to be, see `plan.Plan`
        legs/1/                 from the start to its end, or to a crash of the harness; a resumed run has more of them
            looks.jsonl         every few seconds: how the proxy is, see `Look`
            pieces.jsonl        every half minute or so: what the checkers said, see `Piece`
            forced.jsonl        every forced reconnection, see `Bout`
            load.jsonl          what the load generator said, see `e2e.load.figures`
            window-7/           a window in which a promise was broken, as a run that can be judged again
            logs/ network/      of the proxy and of the nodes
        report.html

Times are in seconds since the leg began. Nothing is kept in memory: who wants to know reads it again, line by line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN: Final = "plan.json"
LEGS: Final = "legs"
LOOKS, PIECES, BOUTS = "looks.jsonl", "pieces.jsonl", "forced.jsonl"


class Look(msgspec.Struct, frozen=True):
    """How the proxy and the harness were at one instant.

    `rss` (bytes), `descriptors`, `threads` are of the proxy's process, `tasks` by its own metrics; `counted` is how
    many connections and subscriptions it says it has, `true_connections` and `true_subscriptions` how many there are.
    `moves`: how often one of its clients moved to another node, since it began. `harness`, `load`: bytes of memory of
    both processes of the harness; `late`: seconds by which the load generator was behind its schedule at worst.
    Latencies in seconds, of the last second. `ran`, `waited`: seconds that the proxy was on a CPU, and that it waited
    for one, since it began. None: not known.
    """

    at: float
    rss: float | None
    descriptors: int | None
    threads: int | None
    tasks: float | None
    connections: float | None
    true_connections: int
    subscriptions: float | None
    true_subscriptions: int
    moves: float | None
    harness: float | None
    load: float | None
    rate: float | None = None
    p50: float | None = None
    p99: float | None = None
    worst: float | None = None
    late: float | None = None
    ran: float | None = None
    waited: float | None = None


class Piece(msgspec.Struct, frozen=True):
    """A window that was judged: promise → answer, and the reasons of those that are red.

    `requests` of the judged clients that no earlier window had; `failed`: of those, without a result; `timeouts`: of
    those, because of time. `kept`: entries that the harness held at its end. `still`: seconds in which a node stood
    still though nobody had hurt it.
    """

    number: int
    since: float
    until: float
    answers: dict[str, str]
    reasons: dict[str, str]
    requests: int
    failed: int
    timeouts: int
    kept: int
    still: float = 0.0


class Bout(msgspec.Struct, frozen=True):
    """A forced reconnection that began at `at`; the rest as in `forcing.Forced`."""

    at: float
    fault: str
    node: str
    away: float | None
    home: float | None


T = TypeVar("T", Look, Piece, Bout)


class Pen:
    """Appends to one file, a line at a time; what is written is in the file when `write` returns."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab", buffering=0)

    def write(self, line: Look | Piece | Bout) -> None:
        self._file.write(msgspec.json.encode(line) + b"\n")

    def close(self) -> None:
        self._file.close()


def read(path: Path, kind: type[T]) -> Iterator[T]:
    """All lines of a file, none if there is no file; a last line that is cut off is left out."""
    decoder = msgspec.json.Decoder(kind)
    if not path.is_file():
        return
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield decoder.decode(line)


def legs(run: Path) -> list[Path]:
    """The folders of a run's legs, in order."""
    return sorted((run / LEGS).glob("*"), key=lambda folder: int(folder.name)) if (run / LEGS).is_dir() else []


def new_leg(run: Path) -> Path:
    """Make the folder of the next leg."""
    folder = run / LEGS / str(len(legs(run)) + 1)
    folder.mkdir(parents=True)
    return folder
