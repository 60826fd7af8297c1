"""Nothing reaches a client that it did not ask for.

A frame is asked for if it answers a request of its own connection that still waits, or if it is an event for a
subscription id which that connection was given and has not given up.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.checkers.verdict import Verdict, Witness, broken, kept, not_reached
from e2e.ledger.entries import Received
from e2e.ledger.subscriptions import event_id

if TYPE_CHECKING:
    from e2e.ledger.entries import Entry
    from e2e.ledger.exchanges import Stray
    from e2e.ledger.history import History
    from e2e.ledger.subscriptions import Subscription

PROMISE = "no_strangers"

IN_FLIGHT = 0.5
"""Seconds after the answer to an unsubscribe in which an event may still come: nodes write both from two threads."""


def no_strangers(history: History) -> Verdict:
    received = sum(isinstance(entry, Received) for entry in history.entries)
    if not received:
        return not_reached(PROMISE, "nobody received anything")
    strays = [_stray(stray) for stray in history.strays]
    replays = sum(map(_is_replay, history.strays))
    orphans = [_orphan(history, event) for event in history.orphans]
    late = [witness for subscription in history.subscriptions for witness in _after_the_end(subscription)]
    facts = {"frames": received, "replay answers": replays, "strange events": len(orphans) + len(late)}
    if strays or orphans or late:
        counted = f"{len(strays)} answers ({replays} to replayed subscriptions) and {len(orphans) + len(late)} events"
        return broken(PROMISE, f"{counted} that nobody had asked for", [*strays, *orphans, *late], **facts)
    return kept(PROMISE, f"{received} frames, all asked for", **facts)


def _is_replay(stray: Stray) -> bool:
    return stray.asked is not None and stray.asked.request.method == "eth_subscribe"


def _stray(stray: Stray) -> Witness:
    received, asked = stray.received, stray.asked
    entries: tuple[Entry, ...] = (received,)
    if asked is not None:
        entries = (asked.request, received)
        if _is_replay(stray):
            text = f"the answer to a replayed subscription, under the id {received.id} of the client's eth_subscribe"
        else:
            text = f"a second answer with id {received.id}, which {asked.request.method} had asked for"
    elif received.id is None:
        text = f"a frame that is neither answer nor event: {str(received.frame)[:120]}"
    else:
        text = f"an answer with id {received.id}, which was never asked{_nearly(stray)}"
    return Witness(received.at, received.client, text, entries)


def _nearly(stray: Stray) -> str:
    """Name an id that a careless proxy may have turned into this one."""
    asked = {each.request.id for each in stray.connection.exchanges if each.request.id} if stray.connection else set()
    number = _number(stray.received.id)
    twins = sorted(each for each in asked if number is not None and _number(each) == number)
    return f" (asked was {', '.join(twins)})" if twins else ""


def _number(text: str | None) -> float | None:
    try:
        return float((text or "").strip('"'))
    except ValueError:
        return None


def _orphan(history: History, event: Received) -> Witness:
    name = event_id(event.frame)
    owners = [each for each in history.subscriptions if each.id == name]
    if any(each.client == event.client for each in owners):
        text = f"an event for subscription {name}, which was not confirmed yet"
    elif owners:
        text = f"an event for subscription {name}, which belongs to {owners[0].client}"
    else:
        text = f"an event for subscription {name}, an id that no client was ever given"
    return Witness(event.at, event.client, text, (event,))


def _after_the_end(subscription: Subscription) -> list[Witness]:
    end = subscription.ended + IN_FLIGHT
    return [
        Witness(
            event.at,
            subscription.client,
            f"an event for subscription {subscription.id}, unsubscribed {event.at - subscription.ended:.1f} s before",
            (event,),
        )
        for event in subscription.events
        if event.at > end
    ]
