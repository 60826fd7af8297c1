"""What networks have in common whose blocks a driver makes: nodes hurt and healed one at a time, one chain for all."""

from __future__ import annotations

from abc import abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Final, Generic, Literal, Protocol, TypeVar

from e2e.beacon.client import DrivenBlock, DriverClient, DriverError
from e2e.testbed.probe import head_hash, serves_websocket
from e2e.testbed.protocol import Head, NodeUrls, Testbed, TestbedError
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

#: A network is up in two seconds and a node back in one; a machine under load may need much longer.
READY_LIMIT: Final = 60.0
REORG_LIMIT: Final = 30.0


class Node(Protocol):
    """An execution node of such a network. Whoever hurts or heals it holds its `lock`."""

    name: str

    @property
    def lock(self) -> AbstractContextManager[bool]: ...
    @property
    def urls(self) -> NodeUrls: ...
    @property
    def state(self) -> Literal["running", "paused", "stopped"]: ...

    def launch(self) -> None:
        """Start it; says nothing about whether it gets ready."""
        ...

    def stop(self) -> None: ...
    def kill(self) -> None: ...
    def pause(self) -> None: ...
    def unpause(self) -> None: ...
    def post_mortem(self) -> str:
        """How it ended, if it did, and the end of its log."""
        ...


N = TypeVar("N", bound=Node)
T = TypeVar("T")


class DrivenTestbed(Testbed, Generic[N]):
    """`Testbed` (see `protocol`) but for how it is made and ended. `_start` fills `_nodes`, `close` sets `_closing`."""

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder).absolute()  # nodes are booted long after, whatever the working directory is then
        self._nodes: dict[str, N] = {}
        self._closing = False  # whoever waits for a node gives up, and nothing is started any more

    @property
    @abstractmethod
    def driver(self) -> DriverClient:
        """The block driver's control API, also for what the protocol does not name: pause and resume production.

        Raises TestbedError if there is none yet.
        """

    @abstractmethod
    def _start(self) -> None: ...

    def start(self) -> None:
        if self._nodes:
            raise TestbedError("this network was started before: make a new one")
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def urls(self, node: str) -> NodeUrls:
        return self._node(node).urls

    def state(self, node: str) -> Literal["running", "paused", "stopped"]:
        return self._node(node).state

    def stop(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).stop()

    def kill(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).kill()

    def pause(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).pause()

    def unpause(self, node: str) -> None:
        with self._node(node).lock:
            self._node(node).unpause()
            self._wait_until_following(self._node(node))

    def boot(self, node: str) -> None:
        with self._node(node).lock:
            if (state := self.state(node)) != "stopped":
                raise TestbedError(f"{node} cannot be booted: it is {state}")
            self._launch(self._node(node))
            self._wait_until_following(self._node(node))

    def head(self) -> Head:
        return _head(self._ask(lambda driver: driver.head()))

    def blocks(self, first: int, last: int) -> list[Head]:
        return [_head(block) for block in self._ask(lambda driver: driver.blocks(first, last))]

    def reorg(self, depth: int) -> Head:
        return _head(self._ask(lambda driver: driver.reorg(depth, REORG_LIMIT)))

    def _launch(self, node: N) -> None:
        if self._closing:
            raise TestbedError(f"{node.name} is not started: the network is closed")
        node.launch()

    def _revive(self, node: N) -> None:
        """Start it or let it go on, if need be."""
        with node.lock:
            if (state := node.state) == "stopped":
                self._launch(node)
            elif state == "paused":
                node.unpause()

    def _wait_until_following(self, node: N, at_least: int = 0) -> None:
        """Until the node's own head is the canonical one (number `at_least` or more) and both its lanes are open."""

        def follows() -> bool:
            self._expect_alive(node)
            head = self._canonical_head()
            return head is not None and head.number >= at_least and head_hash(node.urls.http) == head.hash

        try:
            wait_until(follows, READY_LIMIT, "it follows the chain")
        except WaitTimeoutError as error:
            raise TestbedError(
                f"{node.name} did not follow the chain within {READY_LIMIT:g} s; {node.post_mortem()}"
            ) from error
        if not serves_websocket(node.urls.ws):
            raise TestbedError(f"{node.name} follows the chain but its WebSocket is shut; {node.post_mortem()}")

    def _expect_alive(self, node: N) -> None:
        """Raise TestbedError where it is of no use to wait for the node."""
        if self._closing:
            raise TestbedError(f"{node.name} is not waited for any longer: the network is closed")

    def _canonical_head(self) -> DrivenBlock | None:
        """None while the driver is not up yet."""
        try:
            return self.driver.head()
        except DriverError:
            return None

    def _ask(self, question: Callable[[DriverClient], T]) -> T:
        try:
            return question(self.driver)
        except DriverError as error:
            raise TestbedError(str(error)) from error

    def _node(self, name: str) -> N:
        try:
            return self._nodes[name]
        except KeyError:
            known = ", ".join(self._nodes) or "none: it was not started"
            raise TestbedError(f"no node {name!r} in this network; there is {known}") from None


def _head(block: DrivenBlock) -> Head:
    return Head(block.number, block.hash, block.parent)
