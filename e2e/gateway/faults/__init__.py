"""Every fault that the gateway knows, one file each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2e.gateway.faults.absurd_head import AbsurdHead
from e2e.gateway.faults.answer_twice import AnswerTwice
from e2e.gateway.faults.bandwidth import Bandwidth
from e2e.gateway.faults.black_hole import BlackHole
from e2e.gateway.faults.close import Close
from e2e.gateway.faults.down import Down
from e2e.gateway.faults.drop_after_accept import DropAfterAccept
from e2e.gateway.faults.early_answer import EarlyAnswer
from e2e.gateway.faults.endless_trailers import EndlessTrailers
from e2e.gateway.faults.freeze import Freeze
from e2e.gateway.faults.http_status import HttpStatus
from e2e.gateway.faults.id_type import IdType
from e2e.gateway.faults.idle_close import IdleClose
from e2e.gateway.faults.latency import Latency
from e2e.gateway.faults.limit_data import LimitData
from e2e.gateway.faults.method_failure import MethodFailure
from e2e.gateway.faults.method_timeout import MethodTimeout
from e2e.gateway.faults.oversize import Oversize
from e2e.gateway.faults.probe_failure import ProbeFailure
from e2e.gateway.faults.refuse import Refuse
from e2e.gateway.faults.refuse_client import RefuseClient
from e2e.gateway.faults.refuse_subscription import RefuseSubscription
from e2e.gateway.faults.reset import Reset
from e2e.gateway.faults.reset_peer import ResetPeer
from e2e.gateway.faults.sequential_ids import SequentialIds
from e2e.gateway.faults.slicer import Slicer
from e2e.gateway.faults.slow_answers import SlowAnswers
from e2e.gateway.faults.slow_close import SlowClose
from e2e.gateway.faults.stalled_head import StalledHead
from e2e.gateway.faults.syncing import Syncing
from e2e.gateway.faults.timeout import Timeout

if TYPE_CHECKING:
    from e2e.gateway.faults.fault import Fault

FAULTS: Final[dict[str, type[Fault]]] = {
    fault.kind: fault
    for fault in (
        AbsurdHead,
        AnswerTwice,
        Bandwidth,
        BlackHole,
        Close,
        Down,
        DropAfterAccept,
        EarlyAnswer,
        EndlessTrailers,
        Freeze,
        HttpStatus,
        IdType,
        IdleClose,
        Latency,
        LimitData,
        MethodFailure,
        MethodTimeout,
        Oversize,
        ProbeFailure,
        Refuse,
        RefuseClient,
        RefuseSubscription,
        Reset,
        ResetPeer,
        SequentialIds,
        Slicer,
        SlowAnswers,
        SlowClose,
        StalledHead,
        Syncing,
        Timeout,
    )
}


class FaultError(ValueError):
    """There is no such fault, or not with these attributes; the message says what there is."""


def build(kind: str, attributes: dict[str, Any]) -> Fault:
    """Return a new fault of `kind` with `attributes`; FaultError if that cannot be."""
    if kind not in FAULTS:
        raise FaultError(f"no fault is called {kind!r}; there are {', '.join(FAULTS)}")
    known = FAULTS[kind].attributes()
    for name, value in attributes.items():
        if name not in known:
            raise FaultError(f"{kind} has no attribute {name!r}; it has {', '.join(known)}")
        if not _fits(value, known[name]):
            raise FaultError(f"{kind}: {name} = {value!r} should be like {known[name]!r}")
    try:
        return FAULTS[kind](**attributes)
    except ValueError as error:
        raise FaultError(str(error)) from error


def _fits(value: Any, default: Any) -> bool:
    if isinstance(default, float) and not isinstance(value, bool):
        return isinstance(value, int | float)
    if isinstance(default, tuple):
        return isinstance(value, list) and all(isinstance(each, str) for each in value)
    return type(value) is type(default)
