"""Judge a run: `python -m e2e.judge RUN [--promise NAME]`; RUN is a folder or a name under `runs/` ('latest', say)."""

from __future__ import annotations

import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from e2e.checkers import CHECKERS
from e2e.checkers.verdict import Answer, Verdict, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from e2e.ledger.history import History


def judge(history: History, promises: Iterable[str] | None = None) -> list[Verdict]:
    """A verdict for each of `promises` (all there are when None), in the order of the registry.

    A promise that the run's meta requires and that was not put to the test is UNKNOWN; one that the proxy's profile
    does not claim can be kept, but not broken. KeyError for a promise that nobody judges.
    """
    wanted = set(CHECKERS) if promises is None else set(promises)
    if strangers := wanted - set(CHECKERS):
        raise KeyError(f"no checker for {', '.join(sorted(strangers))}; there are {', '.join(CHECKERS)}")
    return [_judge(history, promise) for promise in CHECKERS if promise in wanted]


def _judge(history: History, promise: str) -> Verdict:
    try:
        verdict = CHECKERS[promise](history)
    except Exception as error:  # noqa: BLE001 - whatever it is, it says nothing about the proxy
        last = traceback.format_exception_only(error)[-1].strip()
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return unknown(promise, f"the checker crashed: {last} ({frame.filename}:{frame.lineno})")
    if verdict.answer is Answer.NOT_REACHED and promise in history.meta.required:
        return replace(verdict, answer=Answer.UNKNOWN, reason=f"not put to the test: {verdict.reason}")
    if verdict.red and promise in history.meta.not_claimed:
        reason = f"{history.meta.not_claimed[promise]} (seen: {verdict.reason})"
        return replace(verdict, answer=Answer.NOT_CLAIMED, reason=reason)
    return verdict
