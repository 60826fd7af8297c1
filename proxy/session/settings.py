"""The figures that a session keeps to."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Settings:
    """Times are in seconds, sizes in bytes."""

    request_timeout: float = 30.0
    max_retries: int = 2
    max_batch: int = 1000
    # of answers that wait for the others of their batches
    batch_max_bytes: int = 32 << 20
    queue_max_messages: int = 1000
    queue_max_bytes: int = 32 << 20
    # of one client: more is no use of it, and each costs many times its bytes
    open_max_calls: int = 50_000
    max_subscriptions: int = 10_000
    subscriptions_max_bytes: int = 32 << 20
    backfill_blocks: int = 128
    dial_timeout: float = 1.0
    # a read-only errand of ours (replay, backfill) that takes longer marks the link as unfit
    errand_timeout: float = 2.0
    ping_interval: float = 0.5
    ping_timeout: float = 0.9
    # a link with nothing in flight and no subscription is asked this rarely
    idle_ping_interval: float = 15.0
    # random part of the first dial after a loss, and of a planned move: spreads the herd
    dial_spread: float = 0.05
    move_spread: float = 0.25
    backoff_first: float = 0.2
    backoff_most: float = 30.0
    # a link that lived this long clears its node's record in this session
    backoff_forgiven: float = 10.0
