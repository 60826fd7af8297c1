"""Hypothesis plays client, nodes, nemesis and clock against one session, and looks for what stays owed."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from proxy.session import events as ev
from proxy.session.states import MOVES
from simulation.dialect import DIALECTS
from tests.proxy.session.model import IDENTITY, SETTINGS, Asked, Client
from tests.proxy.session.stage import Stage

if TYPE_CHECKING:
    from simulation.chain import Block
    from tests.proxy.session.model import Stream
    from tests.proxy.session.upstream import Upstream

NAMES = ("P1", "P2", "B1", "B2")
ONE = st.sampled_from(NAMES)
# most happens where the client is, or is about to be
NODES = st.sampled_from([*NAMES, "carrier", "carrier", "carrier", "next"])
IDS: st.SearchStrategy[Any] = st.sampled_from([0, 1, 1.5, "1", "", None, 2**53])
KINDS = st.sampled_from(["newHeads", "logs", "newPendingTransactions", "syncing"])


class SessionMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.client = Client()
        self.blocks: dict[str, Block] = {}
        self.unique = count(1)
        self.announced = ""
        self.sound = True
        self.stage = Stage(*NAMES, settings=SETTINGS)

    @initialize(seed=st.integers(0, 2**16), dialects=st.tuples(*[st.integers(0, len(DIALECTS) - 1)] * 4))
    def begin(self, seed: int, dialects: tuple[int, ...]) -> None:
        self.stage = Stage(*NAMES, settings=SETTINGS, seed=seed)
        for name, dialect in zip(NAMES, dialects, strict=True):
            self.stage[name].dialect = DIALECTS[dialect]
        at: Block | None = self.stage.chain.tip
        while at is not None:
            self.blocks[at.hash] = at
            at = at.parent
        self.stage.start()

    def at(self, name: str) -> Upstream:
        link = self.stage.session._next if name == "next" else self.stage.session._current
        if name in NAMES:
            return self.stage[name]
        return self.stage["P1" if link is None else link.node]

    # ---- the client -----------------------------------------------------------------------------------------------

    def fresh(self) -> str:
        return f"0x{next(self.unique):08x}"

    def send(self, asked: list[Asked], *, batch: bool = False) -> None:
        crowded = self.stage.session._desk.waiting + len(asked) > SETTINGS.queue_max_messages
        self.stage.send(self.client.sent(asked, self.stage.now, batch=batch, crowded=crowded))

    def requests(self, draws: list[tuple[Any, str, bool]]) -> list[Asked]:
        made = []
        for an_id, what, notification in draws:
            match what:
                case "read":
                    made.append(
                        Asked(an_id, "eth_call", [{"to": IDENTITY, "data": self.fresh()}, "latest"], notification)
                    )
                case "send":
                    made.append(Asked(an_id, "eth_sendRawTransaction", [self.fresh()], notification))
                case _:
                    # an id of its own: of two at once nobody could say which subscription is whose
                    made.append(Asked(self.fresh(), "eth_subscribe", [what, {}][: 2 if what == "logs" else 1]))
        return made

    @rule(
        draws=st.lists(st.tuples(IDS, st.just("read") | st.just("send") | KINDS, st.booleans()), min_size=1, max_size=4)
    )
    def ask_in_a_batch(self, draws: list[tuple[Any, str, bool]]) -> None:
        self.send(self.requests(draws), batch=True)

    @rule(an_id=IDS, what=st.sampled_from(["read", "read", "send"]), notification=st.booleans())
    def ask(self, an_id: Any, what: str, notification: bool) -> None:
        self.send(self.requests([(an_id, what, notification)]))

    @rule(kind=KINDS)
    def subscribe(self, kind: str) -> None:
        self.send(self.requests([(None, kind, False)]))

    @precondition(lambda self: self.client.streams)
    @rule(an_id=IDS, which=st.integers(0, 99))
    def unsubscribe(self, an_id: Any, which: int) -> None:
        target = sorted(self.client.streams)[which % len(self.client.streams)]
        self.send([Asked(an_id, "eth_unsubscribe", [target])])

    @rule(an_id=IDS, name=st.sampled_from(["0x1", "0x2", "nobody"]), notification=st.booleans())
    def unsubscribe_from_what_is_not_ours(self, an_id: Any, name: str, notification: bool) -> None:
        self.send([Asked(an_id, "eth_unsubscribe", [name], notification)])

    # ---- nodes ----------------------------------------------------------------------------------------------------

    @rule(name=NODES)
    def hold_answers(self, name: str) -> None:
        self.at(name).holds = {"*"}

    @rule(name=NODES, which=st.integers(0, 99))
    def answer_one(self, name: str, which: int) -> None:
        """In any order."""
        node = self.at(name)
        if node.held and not node.silent:
            node.held.insert(0, node.held.pop(which % len(node.held)))
            node.release()

    @rule(name=NODES)
    def answer_all(self, name: str) -> None:
        if not self.at(name).silent:
            self.at(name).release_all()

    @rule(
        name=NODES,
        text=st.sampled_from([b'{"id":999,"result":1}', b'{"jsonrpc":"2.0","id":1,"result":"0x"}', b"{", b"[]"]),
    )
    def say_what_nobody_asked(self, name: str, text: bytes) -> None:
        """Also an id that was answered before: only those that are not open are free to be repeated."""
        node = self.at(name)
        for epoch in [] if node.held or node.silent else [*node.links]:
            node.tell(ev.UpstreamSent(epoch, text))

    @rule()
    def speak_from_the_grave(self) -> None:
        """A link that was left answers what another one was asked."""
        dead = set(range(1, self.stage.session._epochs + 1)) - self.stage.session._links.keys()
        for node in self.stage.nodes.values():
            for asked in node.held if dead else []:
                self.stage.apply(ev.UpstreamSent(min(dead), node.dialect.answered(asked.id, b'"result":"0xdead"')))

    @rule(name=NODES)
    def announce_a_transaction(self, name: str) -> None:
        self.announced = self.fresh()
        self.at(name).announce("newPendingTransactions", self.announced)

    @rule(blocks=st.integers(1, 3), names=st.sets(ONE, min_size=1))
    def grow(self, blocks: int, names: set[str]) -> None:
        """The others lag behind."""
        for _ in range(blocks):
            self.spread(self.stage.chain.grow(), names)

    @rule(depth=st.integers(1, 3), names=st.sets(ONE, min_size=1))
    def reorganise(self, depth: int, names: set[str]) -> None:
        for block in self.stage.chain.reorg(depth):
            self.blocks[block.hash] = block
        self.spread(self.stage.chain.tip, names)

    def spread(self, tip: Block, names: set[str]) -> None:
        self.blocks[tip.hash] = tip
        up = [name for name in sorted(names) if self.stage[name].accepts and not self.stage[name].silent]
        if up:
            self.stage.spread(tip, *up)

    # ---- nemesis and clock ----------------------------------------------------------------------------------------

    @rule(name=NODES, reopens=st.booleans())
    def lose(self, name: str, reopens: bool) -> None:
        node = self.at(name)
        self.stage.lose(node.name)
        node.accepts = reopens

    @rule(name=NODES)
    def find_too_big(self, name: str) -> None:
        """For what this client sent the node ends its links, and takes new ones."""
        node, lost = self.at(name), len(self.stage.reports)
        node.drop("closed with 1009", refused=True)
        assert node.name not in self.stage.reports[lost:], "the lane was blamed"

    @rule(name=NODES)
    def silence(self, name: str) -> None:
        self.at(name).silent = True

    @rule(name=NODES)
    def revive(self, name: str) -> None:
        """With a new process, so that what was written to it while it was silent is gone."""
        node = self.at(name)
        if node.silent:
            node.drop()
        self.stage.revive(node.name)

    @rule(healthy=st.sets(ONE))
    def route(self, healthy: set[str]) -> None:
        """What the monitor thinks need not be so."""
        self.stage.route(*healthy)

    @rule()
    def move_away(self) -> None:
        self.stage.route(*{*NAMES} - {self.stage.carrier})
        self.stage.wait(0.3)

    @rule(name=ONE)
    def move_slowly(self, name: str) -> None:
        """What happens next happens during the takeover."""
        if name != self.stage.carrier:
            self.stage[name].holds = {"*"}
            self.stage.route(name)
            self.stage.wait(0.3)

    @rule()
    def come_home(self) -> None:
        self.stage.route(*NAMES)
        self.stage.wait(0.3)

    @rule(seconds=st.sampled_from([0.01, 0.06, 0.3, 1.0, 3.0, 301.0]))
    def wait(self, seconds: float) -> None:
        self.stage.wait(seconds)

    @rule()
    def sleep_too_long(self) -> None:
        self.stage.now += 5
        self.stage.apply(ev.TimePassed())

    # ---- what must hold -------------------------------------------------------------------------------------------

    @invariant()
    def only_what_is_owed_arrives(self) -> None:
        newest = max(node.view.tip.number for node in self.stage.nodes.values())
        self.sound = False
        for frame in self.stage.take():
            self.client.received(frame, self.blocks, newest, self.stage.now)
        self.sound = True

    @invariant()
    def the_session_lives_and_its_gauges_are_right(self) -> None:
        stage = self.stage
        assert stage.closed is None, stage.closed
        assert stage.carrier == stage.session.node
        assert stage.counts["ws_queue_size"] == stage.session._desk.waiting
        assert stage.counts["ws_subscriptions_active"] == len(stage.session._streams.book)
        assert {epoch for node in stage.nodes.values() for epoch in node.links} <= set(stage.session._links)
        assert all(after in MOVES[before] for before, after in stage.moves)

    @invariant()
    def nothing_is_written_more_often_than_it_may_be(self) -> None:
        sent = [one for node in self.stage.nodes.values() for one in node.asked]
        payloads = Counter(str(one.params) for one in sent if one.method == "eth_sendRawTransaction")
        assert set(payloads.values()) <= {1}
        reads = Counter(str(one.params) for one in sent if one.method == "eth_call")
        assert max(reads.values(), default=0) <= 3

    def teardown(self) -> None:
        """Everything heals; then nothing may be owed any more, and every subscription must be alive and complete."""
        stage = self.stage
        if not self.sound or not stage.dials:
            return  # it has failed already, or never begun
        for name in NAMES:
            self.revive(name)
            stage[name].release_all()
        stage.route(*NAMES)
        stage.wait(5)
        self.grow(2, set(NAMES))
        self.announce_a_transaction(stage.carrier or "")
        self.only_what_is_owed_arrives()
        self.the_session_lives_and_its_gauges_are_right()
        self.nothing_is_written_more_often_than_it_may_be()
        assert self.client.owed == [], "never answered"
        assert stage.carrier in ("P1", "P2")
        assert stage.session.open_calls == 0
        for stream in self.client.streams.values():
            self.assert_complete(stream)
        self.leave_everything()

    def assert_complete(self, stream: Stream) -> None:
        branch: list[Block] = []
        at: Block | None = self.stage.chain.tip
        while at is not None and at.number >= stream.since:
            branch.insert(0, at)
            at = at.parent
        match stream.kind:
            case "newHeads":
                assert [block for block in stream.standing if block.number >= stream.since] == branch
            case "logs":
                logs = [orjson.loads(log.text) for block in branch for log in block.logs]
                assert [log for log in stream.standing if int(log["blockNumber"], 16) >= stream.since] == logs
            case "newPendingTransactions":
                assert stream.told[-1] == self.announced

    def leave_everything(self) -> None:
        for target in [*self.client.streams]:
            assert self.stage.call("eth_unsubscribe", target)["result"] is True
        self.grow(1, set(NAMES))
        for name in NAMES:
            self.announce_a_transaction(name)
        assert self.stage.take() == []


TestSession = SessionMachine.TestCase
TestSession.settings = settings(stateful_step_count=40)
