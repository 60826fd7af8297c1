"""Clients that read slowly, or send much."""

from __future__ import annotations

from typing import Final

from mutants.catalogue import STEPS, mutant
from mutants.patch import edit
from proxy.session.session import Session
from proxy.shell.connection import Connection
from proxy.shell.exchange import Exchange
from proxy.shell.link import Link
from proxy.shell.messages import Assembler
from proxy.shell.websocket import Client

SLOW_READER: Final = "load: A slow reader hurts nobody but itself"
READS_NOTHING: Final = (
    "load: Who pipelines and reads nothing is served no more than there is room for: answers of {} KiB"
)


@mutant(
    "The proxy waits for a client that reads slowly, and all others wait with it.",
    mode="mode.C2",
    caught_by=("isolated", "answered_once", STEPS),
    shown_by=(SLOW_READER,),
)
def waits_for_slow_readers() -> None:
    edit(
        Client,
        "_send_client",
        "self._outgoing.put(transport, command.data)",
        'self._outgoing.put(transport, command.data)\n    if self._congested:\n        __import__("time").sleep(0.5)',
    )


@mutant(
    "A client that reads too slowly is cut off with a code that says nothing of that.",
    mode="mode.C2",
    caught_by=("bounded", STEPS),
    shown_by=(SLOW_READER,),
)
def cuts_slow_readers_off_without_reason() -> None:
    edit(Session, "_client_fell_behind", "self._close(1013,", "self._close(1011,")


@mutant(
    "A message of more than a mebibyte is refused, though many more are allowed.",
    mode="mode.C3",
    caught_by=("answered_once", STEPS),
    shown_by=("bad_input: A large request within the limit passes, in frames: 1",),
)
def refuses_large_messages() -> None:
    edit(
        Assembler,
        "message",
        "if self._parts is None:",
        'if frame.payload_size > 1 << 20:\n        raise BrokenStream(1009, "too large")\n    if self._parts is None:',
    )


@mutant(
    "Requests of a client that reads no answer are answered all the same, and the answers kept.",
    mode="mode.C2",
    caught_by=(STEPS,),
    shown_by=(READS_NOTHING.format(512),),
)
def serves_who_reads_nothing() -> None:
    edit(Connection, "pause_writing", "self._slow = True", "pass")


@mutant(
    "A connection to a node that was not read for the sake of a slow client is kept, and never read again.",
    mode="mode.C2",
    caught_by=("isolated", "answered_once", STEPS),
    shown_by=(READS_NOTHING.format(1152),),
)
def keeps_what_is_not_read() -> None:
    edit(Link, "_complete", "self.resume_reading()", "pass")


@mutant(
    "What is held of a large answer until it is known to be one stays when the answer is over.",
    caught_by=("bounded",),
    shown_by=(READS_NOTHING.format(1152),),
)
def keeps_large_answers() -> None:
    edit(Exchange, "grew", "attempt.held.clear()", "pass")
    edit(Exchange, "finished", "self._attempts.remove(attempt)", "pass")


@mutant(
    "Every ping is answered at once, also of a client that reads nothing: the pongs pile up.",
    mode="mode.C2",
    caught_by=(STEPS,),
    shown_by=("load: Who sends pings and reads nothing has no pongs kept for it without end",),
)
def answers_every_ping() -> None:
    edit(Client, "on_ws_frame", "if self._is_behind(transport):", "if False:")


@mutant(
    "A message in several frames is taken for over at the end of the first one.",
    mode="mode.C3",
    caught_by=("answered_once", STEPS),
    shown_by=("bad_input: A large request within the limit passes, in frames: 5",),
)
def reads_one_frame() -> None:
    edit(Assembler, "message", "if frame.fin:", "if True:")


@mutant(
    "Pings of clients are not answered: libraries that send them take the connection for dead.",
    caught_by=(STEPS,),
    shown_by=("issue_1: With no node left a client that asks is told so in time",),
)
def answers_no_pings() -> None:
    edit(Client, "on_ws_frame", "transport.send_pong(frame.get_payload_as_bytes())", "pass")
