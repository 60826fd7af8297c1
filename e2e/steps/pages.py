"""What the proxy shows over HTTP beside JSON-RPC: status, readiness, metrics, the consensus layer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import requests

from e2e.direct import direct_session
from e2e.steps.context import Reply, needs, step, then
from e2e.steps.lanes import nodes_called
from e2e.steps.metrics import GAUGE_WITHIN, wait_for_gauge
from e2e.sut.topology import SECRET
from e2e.wait import TooLateError, wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context, World

WITHIN: Final = 5.0  # seconds for a page


def fetch(url: str | None) -> Reply:
    """Get a page. AssertionError if the profile does not name it."""
    assert url is not None, "the profile of this proxy does not say where that page is"
    began = time.monotonic()
    answer = ask_alone("GET", url, timeout=WITHIN)
    took = time.monotonic() - began
    try:
        body = answer.json()
    except requests.JSONDecodeError:
        body = answer.text
    return Reply(answer.status_code, answer.headers, body, took)


def ask_alone(method: str, url: str, **options: Any) -> requests.Response:
    """Ask over a connection of its own."""
    with direct_session() as session:
        return session.request(method, url, **options)


@step("I fetch the {page:w} page")
@needs("{page}")
def i_fetch(context: Context, page: str) -> None:
    context.world.reply = fetch(getattr(context.world.run.sut.endpoints, page))


@step("I fetch {path} of the consensus layer")
@needs("consensus")
def i_fetch_consensus(context: Context, path: str) -> None:
    base = context.world.run.sut.endpoints.consensus
    context.world.reply = fetch(None if base is None else base + path)


@then("the page should have status {status:d}")
def page_has_status(context: Context, status: int) -> None:
    reply = context.world.the_reply
    assert reply.status == status, f"the status was {reply.status}: {reply.body}"


@then("the page should come within a second")
def page_in_time(context: Context) -> None:
    if (took := context.world.the_reply.took) > 1:
        raise TooLateError(f"it took {took:.2f} s")


@then("{node} should be {health:w} within {seconds:g} seconds")
@needs("status")
def node_is(context: Context, node: str, health: str, seconds: float) -> None:
    """By the status page, and by the metrics where they say it."""
    world = context.world
    names = set(nodes_called(world, node))
    wanted = {"healthy": True, "unhealthy": False}[health]

    def there() -> bool:
        return all(each["is_healthy"] == wanted for each in status(world)["el_nodes"] if each["name"] in names)

    wait_until(there, seconds, f"{node} {health}", lambda: status(world)["el_nodes"])
    wait_for_gauge(world, names, healthy=wanted)


@then("{node} should stay healthy for {seconds:g} seconds")
@needs("status")
def node_stays(context: Context, node: str, seconds: float) -> None:
    world = context.world
    names = set(nodes_called(world, node))
    end = time.monotonic() + seconds

    def over() -> bool:
        sick = [each for each in status(world)["el_nodes"] if each["name"] in names and not each["is_healthy"]]
        assert not sick, f"unhealthy meanwhile: {sick}"
        return time.monotonic() >= end

    wait_until(over, seconds + WITHIN, f"{seconds:g} s go by", poll=0.1)


@then("the page should list the nodes of the topology")
@needs("status")
def page_lists_nodes(context: Context) -> None:
    world = context.world
    listed = {each["name"]: each["is_primary"] for each in world.the_reply.body["el_nodes"]}
    assert listed == {node.name: node.primary for node in world.run.nodes}, f"listed are {listed}"
    heads = [each["block_number"] for each in world.the_reply.body["el_nodes"]]
    head = world.run.stage.testbed.head().number
    assert all(head - 3 <= each <= head for each in heads), f"heads are {heads}, the chain's is {head}"


@then("the failover flag should go {word:w} within {seconds:g} seconds")
@needs("status")
def failover_flag(context: Context, word: str, seconds: float) -> None:
    world = context.world
    wanted = {"up": True, "down": False}[word]
    wait_until(lambda: status(world)["el_failover_active"] == wanted, seconds, f"the failover flag is {word}")
    known = {None, float(wanted)}
    wait_until(lambda: world.run.gauge("failover_active") in known, GAUGE_WITHIN, f"the flag is {word} in the metrics")


@then("no secret of a node's URL should be on any page or in the log")
@needs("status", "metrics", "ready")
def no_secret(context: Context) -> None:
    sut = context.world.run.sut
    pages = {"status": sut.endpoints.status, "metrics": sut.endpoints.metrics, "ready": sut.endpoints.ready}
    said = {name: str(fetch(url).body) for name, url in pages.items()} | {"log": sut.log.read_text(errors="replace")}
    telling = [name for name, text in said.items() if SECRET in text]
    assert not telling, f"the secret is told by {', '.join(telling)}"


@then("these metrics should be there")
@needs("metrics")
def metrics_are_there(context: Context) -> None:
    text = fetch(context.world.run.sut.endpoints.metrics).body
    wanted = [each["name"] for each in context.table or []]
    missing = [name for name in wanted if f"\n{name}" not in text]
    assert not missing, f"no sample of {', '.join(missing)}"


@then("the status page should name {method:w} as failing at {node} within {seconds:g} seconds")
@needs("status")
def failing_method(context: Context, method: str, node: str, seconds: float) -> None:
    def failing() -> dict[str, list[str]]:
        return {each["name"]: each.get("failing_methods", []) for each in status(context.world)["el_nodes"]}

    wait_until(lambda: method in failing()[node], seconds, f"{method} fails at {node}", failing)


def status(world: World) -> dict[str, Any]:
    body: dict[str, Any] = fetch(world.run.sut.endpoints.status).body
    return body
