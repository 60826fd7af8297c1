"""Faults of one lane of one node, done by the gateway, written down as exactly as the gateway counts them.

Faults that can only be felt later (a subscription refused on a node that nobody uses yet) are armed: they are written
down at the instant of their first effect. So are the requests with side effects that reach the nodes.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import orjson

from e2e.gateway.client import GatewayError
from e2e.ledger.entries import Arrived, Healed, Injected, Marked
from e2e.nemesis.fault import FaultDidNotBiteError

if TYPE_CHECKING:
    from pathlib import Path

    from e2e.gateway.client import GatewayClient, InForce
    from e2e.gateway.facts import Fact, LaneName
    from e2e.ledger.recorder import Recorder

BITES_WITHIN: Final = 3.0  # seconds
BITES: Final = "bites"  # the mark that says, at the end of a fault, how many effects it had


class LaneNemesis:
    """The gateway's faults of one run. Call from one thread.

    The names of the faults and their attributes are the gateway's: see `python -m e2e.gateway` and its /kinds.
    """

    def __init__(self, gateway: GatewayClient, recorder: Recorder, log: Path | None = None) -> None:
        """Begin with what the gateway sees from now on; each fact of it goes to the file `log` as a JSON line."""
        self._gateway = gateway
        self._recorder = recorder
        self._log = log
        self._open: dict[int, InForce] = {}
        self._armed: dict[int, tuple[InForce, float]] = {}  # not felt yet, with the times at which they were armed
        self._never_felt: list[InForce] = []
        self._read = int(gateway.state()["facts"])

    @property
    def hurt(self) -> tuple[InForce, ...]:
        """The faults in force, the oldest first."""
        return tuple(self._open.values())

    def unfelt(self) -> tuple[InForce, ...]:
        """Return the faults that were armed and have had no effect, those that were taken away before it first."""
        self.collect()
        return *self._never_felt, *(fault for fault, _ in self._armed.values())

    def inject(self, fault: str, node: str, lane: LaneName, **attributes: Any) -> InForce:
        """Do `fault` to a lane and see it bite: at once, or on the next traffic there.

        Raises FaultDidNotBiteError if it has no effect in time; GatewayError if there is no such fault.
        """
        armed = self.arm(fault, node, lane, **attributes)
        if armed.id in self._open and not armed.bites:
            try:
                self._gateway.wait_bites(armed, at_least=1, within=BITES_WITHIN)
            except GatewayError as error:
                raise FaultDidNotBiteError(f"{fault} of {node} ({lane}) did not bite: {error}") from error
        elif not armed.bites:
            raise FaultDidNotBiteError(f"{fault} of {node} ({lane}) did not bite: no link was open")
        self.collect()
        return armed

    def arm(self, fault: str, node: str, lane: LaneName, **attributes: Any) -> InForce:
        """Do `fault` to a lane without waiting for its first effect."""
        began = self._recorder.now()
        armed = self._gateway.add(fault, node, lane, **attributes)
        self._armed[armed.id] = (armed, began)
        if armed.lasting:
            self._open[armed.id] = armed
        return armed

    def cure(self, fault: InForce) -> None:
        """Take `fault` away. KeyError if it is not in force."""
        del self._open[fault.id]
        bites = self._gateway.wait_bites(fault, at_least=0, within=0).bites
        self._gateway.remove(fault)
        self.collect()
        # between the look at its effects and its end there may have been a first one
        felt = bites > 0 or fault.id not in self._armed
        self._armed.pop(fault.id, None)
        detail = {"fault": fault.fault, "node": fault.node, "lane": fault.lane, "bites": bites}
        self._recorder.record(Marked(self._recorder.now(), BITES, detail))
        if felt:
            self._recorder.record(Healed(self._recorder.now(), fault.fault, fault.node, fault.lane))
        else:
            self._never_felt.append(fault)

    def cure_all(self) -> None:
        """Take every fault away, the oldest first."""
        for fault in self.hurt:
            self.cure(fault)

    def collect(self) -> None:
        """Write down what the gateway saw since the last time: first effects, and requests with side effects."""
        facts = self._gateway.facts(after=self._read)
        self._keep(facts)
        for fact in facts:
            self._read = fact.number
            at = self._at(fact)
            if fact.what == "arrived":
                self._recorder.record(Arrived(at, fact.node, fact.detail["method"], fact.detail["params"]))
            elif fact.fault_id in self._armed:
                self._record_injected(fact, at)

    def _at(self, fact: Fact) -> float:
        """When it was, on the clock of the run."""
        return self._recorder.now() - (time.monotonic() - fact.at)

    def _keep(self, facts: list[Fact]) -> None:
        if self._log is not None and facts:
            with self._log.open("ab") as log:
                log.writelines(
                    orjson.dumps(fact.to_json() | {"at": round(self._at(fact), 6)}) + b"\n" for fact in facts
                )

    def _record_injected(self, fact: Fact, at: float) -> None:
        fault, began = self._armed.pop(fact.fault_id or 0)
        detail = {"lane": fault.lane, "by": "gateway", **fault.attributes}
        self._recorder.record(Injected(at, fault.fault, fault.node, detail, began=began))
