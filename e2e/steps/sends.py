"""Requests with side effects, and what a proxy may not change on the way."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread

from e2e.checkers.failures import is_read
from e2e.clients.websocket import Request
from e2e.ledger.entries import Received
from e2e.steps.context import then, when
from e2e.steps.http import poster
from e2e.steps.lanes import LANES, pass_time
from e2e.steps.leaving import proxy_is_told_to_stop
from e2e.steps.pages import ask_alone
from e2e.traffic import profiles

if TYPE_CHECKING:
    import requests

    from e2e.clients.http import HttpClient
    from e2e.steps.context import Context

# A hundred zero bytes, which are no transaction: each node that gets it refuses it, and the gateway sees it arrive.
TRANSACTION: Final = "0x" + "00" * 100
HOP_BY_HOP: Final = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "upgrade", "te", "trailer", "proxy-connection"}
)
OF_THE_PROXY: Final = frozenset({"server", "via"})  # who it is, which any proxy may say
OF_THE_INSTANT: Final = frozenset({"date", "content-length"})
WITHIN: Final = 15.0  # seconds
OUTCOME_UNKNOWN: Final = -32052
ON_ITS_WAY: Final = 0.3  # seconds after which a request is at its node
_DOUBT: Final = re.compile(r"unknown|\b(may|might|maybe|possibly)\b|maybe_|uncertain", re.IGNORECASE)


@when("I post eth_sendRawTransaction while {node} is killed after a second")
def post_transaction(context: Context, node: str) -> None:
    world = context.world
    request = Request(str(world.next_id), "eth_sendRawTransaction", [TRANSACTION])
    answered = world.run.stage.portal.start_task_soon(_post, poster(world), request)
    pass_time(world, 1)
    world.run.nemesis.inject("kill", node)
    answered.result()
    world.run.nemesis.cure_all()


@when("I ask for {method:w} over {lane:w}, and the link to {node} is reset before the answer")
@when("I ask for {method:w} over {lane:w}, {batched} reads, and the link to {node} is reset before the answer")
def asked_and_reset(context: Context, method: str, lane: str, node: str, batched: str = "") -> None:
    """The node has the request by then, and its answer is held back: nobody knows what it made of it."""
    world = context.world
    (name,) = LANES[lane]
    requests = [Request(str(world.next_id), method, _params_of(method))]
    if batched:
        requests = [Request('"before"', "eth_chainId"), *requests, Request('"after"', "eth_chainId")]
    (held_back,) = world.run.lanes.hurt
    answered = world.run.stage.portal.start_task_soon(_ask_all, context, lane, requests)
    world.run.gateway.client.wait_bites(held_back, at_least=1, within=WITHIN)
    world.run.lanes.inject("reset", node, name)
    answered.result()


@when("I post {method:w} while the proxy is told to stop")
def post_while_leaving(context: Context, method: str) -> None:
    world = context.world
    request = Request(str(world.next_id), method, profiles.params_of(method))
    world.in_flight = world.run.stage.portal.start_task_soon(_post, poster(world), request)
    pass_time(world, ON_ITS_WAY)
    proxy_is_told_to_stop(context)


@then("the answer should be an error that says that the outcome is unknown")
def outcome_unknown(context: Context) -> None:
    """By the code that ours has for it, or in words: any proxy may say it as it likes."""
    sends = [each for each in context.world.run.history().exchanges if not is_read(each.request.method)]
    assert sends, "nothing was sent that could change anything"
    answer = sends[-1].answer
    assert isinstance(answer, Received), f"there was no answer: {answer}"
    error = answer.frame.get("error") if isinstance(answer.frame, dict) else None
    told = isinstance(error, dict) and (error.get("code") == OUTCOME_UNKNOWN or _DOUBT.search(json.dumps(error)))
    assert told, f"the answer was {answer.frame}"


@when("I post a call to the proxy and to a node")
def post_to_both(context: Context) -> None:
    world = context.world
    direct = world.run.stage.testbed.urls(world.run.nodes[0].name).http
    world.pair = tuple(_ask(url) for url in (world.run.sut.endpoints.http, direct))


@then("the header fields should be the same, hop-by-hop ones aside")
def same_fields(context: Context) -> None:
    assert context.world.pair is not None
    through, direct = (_end_to_end(answer) for answer in context.world.pair)
    assert through == direct, f"through the proxy {through}, directly {direct}"


def _params_of(method: str) -> list[Any]:
    return profiles.params_of(method) or [TRANSACTION]


async def _ask_all(context: Context, lane: str, batch: list[Request]) -> None:
    """One request, or several in one text; returns when there is an answer."""
    world = context.world
    if lane == "HTTP":
        client = poster(world)
        call = partial(client.call_batch, batch, WITHIN) if len(batch) > 1 else partial(client.call, batch[0], WITHIN)
        await anyio.to_thread.run_sync(call)
    else:
        await world.client.call(batch[0], WITHIN)


async def _post(client: HttpClient, request: Request) -> None:
    await anyio.to_thread.run_sync(client.call, request, WITHIN)


def _ask(url: str) -> requests.Response:
    # no answer that a proxy might know by itself
    call = {"to": profiles.IDENTITY, "data": "0x" + "5a" * 32}
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call, "latest"]}
    return ask_alone("POST", url, json=body, timeout=WITHIN)


def _end_to_end(answer: requests.Response) -> dict[str, str]:
    apart = HOP_BY_HOP | OF_THE_PROXY | OF_THE_INSTANT
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in apart}
