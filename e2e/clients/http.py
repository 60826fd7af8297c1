"""An HTTP client that writes down what it sends and what it gets, and never judges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests

from e2e.clients import jsontext
from e2e.ledger.entries import Failed, Received, Sent

if TYPE_CHECKING:
    from e2e.clients.websocket import Request
    from e2e.ledger.recorder import Recorder


class HttpClient:
    """One session with kept-alive connections to `url`. Calls block; one thread at a time."""

    def __init__(self, name: str, url: str, recorder: Recorder) -> None:
        self.name = name
        self.url = url
        self._recorder = recorder
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the user's environment has no part in this

    def call(self, request: Request, within: float) -> Received | None:
        """Post one request; returns the answer, None where none came (the ledger has the reason)."""
        request_id = None if request.id is None else jsontext.as_recorded(request.id)
        op = self._recorder.next_op()
        self._recorder.record(
            Sent(self._recorder.now(), self.name, op, request_id, request.method, request.params, "http")
        )
        try:
            response = self._session.post(
                self.url,
                data=jsontext.encode(request.id, request.method, request.params),
                headers={"content-type": "application/json"},
                timeout=within,
            )
        except requests.RequestException as error:
            self._recorder.record(Failed(self._recorder.now(), self.name, op, f"{type(error).__name__}: {error}"))
            return None
        answer_id, frame = jsontext.frames(response.content)[0]
        received = Received(self._recorder.now(), self.name, answer_id, frame, "http", op, response.status_code)
        self._recorder.record(received)
        return received

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()
