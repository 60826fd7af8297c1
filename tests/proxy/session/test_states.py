"""The table of moves is the specification: every one of them is made, and the picture in the docs is drawn from it."""

from __future__ import annotations

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from proxy.session import MOVES, State
from proxy.session import events as ev
from proxy.session.states import diagram
from tests.proxy.session.stage import Stage

DOCUMENT = Path(__file__).parents[3] / "docs" / "session.md"


def test_the_document_holds_the_diagram() -> None:
    [drawn] = re.findall(r"```mermaid\n(.*?)\n```", DOCUMENT.read_text(), re.DOTALL)
    assert drawn == diagram()


@given(st.sampled_from(State), st.sampled_from(State))
def test_the_diagram_has_the_moves_of_the_table_and_no_others(here: State, there: State) -> None:
    lines = diagram().splitlines()
    drawn = [line for line in lines if line.strip().startswith(f"{here.name} --> {there.name}: ")]
    assert len(drawn) == (there in MOVES[here])
    assert [line for line in lines if line.startswith(f"    {here.name}: {here.name} - ")]
    assert not any(re.search("[:;]", line.partition(": ")[2]) for line in lines), "Mermaid ends a description there"


@given(st.sampled_from(State))
def test_every_state_is_reached_and_can_end(state: State) -> None:
    assert state in MOVES
    assert state is State.CLOSED or State.CLOSED in MOVES[state]
    assert state is State.OFFLINE or any(state in ways for ways in MOVES.values())


def test_every_move_is_made() -> None:
    made = set()
    for ending in (State.OFFLINE, State.RESTORING, State.LIVE):
        stage = Stage("P1", "B1")
        stage.route("B1")
        stage.start()
        stage.subscribe("newHeads")
        stage["B1"].drop()  # OFFLINE
        stage.wait(2)
        stage["P1"].holds = {"*"}
        stage.route("P1", "B1")
        stage.wait(2)
        stage["B1"].drop()  # RESTORING: the next link is open
        stage["P1"].drop()  # OFFLINE
        stage.wait(2)  # RESTORING at B1, then LIVE
        stage.route("P1", "B1")
        stage.wait(2)
        if ending is not State.LIVE:
            stage["B1"].drop()
        if ending is State.OFFLINE:
            stage["P1"].drop()
        assert stage.session.state is ending
        stage.apply(ev.ClientLeft())
        made |= stage.moves
    planned = {(State.LIVE, State.LIVE)}  # a better node takes over: the state does not change
    assert made | planned == {(here, there) for here, ways in MOVES.items() for there in ways}
