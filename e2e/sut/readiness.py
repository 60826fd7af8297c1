"""When a proxy under test is fit to be tested: it listens, and it has found the nodes that it was told of."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import requests

from e2e.clients.scrape import by_label, parse
from e2e.direct import direct_session
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.sut.protocol import Sut

READY_WITHIN: Final = 15.0  # seconds
ANSWERS_WITHIN: Final = 2.0


class NotReadyError(Exception):
    """It ended, or did not become ready in time."""


def wait_until_ready(sut: Sut) -> None:
    """Wait for its health and ready pages, for an answer of a node, and for each node's health by its metrics.

    Whatever of this its profile does not name is left out.
    """
    where, sample = sut.endpoints, sut.profile.metrics.get("node_healthy")
    with direct_session() as session:
        for page in filter(None, (where.health, where.ready)):
            _wait(sut, partial(_page, session, page), f"{page} answers 200")
        if where.ready is None:
            _wait(sut, partial(_call, session, where.http), f"{where.http} answers eth_chainId")
        if (metrics := where.metrics) is not None and sample is not None:
            names = {node.name for node in sut.nodes}
            what = f"{sample} is 1 for {sorted(names)}"
            _wait(sut, lambda: _unhealthy(session, metrics, sample, names), what)


def _wait(sut: Sut, trouble: Callable[[], str | None], what: str) -> None:
    """Wait until there is no trouble any more."""
    seen: str | None = None

    def well() -> bool:
        nonlocal seen
        seen = trouble()
        return sut.exit_code is not None or seen is None

    try:
        wait_until(well, READY_WITHIN, what, lambda: seen)
    except WaitTimeoutError as error:
        raise NotReadyError(f"the proxy under test is not ready: {error}") from error
    if sut.exit_code is not None:
        raise NotReadyError(f"the proxy under test ended with exit code {sut.exit_code} before it was ready")


def _page(session: requests.Session, url: str) -> str | None:
    """Return what is wrong with a page, None if nothing is."""
    try:
        answer = session.get(url, timeout=ANSWERS_WITHIN)
    except requests.RequestException as error:
        return repr(error)
    return None if answer.status_code == 200 else _said(answer)


def _call(session: requests.Session, url: str) -> str | None:
    """Return what is wrong with the answer to a call that any node can answer, None if nothing is."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}
    try:
        answer = session.post(url, json=call, timeout=ANSWERS_WITHIN)
        body = answer.json()
    except requests.JSONDecodeError:
        return _said(answer)
    except requests.RequestException as error:
        return repr(error)
    return None if isinstance(body, dict) and "result" in body else _said(answer)


def _unhealthy(session: requests.Session, url: str, sample: str, nodes: set[str]) -> str | None:
    """Return which nodes are not healthy by the metrics, None if all are."""
    try:
        samples = parse(session.get(url, timeout=ANSWERS_WITHIN).text, frozenset({sample}))
    except (requests.RequestException, ValueError) as error:
        return repr(error)
    healthy = {node for node, value in by_label(samples, sample, "node").items() if value == 1}
    return f"only {sorted(healthy)} are" if nodes - healthy else None


def _said(answer: requests.Response) -> str:
    return f"HTTP {answer.status_code} {answer.text[:200]!r}"
