"""HTTP: steady posts, single requests and batches, and what came of them."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Final

from e2e.checkers.failures import trouble
from e2e.clients.websocket import Request
from e2e.ledger.entries import Received
from e2e.steps.answers import none_later, shown, too_late
from e2e.steps.context import step, then, when
from e2e.steps.lanes import nodes_called
from e2e.steps.latency import measured
from e2e.traffic import ids, profiles
from e2e.traffic.openloop import Load
from e2e.wait import TooLateError, wait_until

if TYPE_CHECKING:
    from e2e.clients.http import HttpClient
    from e2e.ledger.exchanges import Exchange
    from e2e.steps.context import Context, World

PATIENCE: Final = 15.0  # seconds


@step("{count:d} HTTP clients post {rate:g} requests per second each")
def clients_post(context: Context, count: int, rate: float) -> None:
    begin(context.world, count, Load(profiles.READS, rate, ids.mixed, context.world.run.stage.seed))
    posts = context.world.the_posts
    wait_until(lambda: posts.sent >= min(rate, 10), PATIENCE, "posts flow", lambda: f"{posts.sent} posted")


@when("an HTTP client posts {limit:d} requests at {rate:g} per second")
@when("{count:d} HTTP clients post {limit:d} requests each at {rate:g} per second")
def clients_post_some(context: Context, limit: int, rate: float, count: int = 1) -> None:
    begin(context.world, count, Load(profiles.READS, rate, ids.mixed, context.world.run.stage.seed, limit))
    posts = context.world.the_posts
    wait_until(lambda: not posts.running, 2 * limit / rate + PATIENCE, "all is posted", lambda: f"{posts.sent} posted")


@when("I post {method:w}")
def i_post(context: Context, method: str) -> None:
    world = context.world
    poster(world).call(Request(str(world.next_id), method, profiles.params_of(method)), PATIENCE)
    world.next_id += 1


@when("I post a batch of {count:d} requests, {silent:d} of them without id")
def i_post_batch(context: Context, count: int, silent: int) -> None:
    batch = [Request(None if n < silent else str(n), "eth_chainId") for n in range(count)]
    answers = poster(context.world).call_batch(batch, PATIENCE)
    assert sorted(each.id or "" for each in answers) == sorted(str(n) for n in range(silent, count)), answers


@then("every HTTP request should have a result")
def every_post_has_result(context: Context) -> None:
    asked = posted(context.world)
    failed = [each for each in asked if each.result is None]
    assert not failed, f"{len(failed)} of {len(asked)} posts have no result: {trouble(failed[0])}; {shown(failed)}"


@then("every HTTP request should be answered within a second")
@then("every HTTP request should be answered within {seconds:g} seconds")
def posts_answered_within(context: Context, seconds: float = 1.0) -> None:
    none_later(posted(context.world), seconds)


@then("no client that posts all along should have waited for more than {seconds:g} seconds")
def no_poster_waited(context: Context, seconds: float) -> None:
    names = {client.name for client in context.world.the_posts.clients}
    asked = [each for each in posted(context.world) if each.request.client in names]
    assert asked, "nobody has posted all along"
    none_later(asked, seconds)


@then("{share:d} % of the HTTP requests should be answered within {seconds:g} seconds")
def most_posts_answered_within(context: Context, share: int, seconds: float) -> None:
    asked = posted(context.world)
    took = measured(asked, share)
    if took > seconds:
        raise too_late(f"p{share} is {took:.3f} s", asked, seconds)


@then("the answer should have status {statuses} and the error {code:d}")
def answer_is_error(context: Context, statuses: str, code: int) -> None:
    """One of several statuses, where it is JSON-RPC that tells and HTTP may say what it likes: 200 or 400."""
    answer = last_post(context.world).answer
    assert isinstance(answer, Received), f"there was no answer: {answer}"
    error = answer.frame.get("error", {}) if isinstance(answer.frame, dict) else {}
    assert str(answer.status) in statuses.split(" or "), f"the status was {answer.status}: {answer.frame}"
    assert error.get("code") == code, f"the answer was {answer.frame}"


@then("the answer should have a result")
def answer_has_result(context: Context) -> None:
    answered = last_post(context.world)
    assert answered.result is not None, f"there is none: {shown([answered])}"


@then("the answer should come within a second")
def answer_in_time(context: Context) -> None:
    latency = last_post(context.world).latency
    if latency > 1:
        raise TooLateError(f"it took {latency:.2f} s")


@then("the HTTP lane of {node} should have been connected to at most {count:d} times")
def connected_at_most(context: Context, node: str, count: int) -> None:
    """Since the run began: connections of probes count too."""
    world = context.world
    for name in nodes_called(world, node):
        began = time.monotonic() - world.run.recorder.now()
        accepted = sum(at >= began for at in world.run.gateway.client.dials(name, "http"))
        assert 0 < accepted <= count, f"{name} took {accepted} connections"


def begin(world: World, count: int, load: Load) -> None:
    clients = [world.run.http(f"poster-{number}") for number in range(1, count + 1)]
    world.posts = world.run.post(load, clients)


def poster(world: World) -> HttpClient:
    """Return the HTTP client that 'I' am."""
    if world.poster is None:
        world.poster = world.run.http("poster")
    return world.poster


def posted(world: World) -> list[Exchange]:
    """Stop posting, wait for what is in flight, and return all requests that were posted, one at least."""
    if world.posts is not None:
        world.posts.stop()
    if world.in_flight is not None:
        world.in_flight.result()
    found = [each for each in world.run.history().exchanges if each.request.lane == "http" and each.answered < math.inf]
    assert found, "nothing was posted"
    return found


def last_post(world: World) -> Exchange:
    found = [each for each in world.run.history().exchanges if each.request.lane == "http"]
    assert found, "nothing was posted"
    return found[-1]
