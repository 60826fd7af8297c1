"""Verdicts and witnesses as text: what a person reads first when a scenario is red."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from e2e.checkers.gauges import carriers
from e2e.checkers.verdict import Answer
from e2e.ledger.entries import (
    Arrived,
    Block,
    Closed,
    Drifted,
    Failed,
    Healed,
    Injected,
    Marked,
    Opened,
    Received,
    Scraped,
    Sent,
)
from e2e.ledger.exchanges import is_event

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from e2e.checkers.verdict import Verdict, Witness
    from e2e.ledger.entries import Entry
    from e2e.ledger.history import History

SIGNS = {
    Answer.YES: "✓",
    Answer.NO: "✗",
    Answer.UNKNOWN: "?",
    Answer.NOT_REACHED: "·",
    Answer.NOT_CLAIMED: "-",
}

WITNESSES = 3
"""How many witnesses of a verdict are shown with all that was around them."""

AROUND = 4
"""How many entries of the same client are shown before a witness, and how many after it."""

FAULTS_AROUND = 5.0
"""Seconds before and after a witness in which faults and switches are shown."""

WIDTH = 110


def table(verdicts: Iterable[Verdict]) -> str:
    """A line for each promise: sign, name, answer and reason."""
    return "\n".join(
        f"{SIGNS[verdict.answer]} {verdict.promise:<22} {verdict.answer:<12} {verdict.reason}" for verdict in verdicts
    )


def figures(verdicts: Iterable[Verdict]) -> str:
    """A line for each promise that has figures."""
    return "\n".join(
        f"  {verdict.promise:<22} {', '.join(f'{name} {_figure(value)}' for name, value in verdict.facts.items())}"
        for verdict in verdicts
        if verdict.facts
    )


def explain(history: History, verdicts: Sequence[Verdict], run: Path | None = None) -> str:
    """The red verdicts with their witnesses and the command that judges the run again. '' when nothing is red."""
    red = [verdict for verdict in verdicts if verdict.red]
    blocks = [_verdict(history, verdict) for verdict in red]
    if red and run is not None:
        promises = "".join(f" --promise {verdict.promise}" for verdict in red)
        blocks.append(f"judge again: python -m e2e.judge {run}{promises}\nlogs:        {run / 'logs'}")
    return "\n\n".join(blocks)


def _verdict(history: History, verdict: Verdict) -> str:
    shown = verdict.witnesses[:WITNESSES]
    rest = verdict.witnesses[WITNESSES:]
    lines = [f"{SIGNS[verdict.answer]} {verdict.promise}: {verdict.answer}: {verdict.reason}"]
    lines += [witness_block(history, witness) for witness in shown]
    lines += [f"  {witness.at:9.3f} s  {witness.client:<12} {witness.text}" for witness in rest[:10]]
    if len(rest) > 10:
        lines.append(f"  … and {len(rest) - 10} more")
    return "\n".join(lines)


def witness_block(history: History, witness: Witness) -> str:
    """A witness with what its client sent and got, and what happened to the nodes, just before and after."""
    lines = [f"  at {witness.at:.3f} s, {witness.client or 'the run'}: {witness.text}"]
    for entry in _neighbours(history, witness):
        mark = ">" if entry in witness.entries else " "
        client = getattr(entry, "client", witness.client)
        whose = "" if client == witness.client else f"({client}) "
        lines.append(f"  {mark} {entry.at - witness.at:+8.3f}  {whose}{line(history, entry)[:WIDTH]}")
    return "\n".join(lines)


def _neighbours(history: History, witness: Witness) -> list[Entry]:
    """In order of time: the client's entries nearest to the witness and its own, and what the nemesis did."""
    own = history.by_client.get(witness.client, ())
    before = [entry for entry in own if entry.at < witness.at][-AROUND:]
    after = [entry for entry in own if entry.at >= witness.at][:AROUND]
    happened = [
        entry
        for entry in history.entries
        if isinstance(entry, Injected | Healed) and abs(entry.at - witness.at) <= FAULTS_AROUND
    ]
    chosen = [*before, *after, *happened, *_switches(history, witness.at), *witness.entries]
    unique = {id(entry): entry for entry in chosen}
    return sorted(unique.values(), key=lambda entry: entry.at)


def _switches(history: History, at: float) -> list[Entry]:
    """The looks at the proxy's gauge in which clients were seen on other nodes than in the look before."""
    found: list[Entry] = []
    last: frozenset[str] | None = None
    for scraped in history.scrapes:
        nodes = carriers(history, scraped)
        if nodes is not None and nodes != last:
            if abs(scraped.at - at) <= FAULTS_AROUND:
                found.append(scraped)
            last = nodes
    return found


def line(history: History, entry: Entry) -> str:
    """One entry in words."""
    match entry:
        case Sent() | Received() | Failed() | Opened() | Closed():
            return _client_line(entry)
        case Injected():
            return f"FAULT     {entry.fault} of {entry.target} {_json(entry.detail) if entry.detail else ''}".rstrip()
        case Healed():
            return f"CURE      {entry.fault} of {entry.target}"
        case Scraped():
            return f"gauge     clients on {', '.join(sorted(carriers(history, entry) or ())) or 'no node'}"
        case Block():
            return f"block     {entry.number} {entry.hash[:12]}"
        case Arrived():
            return f"arrived   at {entry.node}: {entry.method} {_json(entry.params)}"
        case Marked():
            return f"mark      {entry.name}"
        case Drifted():
            return f"drifted   the harness was {entry.late:.2f} s late"


def _client_line(entry: Sent | Received | Failed | Opened | Closed) -> str:
    match entry:
        case Sent():
            return f"sent      id {entry.id}  {entry.method} {_json(entry.params)}"
        case Received():
            return _received(entry)
        case Failed():
            return f"failed    {entry.reason}"
        case Opened():
            return "opened"
        case Closed():
            return f"closed    {entry.code} by the {entry.by} {entry.reason!r}"


def _received(entry: Received) -> str:
    frame = entry.frame
    if is_event(frame):
        params = frame.get("params")
        params = params if isinstance(params, dict) else {}
        return f"event     {params.get('subscription')}  {_json(_head(params.get('result')))}"
    status = f"HTTP {entry.status}  " if entry.status not in {None, 200} else ""
    if isinstance(frame, dict) and ("result" in frame) != ("error" in frame):
        key = "result" if "result" in frame else "error"
        return f"got       id {entry.id}  {status}{key} {_json(frame[key])}"
    return f"got       {status}{_json(frame)}"


def _head(result: Any) -> Any:
    """A header or a log in short: what tells it from another one."""
    if not isinstance(result, dict):
        return result
    telling = ("number", "blockNumber", "logIndex", "removed", "hash", "blockHash")
    return {key: str(result[key])[:14] for key in telling if key in result} or result


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def _figure(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
