"""id_type: answers come with the id of the request in another JSON type: 7 as "7", "7" as 7."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from e2e.gateway.faults.method_fault import MethodFault
from e2e.gateway.spans import with_member

if TYPE_CHECKING:
    from e2e.gateway.calls import Answer
    from e2e.gateway.link import Link


@dataclass(kw_only=True)
class IdType(MethodFault):
    kind = "id_type"

    def answering(self, link: Link, answer: Answer) -> None:
        if answer.id is None or not self.hits(answer.method):
            return
        bare = answer.id.strip(b'"')
        if bare == answer.id and bare != b"null":
            answer.raw = with_member(answer.raw, b"id", b'"%s"' % bare)
        elif bare.isdigit():
            answer.raw = with_member(answer.raw, b"id", bare)
        else:
            return
        self.bite("changed", link, id=answer.id.decode(), method=answer.method)
