"""When a proxy under test is fit to be tested: it listens, and it has found the nodes that it was told of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import requests

from e2e.clients.scrape import by_label, parse
from e2e.wait import WaitTimeoutError, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.sut.protocol import Sut

READY_WITHIN: Final = 15.0  # seconds
ANSWERS_WITHIN: Final = 2.0


class NotReadyError(Exception):
    """It ended, or did not become ready in time."""


def wait_until_ready(sut: Sut) -> None:
    """Wait for its health page, for its ready page and, where its metrics say so, for each node's health."""
    where, sample = sut.endpoints, sut.profile.metrics.get("node_healthy")
    with requests.Session() as session:
        session.trust_env = False
        _wait(sut, lambda: _ok(session, where.health), f"{where.health} answers 200")
        if (ready := where.ready) is not None:
            _wait(sut, lambda: _ok(session, ready), f"{ready} answers 200")
        if (metrics := where.metrics) is not None and sample is not None:
            names = {node.name for node in sut.nodes}
            _wait(sut, lambda: names <= _healthy(session, metrics, sample), f"{sample} is 1 for {sorted(names)}")


def _wait(sut: Sut, condition: Callable[[], bool], what: str) -> None:
    try:
        wait_until(lambda: sut.exit_code is not None or condition(), READY_WITHIN, what)
    except WaitTimeoutError as error:
        raise NotReadyError(f"the proxy under test is not ready: {error}") from error
    if sut.exit_code is not None:
        raise NotReadyError(f"the proxy under test ended with exit code {sut.exit_code} before it was ready")


def _ok(session: requests.Session, url: str) -> bool:
    try:
        return session.get(url, timeout=ANSWERS_WITHIN).status_code == 200
    except requests.RequestException:
        return False


def _healthy(session: requests.Session, url: str, sample: str) -> set[str]:
    try:
        samples = parse(session.get(url, timeout=ANSWERS_WITHIN).text, frozenset({sample}))
    except (requests.RequestException, ValueError):
        return set()
    return {node for node, value in by_label(samples, sample, "node").items() if value == 1}
