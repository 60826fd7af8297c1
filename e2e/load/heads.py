"""What a subscription has told so far, in constant memory: does the next event follow?"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

REMEMBERED: Final = 256  # blocks, and logs: reorgs reach less far back


class Heads:
    """newHeads: each block once, on top of the one before. `number` is the last one's, -1 before the first.

    A head that stands on another branch is allowed where `reorgs` are: nodes announce the tip of a branch that they
    adopt, not each of its blocks, so its parent need not have been told.
    """

    def __init__(self, *, reorgs: bool) -> None:
        self.number = -1
        self.branches = 0
        self._reorgs = reorgs
        self._last = ""
        self._told: OrderedDict[str, None] = OrderedDict()

    def hear(self, result: Any) -> str | None:
        """Return what is wrong with the event; None if nothing is."""
        try:
            number, name, parent = int(result["number"], 16), str(result["hash"]), str(result["parentHash"])
        except (KeyError, TypeError, ValueError):
            return f"no head: {str(result)[:120]}"
        if name in self._told:
            return f"head {number} again"
        before, last = self.number, self._last
        self.number, self._last = number, name
        self._remember(name)
        if before < 0 or (number == before + 1 and parent == last):
            return None
        if number > before + 1:
            return f"head {number} after head {before}: {number - before - 1} missing"
        self.branches += 1
        if not self._reorgs:
            return f"head {number} {name[:12]} does not follow head {before} {last[:12]}"
        return None

    def _remember(self, name: str) -> None:
        self._told[name] = None
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)


class Logs:
    """logs: each once, until it is taken back; and taken back once."""

    number = -1
    branches = 0

    def __init__(self) -> None:
        self._told: OrderedDict[tuple[str, int], bool] = OrderedDict()

    def hear(self, result: Any) -> str | None:
        """Return what is wrong with the event; None if nothing is."""
        try:
            key, removed = (str(result["blockHash"]), int(result["logIndex"], 16)), bool(result.get("removed"))
        except (KeyError, TypeError, ValueError, AttributeError):
            return f"no log: {str(result)[:120]}"
        if self._told.get(key) is removed:
            return f"log {key[1]} of block {key[0][:12]} {'taken back' if removed else 'told'} twice"
        self._told[key] = removed
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return None


class Others:
    """Any other subscription: nothing can be said of its events."""

    number = -1
    branches = 0

    def hear(self, _: Any) -> str | None:
        return None


def stream(kind: str, *, reorgs: bool) -> Heads | Logs | Others:
    """Return what watches over a new subscription."""
    if kind == "newHeads":
        return Heads(reorgs=reorgs)
    return Logs() if kind == "logs" else Others()
