"""Nodes that do not answer although nobody hurt them: on a machine that is busy they come to a stand by themselves.

A proxy is right to leave such a node, and no checker may hold that against it. So somebody asks each node the same
small question, without the proxy in between, and writes down as a fault when it takes too long: one that was seen,
not done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import requests

from e2e.direct import direct_session
from e2e.ledger.entries import Healed, Injected

if TYPE_CHECKING:
    from collections.abc import Callable, Container

    from e2e.ledger.recorder import Recorder

FAULT: Final = "unresponsive"
ASK_EVERY: Final = 0.5  # seconds
SLOW: Final = 0.4
"""Seconds: what a direct question takes when something is wrong with the node, or with the whole machine."""
GIVES_UP: Final = 3.0
_QUESTION: Final = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber", "params": []}


class NodeWitness:
    """One for each node; call `look` from one thread. `hurt` names the nodes whose harm is somebody's deed."""

    def __init__(
        self, node: str, url: Callable[[str], str], hurt: Callable[[], Container[str]], recorder: Recorder
    ) -> None:
        self._node = node
        self._url = url
        self._hurt = hurt
        self._recorder = recorder
        self._session = direct_session()
        self._silent = False

    def look(self) -> None:
        """Ask once."""
        before = self._node in self._hurt()
        began = self._recorder.now()
        try:
            self._session.post(self._url(self._node), json=_QUESTION, timeout=GIVES_UP)
            answered = True
        except requests.RequestException:
            answered = False
        now = self._recorder.now()
        if before or self._node in self._hurt():
            self.close()
        elif now - began > SLOW:
            if not self._silent:
                self._recorder.record(Injected(now, FAULT, self._node, began=began))
            self._silent = True
        elif answered:
            self.close()

    def close(self) -> None:
        """It is not unresponsive by itself any more."""
        if self._silent:
            self._recorder.record(Healed(self._recorder.now(), FAULT, self._node))
        self._silent = False
