"""Which of the instants that matter a run has reached."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulation.client import Client
    from simulation.connection import Connection
    from simulation.node import Node


class Coverage:
    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()

    def noticed(self, connection: Connection, what: str, node: Node, client: Client) -> None:
        self.seen[what] += 1
