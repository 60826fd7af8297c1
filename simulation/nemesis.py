"""The faults, each with its cure, by the names of `e2e.ledger.faults`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from e2e.ledger.entries import Drifted, Healed, Injected

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from simulation.agenda import Process
    from simulation.client import Ledger
    from simulation.node import Node
    from simulation.plan import Fault

# what hits no node: the proxy's process gets no processor; the chain takes another branch
STARVE = "starve"
REORG = "reorg"


class Nemesis:
    def __init__(self, process: Process, nodes: Mapping[str, Node], ledger: Ledger) -> None:
        self._process = process
        self._nodes = nodes
        self._ledger = ledger
        self._active: dict[tuple[str, str], int] = {}

    def strike(self, fault: Fault, target: str) -> None:
        """Do it now, and take it back when the fault says."""
        agenda = self._process.agenda
        until = max(fault.until, agenda.now + 0.05)
        if fault.name == STARVE:
            self._process.freeze()
            agenda.at(until, self._thaw, agenda.now)
            return
        node = self._nodes[target]
        blow, cure, lane = FAULTS[fault.name]
        key = (fault.name, target)
        self._active[key] = self._active.get(key, 0) + 1
        detail = {"lane": lane} if lane else {}
        self._ledger.record(Injected(agenda.now, fault.name, target, detail, began=agenda.now))
        blow(node, fault.detail)
        agenda.at(until, self._cure, fault.name, target, cure)

    def _cure(self, name: str, target: str, cure: Callable[[Node], None]) -> None:
        # two of a kind at once end with the later one
        self._active[name, target] -= 1
        if not self._active[name, target]:
            cure(self._nodes[target])
        self._ledger.record(Healed(self._ledger.now, name, target))

    def _thaw(self, since: float) -> None:
        self._process.thaw()
        self._ledger.record(Drifted(self._ledger.now, self._ledger.now - since))


def _set(name: str, value: Any) -> Callable[[Node, Any], None]:
    return lambda node, _detail: setattr(node, name, value)


def _unset(name: str, value: Any = False) -> Callable[[Node], None]:
    return lambda node: setattr(node, name, value)


def _cut_all(node: Node, _detail: Any) -> None:
    for wire in list(node.wires):
        wire.cut("connection reset")


def _close_all(node: Node, _detail: Any) -> None:
    for wire in list(node.wires):
        wire.close(1001)


def _refuse(node: Node, _detail: Any) -> None:
    node.refuses = True
    _cut_all(node, None)


def _no_handshake_over(node: Node) -> None:
    node.no_handshake = False
    unshaken, node.unshaken = node.unshaken, []
    for wire in unshaken:
        wire.shake()


def _slow(node: Node, detail: Any) -> None:
    node.slow, node.slowness = detail


def _unstuck(node: Node) -> None:
    node.stuck = False
    node.catch_up()


def _refuse_kinds(node: Node, detail: Any) -> None:
    node.refused_kinds = frozenset(detail)


def _swallow(node: Node, detail: Any) -> None:
    node.swallowed = frozenset(detail)


def _nothing(_node: Node) -> None:
    """It is over when it has happened."""


# name → what it does, its cure, the lane that it is confined to
FAULTS: dict[str, tuple[Callable[[Node, Any], None], Callable[[Node], None], str | None]] = {
    "kill": (lambda node, _detail: node.stop(None), lambda node: node.boot(), None),
    "stop": (lambda node, _detail: node.stop(1001), lambda node: node.boot(), None),
    "pause": (_set("paused", True), lambda node: node.resume(), None),
    "reset": (_cut_all, _nothing, "ws"),
    "close": (_close_all, _nothing, "ws"),
    "refuse": (_refuse, _unset("refuses"), "ws"),
    "black_hole": (_set("hole", True), lambda node: node.lift_hole(), "ws"),
    "drop_after_accept": (_set("drops", True), _unset("drops"), "ws"),
    "no_handshake": (_set("no_handshake", True), _no_handshake_over, "ws"),
    "slow_answers": (_slow, _unset("slow", 0.0), None),
    "refuse_subscription": (_refuse_kinds, _unset("refused_kinds", frozenset()), None),
    "method_timeout": (_swallow, lambda node: node.disgorge(), None),
    "stalled_head": (_set("stuck", True), _unstuck, None),
    "absurd_head": (_set("absurd", True), _unset("absurd"), None),
}
