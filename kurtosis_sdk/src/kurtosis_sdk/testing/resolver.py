"""Which instructions of a plan an enclave has run before, as Kurtosis decides it.

Only the end of what was run is compared: a plan of n instructions has to begin among the last n, and to agree with
what follows there. Everything else runs again, and a service that is added again is made anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kurtosis_sdk.testing.plan import Instruction


@dataclass(frozen=True)
class Done:
    """An instruction that was run, and the values that became known by it."""

    name: str
    text: str
    subject: str
    known: dict[str, str] = field(default_factory=dict)


class _Match(Enum):
    EQUAL = auto()
    UPDATE = auto()
    DIFFERENT = auto()


_NEVER_SKIPPED = {"remove_service", "start_service", "stop_service"}
_MAKERS = {"add_service", "render_templates", "store_service_files", "upload_files"}


def resolve(steps: list[Instruction], history: list[Done]) -> int:
    """Mark the steps that need not run; the number of instructions of the history that stay in front of the plan."""
    for start in range(max(0, len(history) - len(steps)), len(history)):
        before: list[Done | None] = [*history[start : start + len(steps)]]
        before += [None] * (len(steps) - len(before))
        updated: set[str] = set()
        matches = [_match(step, done, updated) for step, done in zip(steps, before, strict=True)]
        is_valid = all(
            match is not _Match.DIFFERENT or (done is None and step.name not in _NEVER_SKIPPED)
            for step, done, match in zip(steps, before, matches, strict=True)
        )
        if is_valid:
            for step, done, match in zip(steps, before, matches, strict=True):
                step.done = done if match is _Match.EQUAL else None
            return start
    return len(history)


def _match(step: Instruction, done: Done | None, updated: set[str]) -> _Match:
    if done is None or step.name in _NEVER_SKIPPED or step.name != done.name:
        return _Match.DIFFERENT
    is_equal = str(step) == done.text
    if step.name in _MAKERS and step.subject == done.subject:
        if is_equal and not updated & step.uses:
            return _Match.EQUAL
        updated.add(step.subject)
        return _Match.UPDATE
    if not is_equal:
        return _Match.DIFFERENT
    return _Match.UPDATE if updated & step.uses else _Match.EQUAL
