"""The sums of a whole run, over all connections, in constant memory whatever its length."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from e2e.load.figures import SHOWN, Frame, Violation
from e2e.load.histogram import Histogram

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.load.plan import Group

BEFORE: Final = 12  # frames of a connection that are kept
AFTER: Final = 4  # frames that a violation waits for
CUT_AT: Final = 240  # bytes of a frame


class Ring:
    """The last frames of one connection, for the day on which something is wrong with them."""

    def __init__(self) -> None:
        self._frames: deque[tuple[float, str, bytes]] = deque(maxlen=BEFORE)
        self._waiting: list[tuple[int, list[Frame], Callable[[], None]]] = []

    def note(self, at: float, way: str, raw: bytes) -> None:
        """A frame was sent ('>') or got ('<')."""
        self._frames.append((at, way, raw[:CUT_AT]))
        if self._waiting:
            self._pass_on(_frame(at, way, raw[:CUT_AT]))

    def around(self, tell: Callable[[list[Frame]], None]) -> None:
        """Call `tell` with the frames up to now and the next few, once those came or the connection ended."""
        frames = [_frame(*each) for each in self._frames]
        self._waiting.append((AFTER, frames, lambda: tell(frames)))

    def end(self) -> None:
        """Tell now: nothing more will come."""
        waiting, self._waiting = self._waiting, []
        for _, _, tell in waiting:
            tell()

    def _pass_on(self, frame: Frame) -> None:
        waiting, self._waiting = self._waiting, []
        for left, frames, tell in waiting:
            frames.append(frame)
            if left > 1:
                self._waiting.append((left - 1, frames, tell))
            else:
                tell()


def _frame(at: float, way: str, raw: bytes) -> Frame:
    return Frame(round(at, 4), way, raw.decode(errors="replace"))


@dataclass(slots=True)
class Tally:
    """See `figures.Report` for the counts. `say` is given each violation that is to be shown."""

    say: Callable[[Violation], None]
    reorgs: bool = False
    due: int = 0
    sent: int = 0
    answered: int = 0
    cut: int = 0
    unanswered: int = 0
    late: int = 0
    events: int = 0
    branches: int = 0
    head: int = -1
    reopened: int = 0
    error_count: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    unsent: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    closes: Counter[str] = field(default_factory=Counter)
    constants: dict[str, Any] = field(default_factory=dict)
    latency: dict[Group, Histogram] = field(default_factory=dict)
    behind_schedule: Histogram = field(default_factory=Histogram)
    recent: list[float] = field(default_factory=list)
    """Latencies since the last progress line."""

    def took(self, group: Group, seconds: float) -> None:
        """A request was answered with a result."""
        if group not in self.latency:
            self.latency[group] = Histogram()
        self.latency[group].add(seconds)
        if group in ("ws", "http"):
            self.recent.append(seconds)

    def failed(self, code: str, example: str) -> None:
        """A request was answered with an error."""
        self.error_count += 1
        self.errors[code] += 1
        self.examples.setdefault(code, example[:CUT_AT])

    def violated(self, at: float, lane: str, kind: str, text: str, ring: Ring) -> None:
        """A promise was broken on a connection."""
        self.violations[kind] += 1
        if self.violations[kind] <= SHOWN:
            ring.around(lambda frames: self.say(Violation(round(at, 4), lane, kind, text, frames)))

    @property
    def violated_count(self) -> int:
        return sum(self.violations.values())

    @property
    def unsent_count(self) -> int:
        return sum(self.unsent.values())
