"""sequential_ids: subscription ids are 0x1, 0x2, …, as some nodes number them, so that two nodes hand out the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from e2e.gateway.faults.fault import Fault
from e2e.gateway.spans import members, with_member

if TYPE_CHECKING:
    from e2e.gateway.calls import Answer, Call, Reply
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class SequentialIds(Fault):
    """`scope`: 'link' begins with 0x1 on every link, 'node' counts over all links of the lane.

    Only subscriptions made under the fault are renamed; they keep their names for as long as their link lives.
    """

    kind = "sequential_ids"
    lanes = ("ws",)
    rewrites = True

    scope: str = "node"

    def __post_init__(self) -> None:
        super().__post_init__()
        self.require(self.scope in ("link", "node"), "scope is 'link' or 'node'")
        self._names: dict[int, dict[str, str]] = {}  # by link: the node's id → the name given
        self._last = 0

    def clings(self, link: Link) -> bool:
        return link.number in self._names

    def ended(self, link: Link) -> None:
        self._names.pop(link.number, None)

    def calling(self, link: Link, call: Call) -> Call | Reply | None:
        names = self._names.get(link.number)
        if names and call.method == "eth_unsubscribe" and isinstance(call.params, list):
            given = {name: original for original, name in names.items()}
            originals = [given.get(each, each) if isinstance(each, str) else each for each in call.params]
            call.raw = with_member(call.raw, b"params", orjson.dumps(originals))
        return call

    def answering(self, link: Link, answer: Answer) -> None:
        if answer.method == "eth_subscribe" and isinstance(answer.value.get("result"), str):
            if self.id in self.lane.faults:
                name = self._name(link, answer.value["result"])
                answer.raw = with_member(answer.raw, b"result", b'"%s"' % name.encode())
        elif answer.id is None:
            self._rename_event(answer, self._names.get(link.number, {}))

    def _name(self, link: Link, original: str) -> str:
        names = self._names.setdefault(link.number, {})
        self._last += 1
        names[original] = hex(len(names) + 1 if self.scope == "link" else self._last)
        self.bite("renamed", link, original=original, name=names[original])
        return names[original]

    def _rename_event(self, answer: Answer, names: dict[str, str]) -> None:
        params: Any = answer.value.get("params")
        name = names.get(str(params.get("subscription"))) if isinstance(params, dict) else None
        if name is not None:
            span = members(answer.raw)[b"params"]
            renamed = with_member(answer.raw[slice(*span)], b"subscription", b'"%s"' % name.encode())
            answer.raw = with_member(answer.raw, b"params", renamed)
