"""What a run is made of: plain values that a seed decides, that can be printed, and that shrinking can leave out.

`when` makes an action wait, from `at` on, until that happens to the session of a client (see `connection.Notice`), so
that the rare instants are hit on purpose and not by luck.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from proxy.nodes import Tier
    from proxy.session import Settings


class Ask(NamedTuple):
    """One request. `id` is JSON text, None for a notification; `layout` has places for the id and for the rest."""

    method: str
    params: Any
    id: str | None
    layout: str = '{{"jsonrpc":"2.0","id":{id},{rest}}}'


class Act(NamedTuple):
    """A client does something: 'ask' (with asks; several are a batch), 'text', 'leave', or 'stall' (for seconds)."""

    at: float
    client: str
    verb: str
    detail: Any = None
    when: str | None = None


class Fault(NamedTuple):
    """The nemesis does `name` to `node` at `at` and takes it back at `until`.

    `node` may be '@carrier' or '@dialled': the one that carries, or is being dialled by, `client` at that instant.
    """

    at: float
    name: str
    node: str
    until: float
    detail: Any = None
    when: str | None = None
    client: str | None = None


Action: TypeAlias = Act | Fault


class Setting(NamedTuple):
    """The world before anything happens. `nodes`: name, tier, number of its dialect."""

    nodes: tuple[tuple[str, Tier, int], ...]
    slot: float
    settings: Settings
    healed_at: float


class Plan(NamedTuple):
    seed: int
    setting: Setting
    actions: tuple[Action, ...]
