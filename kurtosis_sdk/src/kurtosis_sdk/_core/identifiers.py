"""Things that have a name, a UUID and a shortened UUID, found by any of the three."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kurtosis_sdk.errors import NotFoundError


class Known(NamedTuple):
    """What one thing is called, in the order in which an identifier is compared."""

    uuid: str
    shortened_uuid: str
    name: str


def the_one(identifier: str, every: Iterable[Known], kind: str, missing: str, error: type[NotFoundError]) -> str:
    """The UUID of the one thing of this `kind` with this identifier.

    Raises `error`, with `missing` when there is none, and with all UUIDs when there is more than one.
    """
    known = list(every)
    for place in range(len(Known._fields)):
        uuids = [each.uuid for each in known if each[place] == identifier]
        if len(uuids) == 1:
            return uuids[0]
        if uuids:
            raise error(f"{identifier!r} names more than one {kind}: use a full UUID of {', '.join(uuids)}")
    raise error(missing)
