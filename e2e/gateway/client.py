"""The gateway from the suite's side: its control API as plain calls."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Final

import requests

from e2e.direct import direct_session
from e2e.gateway.facts import Fact, LaneName
from e2e.testbed.protocol import NodeUrls

_PATIENCE: Final = 10.0  # seconds for an answer, besides what a call waits for
_ONE_MACHINE: Final = 1.0  # seconds; clocks closer than this are one and the same


class GatewayError(Exception):
    """The gateway refused what was asked of it, or is not there; the message says why."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A fault as the gateway has it; `bites` counts its effects so far. Not `lasting`: it is over already."""

    id: int
    fault: str
    node: str
    lane: LaneName
    bites: int
    lasting: bool
    attributes: dict[str, Any]

    @classmethod
    def of(cls, told: dict[str, Any]) -> InForce:
        names = ("id", "fault", "node", "lane", "bites", "lasting")
        return cls(**{name: told.pop(name) for name in names}, attributes=told)


class GatewayClient:
    """Use from one thread at a time. Times are this machine's monotonic clock, in seconds."""

    def __init__(self, url: str) -> None:
        """Take the base URL of the control API."""
        self.url = url.rstrip("/")
        self._session = direct_session()
        self._ahead: float | None = None

    def close(self) -> None:
        self._session.close()

    # faults

    def add(self, fault: str, node: str, lane: LaneName, **attributes: Any) -> InForce:
        """Put a lane under a fault; returns when it is in force (for one of an instant: done)."""
        body = {"fault": fault, "node": node, "lane": lane, **attributes}
        return InForce.of(self._call("POST", "/faults", json=body))

    def remove(self, fault: InForce) -> None:
        self._call("DELETE", f"/faults/{fault.id}")

    def reset(self) -> None:
        """Take every fault away."""
        self._call("POST", "/reset")

    def faults(self) -> list[InForce]:
        return [InForce.of(told) for told in self._call("GET", "/faults")]

    def wait_bites(self, fault: InForce, at_least: int, within: float) -> InForce:
        """Wait until `fault` has had that many effects. Raises GatewayError after `within` seconds."""
        query = {"at_least": at_least, "within": within}
        return InForce.of(self._call("GET", f"/faults/{fault.id}/bites", params=query, within=within))

    # what was seen

    def urls(self, node: str) -> NodeUrls:
        """Return where the proxy should look for `node`."""
        lanes = self.state()["nodes"][node]
        return NodeUrls(lanes["http"]["url"], lanes["ws"]["url"])

    def state(self) -> dict[str, Any]:
        """Return nodes (lanes with url, links and counters: see `counters`), faults, and how many facts there are."""
        state: dict[str, Any] = self._call("GET", "/state")
        return state

    def lane(self, node: str, lane: LaneName) -> dict[str, Any]:
        """Return the counters of one lane."""
        counters: dict[str, Any] = self.state()["nodes"][node][lane]
        return counters

    def methods(self) -> dict[tuple[str, LaneName], dict[str, int]]:
        """Return what each lane of each node was asked for, and how often."""
        nodes = self.state()["nodes"]
        names: tuple[LaneName, ...] = ("http", "ws")
        return {(node, lane): lanes[lane]["methods"] for node, lanes in nodes.items() for lane in names}

    def facts(self, after: int = 0) -> list[Fact]:
        """Return the facts whose number is above `after`."""
        ahead = self._clock_ahead()
        told = self._call("GET", "/facts", params={"after": after})
        return [Fact(**each | {"at": each["at"] - ahead}) for each in told]

    def dials(self, node: str, lane: LaneName) -> list[float]:
        """Return when the proxy connected to this lane."""
        ahead = self._clock_ahead()
        return [at - ahead for at in self._call("GET", "/dials", params={"node": node, "lane": lane})]

    def wait_links(
        self, node: str, lane: LaneName, *, within: float, at_least: int = 0, at_most: int | None = None
    ) -> int:
        """Wait until the open links of a lane are that many. Raises GatewayError after `within` seconds."""
        query: dict[str, Any] = {"node": node, "lane": lane, "at_least": at_least, "within": within}
        if at_most is not None:
            query["at_most"] = at_most
        return int(self._call("GET", "/links", params=query, within=within)["links"])

    def retarget(self, node: str, urls: NodeUrls) -> None:
        """Lead new links of `node` to other addresses."""
        self._call("PUT", f"/routes/{node}", json={"http": urls.http, "ws": urls.ws})

    def _clock_ahead(self) -> float:
        """Return by how many seconds the gateway's clock is ahead of ours: 0 on one machine."""
        if self._ahead is None:
            before = time.monotonic()
            now = self.state()["now"]
            ahead = now - (before + time.monotonic()) / 2
            self._ahead = ahead if abs(ahead) > _ONE_MACHINE else 0.0
        return self._ahead

    def _call(self, verb: str, path: str, *, within: float = 0.0, **given: Any) -> Any:
        try:
            answer = self._session.request(verb, self.url + path, timeout=_PATIENCE + within, **given)
            told = answer.json()
        except requests.RequestException as error:
            raise GatewayError(f"the gateway at {self.url} does not answer: {error}") from error
        if answer.status_code == 408:
            raise GatewayError(f"not within {within:g} s: {path} {given.get('params')}; seen at the end: {told}")
        if not answer.ok:
            raise GatewayError(told.get("error", answer.text))
        return told
