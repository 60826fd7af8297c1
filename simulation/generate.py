"""From a seed to a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from proxy.nodes import Tier
from proxy.session import Settings
from simulation.agenda import stream
from simulation.dialect import DIALECTS
from simulation.nemesis import REORG, STARVE
from simulation.plan import Action, Fault, Plan, Setting
from simulation.script import MOMENTS, burst, script

if TYPE_CHECKING:
    from random import Random

# drawn as often as they stand here
_FAULTS = (
    "kill", "kill", "stop", "stop", "pause", "pause", "reset", "reset", "close", "refuse", "black_hole",
    "drop_after_accept", "no_handshake", "slow_answers", "refuse_subscription", "stalled_head", "absurd_head",
)  # fmt: skip
_ENDS = ("kill", "stop", "pause")
# faults from which there is no doubt when they begin and end: they are judged by the clock, too
_CLEAR = ("kill", "stop", "pause", "reset", "close", "black_hole")
# logs without heads have nothing to be refilled by: what a switch to such a node costs is told late, out of order
_REFUSALS = (("newHeads", "logs"), ("logs",), ("newPendingTransactions",), ("newPendingTransactions", "logs"))
CALM_EVERY = 4
SPACED = 6.0  # seconds between two faults of a calm run
LONG = 11.5  # seconds without any node: longer than a request waits


def is_calm(seed: int) -> bool:
    """Whether the run has one fault at a time, so that figures in seconds can be asked for."""
    return seed % CALM_EVERY == 0


def plan(seed: int) -> Plan:
    rng = stream(seed, "plan")
    nodes = _nodes(rng)
    clients = [f"c{number}" for number in range(1, rng.choice((1, 2, 2, 3)) + 1)]
    lasts = rng.uniform(9.0, 14.0)
    names = [name for name, _, _ in nodes]
    dark = False
    if is_calm(seed):
        faults, lasts = _calm(rng, names)
    elif dark := rng.random() < 0.06:
        faults, lasts = _darkness(rng, names, clients)
    else:
        faults = _storm(rng, names, clients, lasts)
    settings = Settings(
        request_timeout=10.0,
        # a read that dies with several nodes in turn is served by one more: no error is right while a node is well
        max_retries=8,
        queue_max_messages=40,
        # by default an idle link may be dead for longer than the two seconds in which the checkers want it noticed
        idle_ping_interval=0.8,
        backfill_blocks=128 if is_calm(seed) else rng.choice((4, 8, 128)),
    )
    acts = [act for client in clients for act in script(rng, client, lasts, calm=is_calm(seed))]
    # who reads late hears of an error when there is no excuse for it any more: so also where a node refuses what the
    # client has, and no other is there
    errors = dark or any(fault.name == "refuse_subscription" for fault in faults if isinstance(fault, Fault))
    actions: list[Action] = [act for act in acts if not errors or act.verb != "stall"]
    ordered = sorted([*actions, *faults], key=lambda action: action.at)
    return Plan(seed, Setting(nodes, rng.choice((0.25, 0.5, 1.0)), settings, lasts), tuple(ordered))


def _nodes(rng: Random) -> tuple[tuple[str, Tier, int], ...]:
    kinds = range(len(DIALECTS))
    tiers = ((Tier.PRIMARY, "p"), (Tier.BACKUP, "b"))
    return tuple(
        (f"{letter}{number}", tier, rng.choice(kinds))
        for tier, letter in tiers
        for number in range(1, rng.choice((1, 2, 2)) + 1)
    )


def _calm(rng: Random, names: list[str]) -> tuple[list[Action], float]:
    """One fault after another, with time between them."""
    faults: list[Action] = []
    at = rng.uniform(2.0, 4.0)
    for _ in range(rng.randint(1, 2)):
        until = at + rng.uniform(1.5, 4.0)
        # the best node is hit more often: it is the one that carries
        faults.append(Fault(at, rng.choice(_CLEAR), rng.choice((names[0], names[0], *names)), until))
        at = until + SPACED
    return faults, at - 2.0


def _darkness(rng: Random, names: list[str], clients: list[str]) -> tuple[list[Action], float]:
    """No node for longer than a request waits, or none that answers, or none that takes subscriptions over."""
    at = rng.uniform(2.0, 5.0)
    roll = rng.random()
    if roll < 0.2:
        faults: list[Action] = [
            Fault(at, "refuse_subscription", name, at + 6.0, ("newHeads", "logs")) for name in names
        ]
        return faults + [Fault(at + 1.0, "reset", name, at + 1.0) for name in names], at + 8.0
    if roll < 0.5:
        silent = ("eth_call", "eth_getBalance", "eth_chainId")
        return [Fault(at, "method_timeout", name, at + LONG, silent) for name in names], at + LONG + 3.0
    end = rng.choice(_ENDS)
    faults = [Fault(at, end, name, at + LONG) for name in names]
    if rng.random() < 0.7:
        faults += burst(clients[0], at + 3.0)
    return faults, at + LONG + 3.0


def _storm(rng: Random, names: list[str], clients: list[str], lasts: float) -> list[Action]:
    faults: list[Action] = [_fault(rng, names, clients, lasts) for _ in range(rng.randint(1, 5))]
    faults += [
        Fault(rng.uniform(1.0, lasts), REORG, "", 0.0, rng.randint(1, 4)) for _ in range(rng.choice((0, 0, 1, 2)))
    ]
    if rng.random() < 0.2:
        at = rng.uniform(1.0, lasts - 3)
        faults.append(Fault(at, STARVE, "", at + rng.uniform(0.2, 2.0)))
    if rng.random() < 0.15:
        at = rng.uniform(1.0, lasts - 4)
        until = at + rng.uniform(0.5, 3.0)
        faults += [Fault(at + rng.uniform(0, 0.3), rng.choice(_ENDS), name, until) for name in names]
    return faults


def _fault(rng: Random, names: list[str], clients: list[str], lasts: float) -> Fault:
    name = rng.choice(_FAULTS)
    at = rng.uniform(1.0, lasts - 3)
    until = min(at + rng.uniform(0.3, 6.0), lasts)
    detail: Any = None
    if name == "slow_answers":
        detail = (rng.choice((0.2, 1.0)), rng.choice((0.5, 3.0)))
    elif name == "refuse_subscription":
        detail = rng.choice(_REFUSALS)
    if rng.random() < 0.4:
        target = rng.choice(("@carrier", "@dialled"))
        return Fault(at, name, target, until, detail, rng.choice(MOMENTS), rng.choice(clients))
    return Fault(at, name, rng.choice(names), until, detail)
