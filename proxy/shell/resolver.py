"""Looks up the names of nodes, so that a name whose answer does not come holds up nobody but its own node.

The loop would do it in a few threads for all: two dials of such a name, and no name has an answer any more.
"""

from __future__ import annotations

import asyncio
import socket
import time
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aiohappyeyeballs import AddrInfoType

# a lookup that takes longer (seconds) is not waited for where an earlier one brought addresses
PATIENCE: Final = 0.25
# it is known that there are no addresses; all else is want of an answer
_NONE: Final = (socket.EAI_NONAME, socket.EAI_NODATA)


class _Lookup(NamedTuple):
    since: float
    answer: Future[Sequence[AddrInfoType]]


class Resolver:
    """One lookup at a time for each name and port; who asks meanwhile shares its answer. Belongs to no loop."""

    def __init__(self) -> None:
        self._lookups: dict[tuple[str, int], _Lookup] = {}
        self._last: dict[tuple[str, int], Sequence[AddrInfoType]] = {}

    async def addresses(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """Where `host` is now; or where it last was, if now there is no answer. Raises OSError."""
        key = host, port
        last = self._last.get(key)
        lookup = self._lookups.get(key)
        if lookup is None or lookup.answer.done():
            lookup = self._lookups[key] = self._begin(key)
        patience = None if last is None else lookup.since + PATIENCE - time.monotonic()
        try:
            async with asyncio.timeout(patience):
                return await asyncio.wrap_future(lookup.answer)
        except OSError as error:  # that includes the time-out
            if last is None or error.errno in _NONE:
                raise
            return last

    def _begin(self, key: tuple[str, int]) -> _Lookup:
        answer: Future[Sequence[AddrInfoType]] = Future()
        answer.set_running_or_notify_cancel()  # who gives up takes the answer from nobody else
        # no thread of a pool, all of which are waited for at the end of the process: a lookup cannot be broken off
        Thread(target=self._look_up, args=(key, answer), name=f"lookup of {key[0]}", daemon=True).start()
        return _Lookup(time.monotonic(), answer)

    def _look_up(self, key: tuple[str, int], answer: Future[Sequence[AddrInfoType]]) -> None:
        try:
            found = socket.getaddrinfo(*key, type=socket.SOCK_STREAM)
        except UnicodeError:
            answer.set_exception(socket.gaierror(socket.EAI_NONAME, "cannot be the name of a host"))
        except Exception as error:  # noqa: BLE001 - it is theirs who wait
            answer.set_exception(error)
        else:
            self._last[key] = found
            answer.set_result(found)
