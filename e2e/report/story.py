"""What happened in a run, in three lines: what was done to whom, who served, who lost what."""

from __future__ import annotations

import math
from collections import Counter
from html import escape
from typing import TYPE_CHECKING

from e2e.checkers.gauges import carriers
from e2e.checkers.verdict import Answer

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
    return [escape(each) for each in dict.fromkeys(_spans(history))]


def _spans(history: History) -> Iterator[str]:
    for fault in history.faults:
        if fault.healed <= fault.at:
            until = ""
        else:
            until = " to the end" if fault.healed == math.inf else f" to {fault.healed:.1f} s"
        yield f"{fault.name} of {fault.target}{f' ({fault.lane})' if fault.lane else ''}, {fault.at:.1f} s{until}"


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
    return ([f"<b>{', '.join(promises)}</b>"] if promises else []) + told
