"""Links to nodes: lost and not noticed, dialled too often or in vain, kept too long."""

from __future__ import annotations

from mutants.catalogue import STEPS, mutant
from mutants.incident import INCIDENT
from mutants.patch import edit, swap
from proxy import routing
from proxy.session.link import Link
from proxy.session.reach import Reach
from proxy.session.session import Session
from proxy.shell import dialer
from proxy.shell.upstream import Upstream
from proxy.shell.websocket import Client


@mutant(
    "A link that is reset without a close frame is not noticed.",
    mode="mode.L1",
    caught_by=("fails_over",),
    shown_by=("links: A reset of the WebSocket lane alone, while HTTP is well", INCIDENT),
)
def deaf_after_a_reset() -> None:
    swap(Upstream, "on_ws_disconnected", lambda _upstream, _transport: None)


@mutant(
    "The close frame of a node ends its clients' sessions.",
    mode="mode.L2",
    caught_by=("fails_over", STEPS),
    shown_by=(
        "failover: Clients are served on when the primary is stopped",
        "links: A node that closes with 1001 ends no client's session",
    ),
)
def passes_the_close_on() -> None:
    edit(
        Session,
        "_upstream_lost",
        "self._plan()",
        'self._plan()\n        if event.reason.startswith("closed with"):\n            self._close(1001, "going away")',
    )


@mutant(
    "A dial may take for ever.",
    mode="mode.L3",
    caught_by=("answered_once", STEPS),
    shown_by=("links: A node that never completes the handshake holds nobody up",),
)
def dials_without_limit() -> None:
    edit(Link, "check", "if now >= self.dial_deadline else None", "if False else None")


@mutant(
    "A client whose first node cannot be dialled is cut off, though other nodes are well.",
    mode="mode.L4",
    caught_by=("answered_once", STEPS),
    shown_by=("links: A new client is served although the first node refuses it",),
)
def gives_up_at_the_first_dial() -> None:
    edit(
        Session,
        "_upstream_lost",
        "self._plan()",
        'self._plan()\n        if link.opened_at is None:\n            self._close(1011, "no upstream")',
    )


@mutant(
    "Only the first candidate is dialled, whatever is known of its WebSocket lane.",
    mode="mode.L5",
    caught_by=("answered_once", STEPS),
    shown_by=("links: The second backup serves when primary and first backup are gone",),
)
def knows_one_candidate() -> None:
    edit(routing, "ws_order", " and state.ws_ready", "")
    edit(Reach, "choose", "for node in wanted if", "for node in wanted[:1] if")


@mutant(
    "Nobody pings the nodes: a link that falls silent is kept.",
    mode="mode.L6",
    caught_by=("fails_over", STEPS),
    shown_by=(
        "links: A link that falls silent is noticed by the proxy's own pings",
        "links: A paused node blocks no client that keeps on sending",
    ),
)
def never_pings() -> None:
    edit(Link, "check", "elif now >= self.pinged_at + settings.ping_timeout:", "elif False:")


@mutant(
    "Every client dials a node with a bad WebSocket lane again and again, without a pause.",
    mode="mode.L8",
    caught_by=(STEPS,),
    shown_by=("links: A node with good HTTP and bad WebSocket is not dialled for ever by everybody",),
)
def stampedes() -> None:
    edit(routing, "ws_order", " and state.ws_ready", "")
    edit(Reach, "failed", "now + wait * self._rng.uniform(0.5, 1.0)", "now")


@mutant(
    "A node that takes a dial counts as good, however soon it drops the link, and is dialled again.",
    mode="mode.L13",
    caught_by=("answered_once", "fails_over", STEPS),
    shown_by=("links: A node that takes a dial and drops it is no success",),
)
def takes_a_dial_for_success() -> None:
    edit(routing, "ws_order", " and state.ws_ready", "")
    edit(Reach, "failed", "self._until[node] = now", "self._until[node] = 0.0 if lived else now")


@mutant(
    "The old link stays open after a switch.",
    mode="mode.L10",
    caught_by=(STEPS,),
    shown_by=("links: After failback no link to a backup is left",),
)
def keeps_old_links() -> None:
    swap(Session, "_leave_if_settled", lambda _session, _link: None)


@mutant(
    "All clients dial a node in the same instant.",
    mode="mode.L11",
    caught_by=(STEPS,),
    shown_by=("load: A hundred clients do not dial a node in the same instant",),
)
def dials_in_a_herd() -> None:
    swap(Reach, "_within", lambda _reach, _spread, now: now)


@mutant(
    "Header fields of a client's upgrade request are not passed on.",
    mode="mode.C5",
    caught_by=(STEPS,),
    shown_by=("routing: Header fields and query of an upgrade request reach the node",),
)
def drops_upgrade_headers() -> None:
    swap(dialer, "passed_on", lambda _headers: [])


@mutant(
    "A link over which a long answer comes is taken for silent: no pong can come before the end of it.",
    caught_by=("answered_once", STEPS),
    shown_by=("flights: An answer that takes longer to come than a ping is waited for",),
)
def hears_no_part_of_an_answer() -> None:
    edit(Upstream, "is_moving", "return received or sent", "return sent")


@mutant(
    "One client that nodes refuse, as for its origin, shuts their lanes for all others.",
    caught_by=(STEPS,),
    shown_by=("links: Clients that nodes refuse keep nobody else out",),
)
def shuts_the_lane_for_one() -> None:
    edit(Client, "_report_lane", "if command.doubt:", "if False:")


@mutant(
    "An answer that is too large for the proxy shuts its node's lane for all others.",
    caught_by=(STEPS,),
    shown_by=("load: Clients whose answers are too large keep nobody else out",),
)
def shuts_the_lane_for_a_large_answer() -> None:
    edit(Upstream, "on_ws_disconnected", "refused=ours == WSCloseCode.MESSAGE_TOO_BIG", "refused=False")


@mutant(
    "Home is the first primary alone: while it is away, clients stay on a backup though the second one is well.",
    mode="issue.5",
    caught_by=("returns_home", STEPS),
    shown_by=("failback: The second primary is home, too, while the first one stays away",),
)
def knows_one_home() -> None:
    edit(Reach, "_improves", "and node.tier is Tier.PRIMARY", "and node is self._snapshot.nodes[0].node")
