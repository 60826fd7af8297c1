"""The five issues of the incident."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from mutants.catalogue import STEPS, mutant
from mutants.patch import edit, swap
from proxy.health import Answered, Failed
from proxy.session import events as ev
from proxy.session.continuity import Continuity
from proxy.session.desk import Desk
from proxy.session.reach import Reach
from proxy.session.session import Session
from proxy.session.streams import Streams
from proxy.shell import monitor
from proxy.shell.websocket import Client

if TYPE_CHECKING:
    from proxy.health import Observation
    from proxy.session.link import Link
    from proxy.shell.pool import Pool

WINDOW: Final = "reconnection_window: Messages sent during reconnection are not lost"
THREE_STREAMS: Final = "subscriptions: Multiple subscriptions maintained after reconnection"
REUSED_ID: Final = "ids: Client reuses RPC IDs after reconnection"
PAUSED: Final = "failover: Clients are served on when the primary is paused"
INCIDENT: Final = "incident: Twenty clients through four reconnections, five of them reading slowly"
HOME: Final = "failback: WebSocket switches back to primary when it recovers"


@mutant(
    "What a client sends while the proxy reconnects is dropped.",
    mode="issue.1",
    caught_by=("answered_once",),
    shown_by=(
        WINDOW,
        "issue_1: A hundred requests in the window after the only node was killed",
        "reconnection_window: No messages lost during reconnection window",
        "load: Fifty clients through a switch",
    ),
)
def drops_while_offline() -> None:
    swap(Desk, "wait", lambda _desk, _call: None)


@mutant(
    "The answers to replayed subscriptions reach the client.",
    mode="issue.2",
    caught_by=("no_strangers",),
    shown_by=(
        REUSED_ID,
        "issue_2: Five subscriptions through three switches, each once, under its own id",
        "reconnection: Regular requests work after WebSocket reconnection",
        "subscriptions: Five subscriptions maintained after reconnection",
    ),
)
def forwards_replay_answers() -> None:
    original = Session._errand_answered

    def errand_answered(session: Session, link: Link, key: bytes, data: bytes) -> None:
        session._out.append(ev.SendClient(data))
        original(session, link, key, data)

    swap(Session, "_errand_answered", errand_answered)


@mutant(
    "Requests go to the nodes under the client's own ids: what waits under the same id is lost.",
    mode="issue.2",
    caught_by=("answered_once",),
    shown_by=("ids: Busy clients that reuse low ids, in every spelling, get their own answers through a switch",),
)
def sends_original_ids() -> None:
    edit(Session, "_write", "key = link.mint()", 'key = (call.request.id or b"0").strip(b\'"\')')


@mutant(
    "After a switch events come under the new node's subscription ids.",
    mode="issue.2",
    caught_by=("no_strangers", "subscriptions_survive"),
    shown_by=(THREE_STREAMS,),
)
def changes_subscription_ids() -> None:
    edit(
        Streams,
        "_tell_event",
        "subscription.key + data",
        "(frame.subscription if link.epoch > 1 else subscription.key) + data",
    )


@mutant(
    "Each switch leaves one more copy of every subscription behind.",
    mode="issue.2",
    caught_by=("heads_continuous", "subscriptions_survive"),
    shown_by=(THREE_STREAMS,),
)
def multiplies_subscriptions() -> None:
    every = "followers = self._book.of(Kind.HEADS)"
    edit(Continuity, "_tell_heads", every, f"{every} * link.epoch")


@mutant(
    "Health probes have no time-out and hold up all requests until the node answers.",
    mode="issue.3",
    caught_by=("fails_over", STEPS),
    shown_by=(
        PAUSED,
        "issue_3: Posts are as fast as ever while a node lets probes hang",
        "issue_4: Clients leave a dead node in time while another one lets probes hang",
        "health: Failover is fast though another node keeps its probes waiting",
    ),
)
def probes_block_requests() -> None:
    async def probe(pool: Pool, limit: float, *, new: bool) -> Observation:
        del limit, new
        endpoint = pool.endpoint
        url = f"http://{endpoint.host}:{endpoint.port}"
        return _ask_blocking(url)

    swap(monitor, "probe_execution", probe)


def _ask_blocking(url: str) -> Observation:
    request: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}
    asked = urllib.request.Request(url, json.dumps(request).encode(), {"Content-Type": "application/json"})  # noqa: S310 - a node's
    try:
        with urllib.request.urlopen(asked) as answer:  # noqa: S310 - see above
            return Answered(int(json.load(answer)["result"], 16))
    except OSError as error:
        return Failed(str(error), refused=True)


@mutant(
    "The monitor of connections waits for the lock that a health probe holds.",
    mode="issue.4",
    caught_by=("fails_over",),
    shown_by=(PAUSED,),
)
def starves_the_monitor() -> None:
    lock = asyncio.Lock()

    async def probe_under_lock(pool: Pool, limit: float, *, new: bool) -> Observation:
        async with lock:
            seen: Observation = await probe(pool, 30 * limit, new=new)
            return seen

    def time_passed(client: Client) -> None:
        if lock.locked():
            client._timer = client._loop.call_later(0.01, lambda: time_passed(client))
        else:
            original(client)

    probe = swap(monitor, "probe_execution", probe_under_lock)
    original = swap(Client, "_time_passed", time_passed)


@mutant(
    "Clients never go back to the primary.",
    mode="issue.5",
    caught_by=("returns_home",),
    shown_by=(
        HOME,
        "issue_5: Clients are back on a primary that was killed, and stay",
        "failback: WebSocket automatically switches back to primary when recovered",
        "failover: Twenty busy clients lose nothing when the primary is killed",
        "faults: Twenty busy clients lose nothing: kill of every lane of the node in use",
        INCIDENT,
    ),
)
def stays_on_backup() -> None:
    edit(Reach, "_improves", "return here.node.tier is Tier.BACKUP and node.tier is Tier.PRIMARY", "return False")
