"""The states of a session and the moves between them: the specification that the session asserts."""

from __future__ import annotations

from enum import Enum
from typing import Final


class State(Enum):
    OFFLINE = "no upstream: requests wait"
    RESTORING = "a link is open and takes the subscriptions over: requests wait"
    LIVE = "requests flow"
    CLOSED = "the client is gone"


MOVES: Final[dict[State, dict[State, str]]] = {
    State.OFFLINE: {
        State.RESTORING: "a link opened; there are subscriptions",
        State.LIVE: "a link opened; there are none",
        State.CLOSED: "the client left",
    },
    State.RESTORING: {
        State.LIVE: "the node confirmed them all",
        State.OFFLINE: "the link was lost, or refused one",
        State.CLOSED: "the client left",
    },
    State.LIVE: {
        State.LIVE: "a better node took over",
        State.OFFLINE: "the link was lost",
        State.RESTORING: "the link was lost while another took over",
        State.CLOSED: "the client left, or fell behind, or its gap is too wide",
    },
    State.CLOSED: {},
}


def diagram() -> str:
    """MOVES as a Mermaid state diagram; docs/session.md holds it."""
    states = [f"{state.name}: {state.name} - {_described(state.value)}" for state in State]
    moves = [
        f"{here.name} --> {there.name}: {_described(why)}"
        for here, ways in MOVES.items()
        for there, why in ways.items()
    ]
    return "\n    ".join(["stateDiagram-v2", "[*] --> OFFLINE", *states, *moves, "CLOSED --> [*]"])


def _described(text: str) -> str:
    """Mermaid ends a description at the next colon or semicolon."""
    return text.replace(":", ",").replace(";", ",")
