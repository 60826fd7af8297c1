"""Requests of one client and their answers, judged by what was asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.clients.websocket import ClientClosedError, Request
from e2e.ledger.subscriptions import number_of
from e2e.steps.context import Answer, step, then
from e2e.wait import TooLateError, wait_until

if TYPE_CHECKING:
    from e2e.clients.websocket import WebSocketClient
    from e2e.steps.context import Context, World

METHOD_NOT_FOUND = -32601
ANSWERED_WITHIN = 10.0  # seconds: a request that waits longer failed; the steps that measure set their own bounds


def ask(
    world: World, method: str, request_id: str | None = None, params: list[Any] | None = None, frames: int = 1
) -> Answer:
    """Send one request as 'I' and wait for its answer. AssertionError if none comes."""
    if request_id is None:
        request_id = str(world.next_id)
        world.next_id += 1
    world.floor = last_head(world.client)
    sent_at = world.run.recorder.now()
    try:
        received = world.run.await_(
            world.client.call, Request(request_id, method, params or []), ANSWERED_WITHIN, frames
        )
    except TimeoutError:
        raise TooLateError(f"{method} with id {request_id}: no answer in {ANSWERED_WITHIN:g} s") from None
    except ClientClosedError as error:
        raise AssertionError(f"{method} with id {request_id}: {error}") from None
    world.answer = Answer(method, request_id, sent_at, received)
    return world.answer


def last_head(client: WebSocketClient) -> int:
    """Return the number of the last block that the client was told of; -1 for none."""
    heads = [stream.last for stream in tuple(client.streams.values()) if stream.kind == "newHeads"]
    return max((number_of(head) for head in heads), default=-1)


@step("I send {method:w} and receive response")
def i_send_and_receive(context: Context, method: str) -> None:
    answer = ask(context.world, method)
    assert answer.result is not None, f"{method} was answered with {answer.received.frame}"


@step("I send {method:w} request")
@step("I send {method:w} request again")
def i_send(context: Context, method: str) -> None:
    ask(context.world, method)


@step("I send {method:w} with ID {request_id}")
def i_send_with_id(context: Context, method: str, request_id: str) -> None:
    ask(context.world, method, request_id)


@step("I send a batch of {count:d} requests, {silent:d} of them without id")
def i_send_batch(context: Context, count: int, silent: int) -> None:
    """The others have the ids that follow."""
    batch = [Request(None if n < silent else str(n), "eth_chainId") for n in range(count)]
    context.world.batch = batch
    context.world.run.await_(context.world.client.send_batch, batch)


@then("each of the batch that has an id should be answered, once, and no other")
def batch_answered(context: Context) -> None:
    world = context.world
    client, wanted = world.client, [request.id for request in world.batch if request.id is not None]

    wait_until(lambda: not client.outstanding, ANSWERED_WITHIN, "the batch is answered", lambda: client.outstanding)
    mine = [each for each in world.run.history().connections if each.client == client.name]
    answers = [frame.id for each in mine for frame in each.frames if frame.id is not None]
    assert sorted(answers) == wanted, f"the answers have the ids {answers}, not {wanted}"


@step('I send regular request with {{"id": {request_id}}}')
def i_send_regular(context: Context, request_id: str) -> None:
    ask(context.world, "eth_blockNumber", request_id)


@then("I should receive valid response")
@then("I should receive valid block number response")
@then("I should receive response for my regular request")
def valid_block_number(context: Context) -> None:
    answer = context.world.the_answer
    number = block_number(answer.result)
    floor, head = context.world.floor, context.world.run.stage.testbed.head().number
    assert number is not None, f"{answer.method} was answered with {answer.received.frame}: no block number"
    assert floor <= number <= head, (
        f"block number {number}, though I had seen the head {floor} before I asked, and the chain's is {head}"
    )


@then("I should receive the node's own error")
def nodes_own_error(context: Context) -> None:
    error = context.world.the_answer.received.frame.get("error", {})
    assert error.get("code") == METHOD_NOT_FOUND, f"the answer was {context.world.the_answer.received.frame}"


@then("I should receive block number response with ID {request_id}")
def block_number_with_id(context: Context, request_id: str) -> None:
    valid_block_number(context)
    got = context.world.the_answer.received.id
    assert got == request_id, f"the answer has the id {got}, not {request_id}"


@then("response time should be < {seconds:g} seconds")
def response_time(context: Context, seconds: float) -> None:
    took = context.world.the_answer.took
    if took >= seconds:
        raise TooLateError(f"the answer took {took:.2f} s")


@then("the WebSocket connection should still work")
def connection_still_works(context: Context) -> None:
    closed = context.world.client.closed
    assert closed is None, f"the connection was closed: {closed}"
    ask(context.world, "eth_blockNumber")
    valid_block_number(context)


@then("a ping of mine should be answered within {seconds:g} seconds")
def ping_answered(context: Context, seconds: float) -> None:
    """By the proxy itself: whoever gets no pong takes the connection for dead."""
    world = context.world
    try:
        world.run.await_(world.client.ping, seconds)
    except TimeoutError:
        raise TooLateError(f"no pong came within {seconds:g} s") from None


def block_number(result: Any) -> int | None:
    """Return the number that a result of eth_blockNumber says; None if it says none.

    A subscription id of geth is hexadecimal too, but has 128 bits: no chain is that long.
    """
    try:
        number = int(result, 16) if isinstance(result, str) and result.startswith("0x") else None
    except ValueError:
        return None
    return number if number is not None and number < 1 << 64 else None
