"""Requests that are lost, answered twice, answered wrongly or carried out twice."""

from __future__ import annotations

from mutants.catalogue import STEPS, mutant
from mutants.patch import edit, swap
from proxy import jsonrpc
from proxy.session import desk
from proxy.session.desk import Desk
from proxy.session.session import Session


@mutant(
    "What a lost node had not answered yet is forgotten.",
    mode="mode.L9",
    caught_by=("answered_once",),
    shown_by=("flights: Requests in flight to a node that dies are answered",),
)
def forgets_flights() -> None:
    swap(Desk, "salvage", lambda _desk, _calls, _node: [])


@mutant(
    "A read that was on its way to a lost node is answered with an error, though another node is well.",
    mode="mode.L9",
    caught_by=("answered_once",),
    shown_by=("flights: Requests in flight to a node that dies are answered",),
)
def gives_reads_up() -> None:
    edit(Desk, "salvage", "(call.read and call.tries <= self._settings.max_retries)", "False")


@mutant(
    "At a planned switch the old link is left at once, whatever it still owes.",
    mode="mode.L9",
    caught_by=("answered_once",),
    shown_by=("flights: Requests in flight at a planned return to the primary are answered",),
)
def leaves_before_the_answer() -> None:
    edit(Session, "_leave_if_settled", " and not link.owes()", "")


@mutant(
    "A request may wait for a node for ever.",
    mode="mode.L12",
    caught_by=(STEPS, "answered_once"),
    shown_by=("issue_1: With no node left a client that asks is told so in time",),
)
def waits_for_a_node_for_ever() -> None:
    edit(Desk, "admit", "deadline = now + self._settings.request_timeout", "deadline = now + 1e6")


@mutant(
    "A batch over WebSocket waits for the answer to a notification in it.",
    mode="mode.S7",
    caught_by=("answered_once", STEPS),
    shown_by=("ids: A batch of requests and notifications over WebSocket is answered as JSON-RPC 2.0 says",),
)
def waits_for_notifications() -> None:
    edit(desk, "call_of", "batch is None or request.id is None", "batch is None")


@mutant(
    "What does not fit into the queue is dropped without a word.",
    mode="mode.C4",
    caught_by=("answered_once",),
    shown_by=("load: Requests beyond the bound are answered at once",),
)
def overflows_silently() -> None:
    swap(Desk, "_refuse_full", lambda desk, call: desk.settle(call))


@mutant(
    "A request id is read as a number and written anew: 1e3 comes back as 1000.0.",
    mode="mode.S6",
    caught_by=("answered_once", "no_strangers"),
    shown_by=("ids: A request id comes back as it was sent, before and after a switch: 1e3",),
)
def rewrites_ids() -> None:
    again = '__import__("json").dumps(__import__("json").loads(call.request.id or b"null")).encode()'
    edit(Session, "_read", '(call.request.id or b"null")', again)


@mutant(
    "Every answer is given twice.",
    caught_by=("no_strangers",),
    shown_by=("reconnection: Regular JSON-RPC requests work after WebSocket reconnection",),
)
def answers_twice() -> None:
    edit(Desk, "answer", "self._out.append(SendClient(text))", "self._out += [SendClient(text)] * 2")


@mutant(
    "An answer that nobody waits for is passed on to the client.",
    caught_by=("no_strangers", STEPS),
    shown_by=(
        "ids: A node that answers twice is heard once",
        "streams: A subscription that its node confirms twice is one",
    ),
)
def passes_strangers_on() -> None:
    edit(Session, "_errand_answered", 'Count("ws_strangers_dropped")', "ev.SendClient(data)")


@mutant(
    "Every method counts as a read: a transaction goes to a second node when the first one dies with it.",
    caught_by=("sends_once",),
    shown_by=("http: A transaction is written to one node only, though that node dies with it",),
)
def sends_twice() -> None:
    swap(jsonrpc, "is_read", lambda _method: True)


@mutant(
    "An error that a node answers with is not passed on at once: the node is asked again.",
    caught_by=(STEPS,),
    shown_by=("routing: An error of the node's is the client's to see, and is asked for once",),
)
def asks_again_after_an_error() -> None:
    again = """elif b'"error":' in data and call.tries < 2:
            del link.calls[frame.id]
            self._write(link, call)
        elif call.subscribes:"""
    edit(Session, "_read", "elif call.subscribes:", again)


@mutant(
    "A text that is no JSON is not answered.",
    caught_by=(STEPS, "answered_once"),
    shown_by=("bad_input: The text nonsense is answered with -32700, and the connection goes on",),
)
def ignores_nonsense() -> None:
    edit(Desk, "admit", "self._out.append(SendClient(parsed.answer))", "pass")


@mutant(
    "After a switch one request in a hundred is dropped.",
    mode="mode.L1",
    caught_by=("answered_once", STEPS),
    shown_by=("continuity: WebSocket remains stable for extended period after reconnection",),
)
def loses_one_in_a_hundred() -> None:
    lossy = "key = link.mint()\n    if link.epoch > 1 and int(key) % 100 == 0:\n        return"
    edit(Session, "_write", "key = link.mint()", lossy)
