"""The proxy is told to leave while its clients are busy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from e2e.checkers.leaves_politely import DEAF
from e2e.clients import jsontext
from e2e.ledger.entries import Injected
from e2e.ledger.faults import PROXY
from e2e.scene import NotServedError
from e2e.steps.context import given, then, when
from e2e.steps.doors import asked
from e2e.steps.lanes import nodes_called, pass_time
from e2e.steps.strangers import Tries, try_once
from e2e.wait import TooLateError, wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context

LEAVES_WITHIN: Final = 15.0  # seconds
HERE_WITHIN: Final = 15.0
STAY: Final = 60.0  # seconds for which clients wait that have no answer


@given("{count:d} clients wait for {method:w}, which no node answers")
def clients_wait(context: Context, count: int, method: str) -> None:
    """They have no place in the ledger: nobody owes them an answer."""
    run, nodes = context.world.run, nodes_called(context.world, "every node")
    for name in nodes:
        run.lanes.arm("method_timeout", name, "ws", methods=[method])
    tries = context.world.tries = Tries(call=jsontext.encode("1", method, []), stays=True)
    for _ in range(count):
        run.keep_doing(try_once, run.sut.endpoints.ws, tries, STAY)

    def here() -> int:
        return sum(asked(context.world, name, method, "WebSocket") for name in nodes)

    wait_until(lambda: here() >= count, HERE_WITHIN, "nodes are asked for all of them", here)


@then("all {count:d} who wait should be closed with {code:d} within {seconds:g} seconds")
def waiting_closed(context: Context, count: int, code: int, seconds: float) -> None:
    tries = context.world.tries
    assert tries is not None, "nobody waits"
    wait_until(lambda: len(tries.told) + len(tries.untold) >= count, seconds, "all are told", lambda: len(tries.told))
    others = [*(each for each in tries.told if each != code), *tries.untold]
    assert not others, f"{len(others)} of {count} were told otherwise: {others[:3]}"


@when("the proxy is told to stop")
def proxy_is_told_to_stop(context: Context) -> None:
    run = context.world.run
    began = run.recorder.now()
    run.sut.tell_to_leave()
    run.recorder.record(Injected(run.recorder.now(), "stop", PROXY, began=began))


@then("every client should be closed with {code:d}")
def every_client_closed(context: Context, code: int) -> None:
    clients = context.world.run.clients
    wait_until(
        lambda: all(client.closed is not None for client in clients),
        LEAVES_WITHIN,
        "every client is closed",
        lambda: [client.name for client in clients if client.closed is None],
    )
    closed = [client.closed for client in clients if client.closed is not None and client.closed.by == "proxy"]
    others = [each for each in closed if each.code != code]
    assert not others, f"{len(others)} were closed otherwise: {others[:3]}"


@then("the proxy should end with exit code {code:d} within {seconds:g} seconds")
def proxy_ends(context: Context, code: int, seconds: float) -> None:
    sut = context.world.run.sut
    wait_until(lambda: sut.exit_code is not None, seconds, "the proxy ends")
    assert sut.exit_code == code, f"it ended with {sut.exit_code}, see {sut.log}"


@then("no new client should be let in")
def no_new_client(context: Context) -> None:
    """While the proxy is leaving: once it has ended there is no door that it could have kept open."""
    run = context.world.run
    pass_time(context.world, DEAF)
    try:
        run.connect("latecomer")
    except NotServedError:
        if run.sut.exit_code is not None:
            raise TooLateError("the proxy had ended before a new client could be tried") from None
        return
    raise AssertionError("a client was let in by a proxy that was told to stop")
