"""HTTP: posts lost, late, or stripped of what belongs to them."""

from __future__ import annotations

from mutants.catalogue import STEPS, mutant
from mutants.patch import edit, swap
from proxy.shell import http, link
from proxy.shell.consensus import ConsensusLayer
from proxy.shell.exchange import Exchange
from proxy.shell.http import ExecutionLayer
from proxy.shell.messages import Assembler
from proxy.shell.pool import Pool
from proxy.shell.server import Server


@mutant(
    "A read whose node is gone is not sent to the next one.",
    mode="mode.H1",
    caught_by=("answered_once", STEPS),
    shown_by=(
        "http: No post fails while the primary is killed",
        "consensus_layer: Another consensus node answers when the first one has http_status",
        "consensus_layer: Another consensus node answers when the first one has down",
    ),
)
def retries_nothing() -> None:
    swap(Exchange, "_retry", lambda _exchange: False)


@mutant(
    "Every post opens a connection to the node.",
    mode="mode.H2",
    caught_by=(STEPS,),
    shown_by=("http: Posts share few connections to a node",),
)
def keeps_no_connection() -> None:
    edit(Pool, "_freed", "self._idle.append(link)", "link.abort()")


@mutant(
    "What a node says beyond its answer is taken for the answer to the next post over that connection.",
    caught_by=("answered_once", "answers_fit", STEPS),
    shown_by=("http: A node that answers a post twice has answered nobody else's",),
)
def takes_what_is_left_for_an_answer() -> None:
    edit(
        link.Link,
        "on_message_complete",
        "self._ended, self._receiver = self._receiver, None",
        "self._complete(reusable=reusable)",
    )
    # one connection to a node, so that there always is a next post
    edit(Pool, "send", "if len(self) < self._few:", "if not len(self):")
    edit(Pool, "_lose_patience", "MANY - len(self)", "0")


@mutant(
    "A kept connection is used without a look at whether the node has closed it.",
    mode="mode.H3",
    caught_by=(STEPS, "answered_once"),
    shown_by=("http: No post fails because a node closes idle connections",),
)
def trusts_idle_connections() -> None:
    edit(Pool, "_freed", "self._idle.remove(link)", "pass")
    edit(Pool, "send", "if link.usable:", "if True:")


@mutant(
    "A post may wait for its node for ever.",
    mode="mode.H4",
    caught_by=(STEPS,),
    shown_by=("http: A post that takes too long is answered when its time is over",),
)
def waits_for_ever() -> None:
    edit(Exchange, "tick", "elif now - self._began >= layer.proxy_timeout:", "elif False:")


@mutant(
    "Of a node's header fields only Content-Type is passed on.",
    mode="mode.H5",
    caught_by=(STEPS,),
    shown_by=("http: An answer's header fields are those of the node",),
)
def drops_headers() -> None:
    edit(link, "read_response", "if name not in _HOP_BY_HOP:", 'if name == b"content-type":')


@mutant(
    "A browser that asks whether its page may post is refused.",
    mode="mode.H5",
    caught_by=(STEPS,),
    shown_by=("http: A browser's page may post where nodes say that it may",),
)
def refuses_browsers() -> None:
    edit(Server, "_handle", 'elif head.method == b"OPTIONS":', "elif False:")


@mutant(
    "An upgrade must be written as libraries write it; Firefox keeps the connection alive besides.",
    mode="mode.C5",
    caught_by=(STEPS,),
    shown_by=("routing: A page in Firefox can open a WebSocket",),
)
def refuses_firefox() -> None:
    edit(Server, "_upgrade", "head.handshake()", "head.text()")


@mutant(
    "503 of a node is the client's to see, though another node is idle.",
    mode="mode.H6",
    caught_by=(STEPS, "answered_once"),
    shown_by=("http: A node that answers 503 rests while another one is idle",),
)
def passes_failures_on() -> None:
    edit(Exchange, "answered", "if self.read and (", "if False and (")


@mutant(
    "A batch that holds a notification is refused as a whole.",
    mode="mode.S7",
    caught_by=("answered_once", STEPS),
    shown_by=("http: A batch of requests and notifications is answered as JSON-RPC 2.0 says",),
)
def refuses_notifications_in_batches() -> None:
    refusal = '_answer(connection, 200, jsonrpc.error_body(None, -32600, "no id", None))'
    silent = "method is None and request.body.count(b'\"id\"') < request.body.count(b'\"method\"')"
    edit(
        ExecutionLayer,
        "handle",
        "method, read = call",
        f"method, read = call\n    if {silent}:\n        {refusal}\n        return",
    )


@mutant(
    "The prefix /cl stays in the path that the consensus node sees.",
    caught_by=(STEPS,),
    shown_by=("consensus_layer: /eth/v1/node/health is answered as a consensus node answers it",),
)
def keeps_the_prefix() -> None:
    edit(ConsensusLayer, "handle", "[len(PREFIX) :]", "")


@mutant(
    "A stream of events stays with a consensus node that has fallen silent.",
    caught_by=(STEPS,),
    shown_by=(
        "consensus_layer: Who listens to a consensus node that falls silent is told, and hears from another one",
    ),
)
def keeps_silent_streams() -> None:
    edit(Exchange, "nodes_changed", "self._end_stream(attempt.node)", "pass")


@mutant(
    "A broken frame is answered with the wrong close code.",
    mode="mode.C3",
    caught_by=(STEPS,),
    shown_by=("bad_input: A client that sends a reserved bit is closed with 1002",),
)
def closes_with_the_wrong_code() -> None:
    edit(Assembler, "message", 'BrokenStream(1002, "a reserved', 'BrokenStream(1011, "a reserved')


@mutant(
    "A post waits without a word while no node is healthy.",
    mode="mode.L12",
    caught_by=(STEPS,),
    shown_by=("http: With no node left a post is answered at once with 503",),
)
def says_nothing_without_nodes() -> None:
    edit(Exchange, "start", 'self._refuse(503, "no node is healthy")', "pass")


@mutant(
    "Every element of a batch is looked at, however many there are and whatever they are.",
    caught_by=(STEPS,),
    shown_by=("bad_input: A batch of two million numbers holds up nobody else",),
)
def looks_at_every_element() -> None:
    edit(
        http,
        "_read_call",
        "return (None, all(_is_read(item) for item in value)) if type(value) is list and value else None",
        "return (None, False) if type(value) is list and all([type(item) is dict for item in value]) else None",
    )


@mutant(
    "A body may be as large as it likes.",
    caught_by=(STEPS,),
    shown_by=("bad_input: A body over the limit is answered with 413",),
)
def limits_no_body() -> None:
    edit(Server, "__init__", "body = config.general.max_body_size", "body = 1 << 40")


@mutant(
    "Nonsense in a post is answered with 500 and nothing else.",
    caught_by=(STEPS,),
    shown_by=("bad_input: The body \\xff\\xfe is answered with -32700",),
)
def answers_nonsense_with_500() -> None:
    edit(ExecutionLayer, "handle", "_answer(connection, 200, parsed.answer)", '_answer(connection, 500, b"")')
