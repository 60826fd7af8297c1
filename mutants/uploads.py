"""Requests and answers that are not whole: answered early, given up, without end."""

from __future__ import annotations

from typing import Final

from mutants.catalogue import STEPS, mutant
from mutants.patch import edit
from proxy.shell import link
from proxy.shell.exchange import Exchange
from proxy.shell.reading import RequestReader

ENDLESS: Final = "bad_input: Trailers without end are cut off"


@mutant(
    "A connection whose node has answered before it read the request is used for the next one.",
    caught_by=(STEPS,),
    shown_by=("http: A node that answers a post before it has read it spoils no other one",),
)
def trusts_early_answers() -> None:
    edit(link.Link, "_complete", "early = transport.get_write_buffer_size() > 0", "early = False")


@mutant(
    "Every answer is waited for, also those that nobody wants any more.",
    mode="mode.C1",
    caught_by=(STEPS,),
    shown_by=("load: Posters that are gone before their answer leave few connections to a node",),
)
def waits_for_the_gone() -> None:
    edit(Exchange, "client_gone", "spare = len(self._layer.pool(attempt.node)) > FEW", "spare = False")


@mutant(
    "A post is as long as its head says: one in chunks, whose head does not say it, is empty.",
    caught_by=(STEPS,),
    shown_by=("http: A request whose length is not told beforehand is answered",),
)
def takes_chunks_for_nothing() -> None:
    edit(
        RequestReader,
        "on_message_complete",
        "body, self._body = bytes(self._body)",
        "body, self._body = bytes(self._body[:head.length or 0])",
    )


@mutant(
    "The trailers of a request may go on for ever.",
    caught_by=(STEPS,),
    shown_by=(ENDLESS,),
)
def reads_trailers_for_ever() -> None:
    edit(RequestReader, "_parse", "if self._head_size > MAX_HEAD and", "if False and")


@mutant(
    "The trailers of an answer may go on for ever.",
    caught_by=(STEPS,),
    shown_by=("http: A node whose trailers have no end is passed over",),
)
def waits_for_the_end_of_trailers() -> None:
    edit(link.Link, "data_received", "elif self._no_body > MAX_HEAD and", "elif False and")


@mutant(
    "The head of a stream of events, asked for alone, is followed by the end of a body that it does not have.",
    caught_by=(STEPS,),
    shown_by=("consensus_layer: After the head of a stream of events comes the next answer",),
)
def ends_what_has_no_body() -> None:
    edit(link, "read_response", "endless = not bodiless and", "endless =")
