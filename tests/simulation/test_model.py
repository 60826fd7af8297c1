"""The parts of the simulated world do what they say."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from proxy.nodes import Snapshot, Tier
from proxy.session import Session, Settings
from proxy.session import events as ev
from simulation import api
from simulation.agenda import Agenda, Process
from simulation.audit import BUSY, Audit
from simulation.chain import Chain, View
from simulation.dialect import DIALECTS, Dialect
from simulation.node import Node
from simulation.plan import Act, Plan, Setting
from simulation.shrink import shrink
from simulation.wire import Wire


def test_deeds_are_done_in_the_order_of_time_and_then_of_asking() -> None:
    agenda, done = Agenda(), list[str]()
    agenda.at(2.0, done.append, "late")
    agenda.at(1.0, done.append, "first")
    agenda.at(1.0, done.append, "second")
    agenda.at(1.0, agenda.at, 0.5, done.append, "asked for in the past")
    agenda.run(1.5)
    assert done == ["first", "second", "asked for in the past"]
    assert agenda.now == 1.5
    agenda.run(3.0)
    assert done[-1] == "late"


def test_time_that_stands_still_is_an_error() -> None:
    agenda = Agenda()

    def again() -> None:
        agenda.after(0.0, again)

    agenda.at(1.0, again)
    with pytest.raises(RuntimeError, match="stands still"):
        agenda.run(2.0)


@pytest.mark.parametrize("seed", range(8))
def test_a_starved_process_does_all_it_missed_when_it_runs_again(seed: int) -> None:
    agenda, done = Agenda(), list[tuple[str, float]]()
    process = Process(agenda, Random(seed))

    def note(what: str) -> None:
        done.append((what, agenda.now))

    process.freeze()
    process.timer(1.0, note, "timer")
    agenda.at(2.0, process.io, note, "packet")
    agenda.at(3.0, process.thaw)
    agenda.run(4.0)
    assert sorted(done) == [("packet", 3.0), ("timer", 3.0)]


def test_a_view_goes_over_a_fork_and_back() -> None:
    chain = Chain(Random(1))
    old = chain.tip
    view = View(old)
    new = chain.reorg(2)
    gone, came = view.move(new[-1])
    assert [block.number for block in gone] == [old.number, old.number - 1]
    assert came == new
    assert view.tip is new[-1]
    assert view.by_hash(old.hash) is old
    assert view.at(old.number) is new[1]
    assert view.move(old) == (new[::-1], gone[::-1])


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_is_json_rpc(dialect: Dialect) -> None:
    answer = orjson.loads(dialect.answered(7, b'"result":"0x1"'))
    assert (str(answer["id"]), answer["result"]) == ("7", "0x1")
    event = orjson.loads(dialect.announced(b"0x5", b'{"number":"0x1"}'))
    assert event["params"] == {"subscription": "0x5", "result": {"number": "0x1"}}


def test_a_node_answers_about_its_own_chain() -> None:
    chain = Chain(Random(1))
    view = View(chain.tip)
    above = chain.grow()
    assert api.answer(view, "eth_getBlockByNumber", [hex(above.number), False]) == b'"result":null'
    assert api.answer(view, "eth_getBlockByNumber", ["latest", False]).endswith(chain.tip.parent.full)  # type: ignore[union-attr]
    assert b"beyond" in api.answer(view, "eth_getLogs", [{"fromBlock": hex(above.number)}])
    assert b"-32601" in api.answer(view, "eth_noSuchMethod", [])
    assert b"-32602" in api.answer(view, "eth_getBalance", [])


class Ear:
    """The proxy's end of a link."""

    def __init__(self) -> None:
        self.agenda = Agenda()
        self.process = Process(self.agenda, Random(0))
        self.node = Node(
            "p1",
            Tier.PRIMARY,
            DIALECTS[0],
            self.agenda,
            Chain(Random(0)).tip,
            rng=Random(0),
            record=lambda _entry: None,
        )
        self.heard: list[tuple[str, ...]] = []

    def dial(self) -> Wire:
        return Wire(self.process, self.node, lambda *what: self.heard.append(what), Random(0))

    def kinds(self) -> list[str]:
        self.agenda.run(self.agenda.now + 0.5)
        return [what[0] for what in self.heard]


REQUEST = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId","params":[]}'


def test_a_link_carries_a_request_and_its_answer() -> None:
    ear = Ear()
    wire = ear.dial()
    wire.to_node(REQUEST)
    wire.ping()
    assert sorted(ear.kinds()) == ["opened", "ponged", "sent"]


def test_a_paused_node_answers_when_it_goes_on() -> None:
    ear = Ear()
    wire = ear.dial()
    assert ear.kinds() == ["opened"]
    ear.node.paused = True
    wire.to_node(REQUEST)
    assert ear.kinds() == ["opened"]
    ear.node.resume()
    assert ear.kinds() == ["opened", "sent"]


def test_a_black_hole_keeps_what_it_took_until_it_is_lifted() -> None:
    ear = Ear()
    wire = ear.dial()
    assert ear.kinds() == ["opened"]
    ear.node.hole = True
    wire.to_node(REQUEST)
    assert ear.kinds() == ["opened"]
    ear.node.lift_hole()
    assert ear.kinds() == ["opened", "sent"]


def test_a_reset_loses_what_is_on_its_way_and_a_close_does_not() -> None:
    for polite, heard in ((True, ["opened", "sent", "lost"]), (False, ["opened", "lost"])):
        ear = Ear()
        wire = ear.dial()
        assert ear.kinds() == ["opened"]
        wire.to_proxy("sent", b"{}")
        if polite:
            wire.close(1001)
        else:
            wire.cut("reset")
        assert ear.kinds() == heard


def test_whoever_is_gone_refuses() -> None:
    ear = Ear()
    ear.node.stop(None)
    ear.dial()
    assert ear.kinds() == ["lost"]


def test_the_audit_blames_what_no_session_may_do() -> None:
    audit = Audit(Session(Settings(), Snapshot(), Random(0), 0.0))
    for command in (
        ev.SendUpstream(1, b""),
        ev.HangUp(1),
        ev.Moved("p1", "p2"),
        ev.Count("ws_queue_size", -1),
        ev.CloseClient(1013, ""),
        ev.SendClient(b""),
        ev.Dial(2, "p1"),
        ev.Dial(2, "p1"),
    ):
        audit.commanded(command)
    assert len(audit.complaints) == 6
    for _ in range(BUSY):
        audit.heard(ev.TimePassed(), 5.5)
    assert "woken" in audit.complaints[-1]


def test_shrinking_finds_the_two_actions_that_matter() -> None:
    setting = Setting((), 1.0, Settings(), 1.0)
    actions = tuple(Act(float(number), "c1", "leave") for number in range(40))
    short = shrink(Plan(0, setting, actions), lambda tried: {actions[3], actions[31]} <= set(tried.actions))
    assert short.actions == (actions[3], actions[31])
