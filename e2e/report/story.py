"""What happened in a run, in three lines: what was done to whom, who served, who lost what."""

from __future__ import annotations

import math
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from e2e.checkers.gauges import carriers
from e2e.checkers.verdict import Answer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.checkers.verdict import Verdict
    from e2e.ledger.history import History

MOST = 6
"""How many faults, switches and clients are named."""


def story(history: History, verdicts: Sequence[Verdict]) -> str:
    """The lines as HTML, <dt> and <dd>."""
    lines = {"faults": _faults(history), "served": _service(history), "lost": _losses(verdicts)}
    return "\n".join(f"<dt>{name}</dt><dd>{_some(parts)}</dd>" for name, parts in lines.items())


def _some(parts: list[str]) -> str:
    rest = len(parts) - MOST
    return " · ".join(parts[:MOST] + ([f"and {rest} more"] if rest > 0 else [])) or "nothing"


def _faults(history: History) -> list[str]:
    """Each fault, those of the same kind at the same time as one."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for fault in history.faults:
        until = " to the end" if fault.healed == math.inf else f" to {fault.healed:.1f} s"
        span = f"{fault.at:.1f} s{until if fault.healed > fault.at else ''}"
        groups.setdefault((fault.name, f" ({fault.lane})" if fault.lane else "", span), []).append(fault.target)
    return [escape(f"{name} of {_named(whom)}{lane}, {span}") for (name, lane, span), whom in groups.items()]


def _named(targets: list[str]) -> str:
    rest = len(targets) - MOST
    return ", ".join(targets[:MOST]) + (f" and {rest} more" if rest > 0 else "")


def _service(history: History) -> list[str]:
    """The nodes that carried clients, each time that they changed."""
    parts: list[str] = []
    last: frozenset[str] | None = None
    for scraped in history.scrapes:
        nodes = carriers(history, scraped)
        if nodes is not None and nodes != last:
            last = nodes
            parts.append(escape(f"from {scraped.at:.1f} s {' and '.join(sorted(nodes)) or 'nobody'}"))
    return parts or ["nobody can say: the proxy has no such gauge"]


def _losses(verdicts: Sequence[Verdict]) -> list[str]:
    witnesses = Counter(
        witness.client for each in verdicts if each.answer is Answer.NO for witness in each.witnesses if witness.client
    )
    promises = [each.promise for each in verdicts if each.answer is Answer.NO]
    told = [f"<b>{escape(client)}</b> {count} times" for client, count in witnesses.most_common()]
    if promises and not told:
        told = [escape(each.witnesses[0].text) for each in verdicts if each.answer is Answer.NO and each.witnesses]
    return ([f"<b>{', '.join(promises)}</b>"] if promises else []) + told
