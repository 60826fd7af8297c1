"""Open-loop traffic over HTTP: posts on times fixed beforehand, by as many threads as it takes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

from e2e.clients.websocket import Request
from e2e.traffic.openloop import schedule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from e2e.clients.http import HttpClient
    from e2e.ledger.recorder import Recorder
    from e2e.traffic.openloop import Load

WITHIN: Final = 15.0  # seconds for an answer


class Posts:
    """Each client posts `load` on a thread of its own, until stopped. `sent` counts what left."""

    def __init__(self, clients: Sequence[HttpClient], load: Load, recorder: Recorder) -> None:
        self.load = load
        self.clients = tuple(clients)
        self.sent = 0
        self._recorder = recorder
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._post, args=(each,), name=each.name) for each in self.clients]
        self._lock = threading.Lock()
        self._start = 0.0

    def start(self) -> None:
        """Begin to post."""
        self._start = self._recorder.now()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Post no more; returns when what is out has its answer, or has failed. May be called twice."""
        self._ended.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()

    @property
    def running(self) -> bool:
        """Whether any client still has something to post."""
        return any(thread.is_alive() for thread in self._threads)

    def _post(self, client: HttpClient) -> None:
        requests = self.load.profile.requests(f"{self.load.seed}/{client.name}")
        ids = self.load.ids(lambda _: False)  # over HTTP an id is out for one round trip, in a body of its own
        for offset in schedule(self.load, client.name):
            intended = self._start + offset
            if self._ended.wait(max(0.0, intended - self._recorder.now())):
                return
            method, params = next(requests)
            client.call(Request(next(ids), method, params), WITHIN, intended)
            with self._lock:
                self.sent += 1
