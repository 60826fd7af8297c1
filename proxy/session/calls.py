"""Requests on their way: a client's calls, the batches they came in, and the session's own errands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from msgspec import Struct

from proxy import jsonrpc

if TYPE_CHECKING:
    from proxy.jsonrpc import Request


class Batch:
    """The answers of one batch, gathered until the last is there."""

    __slots__ = ("answers", "missing", "size", "subscriptions")

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.missing = 0
        # bytes of the answers that are there
        self.size = 0
        # ids handed out inside this batch: their events wait until the batch is answered
        self.subscriptions: list[bytes] = []

    def place(self) -> int:
        """Reserve the next place and return its number."""
        self.answers.append(None)
        self.missing += 1
        return len(self.answers) - 1

    def fill(self, place: int, answer: bytes) -> bytes | None:
        """Put an answer at its place; the text of the whole answer once it is complete."""
        self.answers[place] = answer
        self.size += len(answer)
        self.missing -= 1
        return self.text() if self.missing == 0 else None

    def text(self) -> bytes:
        return b"[%b]" % b",".join(answer for answer in self.answers if answer is not None)


class Call(Struct, gc=False, eq=False):
    """One request of the client that is owed exactly one answer; a struct for the reason that events are.

    `place` is its own in `batch`, if it came in one and is owed an answer.
    """

    request: Request
    deadline: float
    subscribes: bool
    batch: Batch | None = None
    place: int = 0
    # how often it was written, to which node last, and under which id there
    tries: int = 0
    node: str | None = None
    key: bytes = b""
    done: bool = False

    @property
    def read(self) -> bool:
        """Whether it may be written to a second node."""
        return self.subscribes or jsonrpc.is_read(self.request.method)


def call_of(request: Request, deadline: float, batch: Batch | None = None) -> Call:
    """The call that `request` is, in the next place of `batch` if it came in one."""
    place = 0 if batch is None or request.id is None else batch.place()
    return Call(request, deadline, request.method == "eth_subscribe", batch, place)


REPLAY: Final = "replay"
LATEST: Final = "latest"
BLOCK: Final = "block"
LOGS: Final = "logs"
IGNORE: Final = "ignore"


class Errand:
    """A request of the session's own. Its answer is for the session alone: it has no client id to go to.

    `about` is the key of the subscription that it serves, `first` and `last` the blocks, where it has any.
    """

    __slots__ = ("about", "deadline", "first", "last", "purpose")

    def __init__(self, purpose: str, deadline: float, about: bytes = b"", first: int = 0, last: int = 0) -> None:
        self.purpose = purpose
        self.deadline = deadline
        self.about = about
        self.first = first
        self.last = last
