"""What a session owes its client: the reference of the state machine, which knows neither links nor nodes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from proxy import jsonrpc
from proxy.session import Settings

if TYPE_CHECKING:
    from simulation.chain import Block

IDENTITY = "0x" + "4".rjust(40, "0")
SETTINGS = Settings(request_timeout=300, queue_max_messages=20, backoff_most=1.0)


@dataclass(slots=True)
class Asked:
    """One request; `at` is when it was sent, `crowded` whether more were open then than may wait."""

    id: str | float | None
    method: str
    params: list[Any]
    notification: bool = False
    at: float = 0.0
    crowded: bool = False

    @property
    def text(self) -> bytes:
        fields = {"jsonrpc": "2.0", "method": self.method, "params": self.params}
        return orjson.dumps(fields if self.notification else {"id": self.id, **fields})


@dataclass(slots=True)
class Stream:
    """One subscription as the client sees it: what was told, and what of it stands."""

    kind: str
    told: list[Any] = field(default_factory=list)
    standing: list[Any] = field(default_factory=list)
    # no node had this block when the client was told of the subscription: it is owed
    since: int = 0

    def hear(self, result: Any, blocks: dict[str, Block]) -> None:
        match self.kind:
            case "newHeads":
                self._hear_head(blocks[result["hash"]], result)
            case "logs":
                self._hear_log(result)
            case _:
                assert result not in self.told, "told twice"
        self.told.append(result)

    def _hear_head(self, block: Block, header: Any) -> None:
        assert header == orjson.loads(block.header)
        assert block not in self.standing, "a head twice"
        if self.standing and block.parent in self.standing:
            del self.standing[self.standing.index(block.parent) + 1 :]
        elif self.standing:
            assert block.number <= self.standing[0].number, "a gap in the heads"
            self.standing.clear()
        self.standing.append(block)

    def _hear_log(self, log: Any) -> None:
        if log["removed"]:
            self.standing.remove({**log, "removed": False})
        else:
            assert log not in self.standing, "a log twice"
            self.standing.append(log)


class Client:
    """Everything that was sent and received."""

    def __init__(self) -> None:
        self.owed: list[list[Asked]] = []
        # answers with an error in them, with what they were taken for and when they came
        self.failed: list[tuple[list[Asked], list[Any], float]] = []
        self.streams: dict[str, Stream] = {}

    def sent(self, asked: list[Asked], now: float, *, batch: bool, crowded: bool) -> bytes:
        """The message; what it asks for is owed from now on."""
        due = [one for one in asked if not one.notification]
        if due:
            self.owed.append(due)
        for one in asked:
            one.at, one.crowded = now, crowded
        texts = [one.text for one in asked]
        return b"[%b]" % b",".join(texts) if batch else texts[0]

    def received(self, frame: Any, blocks: dict[str, Block], newest: int, now: float) -> None:
        """Asserts that the frame was owed; `newest` is the number of the newest block that any node has."""
        if isinstance(frame, dict) and "params" in frame:
            stream = self.streams.get(frame["params"]["subscription"])
            assert stream is not None, f"an event of nobody: {frame}"
            stream.hear(frame["params"]["result"], blocks)
            return
        answers = frame if isinstance(frame, list) else [frame]
        due = self._meant(answers, now) or self._mistaken(answers, now)
        assert due is not None, f"answers nothing that was asked: {frame}"
        self.owed.remove(due)
        if any("error" in answer for answer in answers):
            self.failed.append((due, answers, now))
        for one, answer in zip(due, answers, strict=True):
            self._settle(one, answer, newest)

    def _settle(self, asked: Asked, answer: Any, newest: int) -> None:
        if "result" not in answer:
            return
        if asked.method == "eth_subscribe":
            assert answer["result"] not in self.streams, "an id twice"
            self.streams[answer["result"]] = Stream(asked.params[0], since=newest + 1)
        elif asked.method == "eth_unsubscribe" and answer["result"]:
            del self.streams[asked.params[0]]

    def _meant(self, answers: list[Any], now: float) -> list[Asked] | None:
        return next((due for due in self.owed if self._fit(due, answers, now)), None)

    def _mistaken(self, answers: list[Any], now: float) -> list[Asked] | None:
        """What an error was taken for that was meant for another one: with ids used again nobody can tell at first."""
        for place, (taken, errors, then) in enumerate(self.failed):
            other = self._meant(errors, then) if self._fit(taken, answers, now) else None
            if other is not None:
                self.failed[place] = (other, errors, then)
                self.owed.remove(other)
                self.owed.append(taken)
                return taken
        return None

    def _fit(self, due: list[Asked], answers: list[Any], now: float) -> bool:
        return len(due) == len(answers) and all(
            self._fits(one, answer, now) for one, answer in zip(due, answers, strict=True)
        )

    def _fits(self, asked: Asked, answer: Any, now: float) -> bool:
        """Whether this may be the answer to that."""
        if answer["id"] != asked.id or type(answer["id"]) is not type(asked.id):
            return False
        if "error" in answer:
            return "promise" in answer["error"]["data"] and self._may_fail(asked, answer["error"]["code"], now)
        match asked.method:
            case "eth_call":
                return bool(answer["result"] == asked.params[0]["data"])
            case "eth_sendRawTransaction":  # as simulation.api names a transaction
                return bool(answer["result"] == "0x" + hashlib.sha256(asked.params[0].encode()).hexdigest())
            case "eth_unsubscribe":
                return answer["result"] in (True, False)
            case _:
                return isinstance(answer["result"], str)

    def _may_fail(self, asked: Asked, code: int, now: float) -> bool:
        """Whether the proxy may give up with this error of its own."""
        match code:
            case jsonrpc.TIMED_OUT:
                return now - asked.at >= SETTINGS.request_timeout
            case jsonrpc.QUEUE_FULL:
                return asked.crowded
            case jsonrpc.OUTCOME_UNKNOWN:
                return asked.method == "eth_sendRawTransaction"
            case _:
                return code == jsonrpc.NODE_FAILED and jsonrpc.is_read(asked.method)
