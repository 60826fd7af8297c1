"""The network and the proxy as a whole: what runs, who may be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.steps.context import given, step
from e2e.steps.lanes import pass_time
from e2e.wait import wait_until

if TYPE_CHECKING:
    from e2e.steps.context import Context


@given("all Kurtosis services are running")
def all_services_are_running(context: Context) -> None:
    run = context.world.run
    testbed = run.stage.testbed
    down = [node for node in testbed.node_names() if testbed.state(node) != "running"]
    assert not down, f"not running: {', '.join(down)}"
    assert run.sut.exit_code is None, f"the proxy under test ended with {run.sut.exit_code}, see {run.sut.log}"
    head = testbed.head().number
    wait_until(lambda: testbed.head().number > head, 5, "the chain moves", lambda: f"head is still {head}")


@step("{seconds:g} seconds go by")
def seconds_go_by(context: Context, seconds: float) -> None:
    """Traffic and faults go on: for how long is part of the scenario."""
    pass_time(context.world, seconds)
