"""An HTTP client that writes down what it sends and what it gets, and never judges."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import requests
from urllib3.exceptions import HTTPError

from e2e.clients import jsontext
from e2e.direct import direct_session
from e2e.ledger.entries import Failed, Received, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from e2e.clients.websocket import Request
    from e2e.ledger.recorder import Recorder

NO_REQUEST = ""  # the ledger's method of a text that is no request


class HttpClient:
    """One session with kept-alive connections to `url`. Calls block; one thread at a time."""

    def __init__(self, name: str, url: str, recorder: Recorder) -> None:
        self.name = name
        self.url = url
        self._recorder = recorder
        self._session = direct_session()

    def call(
        self, request: Request, within: float, intended: float | None = None, *, chunks: int = 0
    ) -> Received | None:
        """Post one request; returns the answer, None where none came (the ledger has the reason).

        `chunks`: in so many pieces, without saying how long it will be; 0: as a whole.
        """
        op = self._sent(request, None, intended)
        body = jsontext.encode(request.id, request.method, request.params).encode()
        answers = self._post(jsontext.pieces(body, chunks) if chunks else body, op, [op], within)
        return answers[0] if answers else None

    def call_batch(self, batch: Sequence[Request], within: float) -> list[Received]:
        """Post several requests in one body; returns the answers in the order in which they came."""
        number = self._recorder.next_op()
        ops = [self._sent(request, number, None) for request in batch]
        texts = [jsontext.encode(request.id, request.method, request.params) for request in batch]
        return self._post(f"[{','.join(texts)}]".encode(), ops[0], ops, within)

    def post(self, body: bytes, within: float) -> Received | None:
        """Post a body that is no request; returns what came back, None for nothing."""
        op = self._recorder.next_op()
        text = body[:200].decode(errors="replace")
        self._recorder.record(Sent(self._recorder.now(), self.name, op, "null", NO_REQUEST, text, "http"))
        answers = self._post(body, op, [op], within)
        return answers[0] if answers else None

    def close(self) -> None:
        """Close the kept-alive connections."""
        self._session.close()

    def _sent(self, request: Request, batch: int | None, intended: float | None) -> int:
        request_id = None if request.id is None else jsontext.as_recorded(request.id)
        op, now = self._recorder.next_op(), self._recorder.now()
        self._recorder.record(
            Sent(now, self.name, op, request_id, request.method, request.params, "http", batch, intended)
        )
        return op

    def _post(self, body: bytes | Iterable[bytes], op: int, ops: Sequence[int], within: float) -> list[Received]:
        try:
            status, text = self._exchange(body, within)
        except (requests.RequestException, HTTPError) as error:
            for each in ops:
                self._recorder.record(Failed(self._recorder.now(), self.name, each, f"{type(error).__name__}: {error}"))
            return []
        now = self._recorder.now()
        answers = [
            Received(now, self.name, answer_id, frame, "http", op, status) for answer_id, frame in jsontext.frames(text)
        ]
        for received in answers:
            self._recorder.record(received)
        return answers

    def _exchange(self, body: bytes | Iterable[bytes], within: float) -> tuple[int, bytes]:
        """The status and the whole answer. Raises what requests and urllib3 do, also for an answer that drips in."""
        deadline = time.monotonic() + within
        headers = {"content-type": "application/json"}
        with self._session.post(self.url, data=body, headers=headers, timeout=within, stream=True) as response:
            parts = []
            # `timeout` is for each read: an answer that comes byte by byte would keep it for ever
            while part := response.raw.read1(decode_content=True):
                parts.append(part)
                if time.monotonic() > deadline:
                    raise requests.ReadTimeout(f"the answer is not all here after {within:g} s")
            if response.raw.length_remaining:  # read1 does not mind
                raise requests.ConnectionError(f"{response.raw.length_remaining} bytes of the answer are missing")
            return response.status_code, b"".join(parts)
