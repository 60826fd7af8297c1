"""Requests on their way: a client's calls, the batches they came in, and the session's own errands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from proxy import jsonrpc

if TYPE_CHECKING:
    from proxy.jsonrpc import Request


class Batch:
    """The answers of one batch, gathered until the last is there."""

    __slots__ = ("answers", "missing", "subscriptions")

    def __init__(self) -> None:
        self.answers: list[bytes | None] = []
        self.missing = 0
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
        self.missing -= 1
        return self.text() if self.missing == 0 else None

    def text(self) -> bytes:
        return b"[%b]" % b",".join(answer for answer in self.answers if answer is not None)


class Call:
    """One request of the client that is owed exactly one answer."""

    __slots__ = (
        "batch",
        "deadline",
        "done",
        "key",
        "method",
        "node",
        "place",
        "request",
        "size",
        "subscribes",
        "tries",
    )

    def __init__(self, request: Request, deadline: float, batch: Batch | None = None) -> None:
        self.request = request
        self.method = request.method
        self.subscribes = request.method == "eth_subscribe"
        self.size = len(request.before) + len(request.id or b"") + len(request.after)
        self.deadline = deadline
        self.batch = batch
        self.place = 0 if batch is None or request.id is None else batch.place()
        # how often it was written, to which node last, and under which id there
        self.tries = 0
        self.node: str | None = None
        self.key = b""
        self.done = False

    @property
    def read(self) -> bool:
        """Whether it may be written to a second node."""
        return self.subscribes or jsonrpc.is_read(self.method)


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
