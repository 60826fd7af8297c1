"""The harness's side of the control API, for synchronous code."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from e2e.beacon.config import Address


class DriverError(Exception):
    """The block driver refused, or did not answer."""


@dataclass(frozen=True, slots=True)
class DrivenBlock:
    """A canonical block; `slot` and `at` as in `chain.Block`."""

    number: int
    hash: str
    parent: str
    slot: int
    at: float


@dataclass(frozen=True, slots=True)
class DrivenNode:
    """`state`: see `follower.Follower.state`; `head`: the hash of the block it stands on, or empty."""

    state: str
    head: str


class DriverClient:
    """One block driver. Every method raises DriverError; from any thread (a connection per call)."""

    def __init__(self, control: Address) -> None:
        self._control = control

    def head(self) -> DrivenBlock:
        return DrivenBlock(**self._ask("GET", "/head"))

    def blocks(self, first: int, last: int) -> list[DrivenBlock]:
        """The canonical blocks from `first` to `last`, both included, as far as they exist."""
        return [DrivenBlock(**block) for block in self._ask("GET", f"/blocks?first={first}&last={last}")]

    def nodes(self) -> dict[str, DrivenNode]:
        return {name: DrivenNode(**node) for name, node in self._ask("GET", "/nodes").items()}

    def reorg(self, depth: int, within: float) -> DrivenBlock:
        """Replace the last `depth` blocks by one more; the new head."""
        return DrivenBlock(**self._ask("POST", "/reorg", {"depth": depth}, within))

    def pause(self) -> None:
        """No new blocks until `resume`."""
        self._ask("POST", "/pause")

    def resume(self) -> None:
        self._ask("POST", "/resume")

    def _ask(self, method: str, path: str, body: Any = None, within: float = 5.0) -> Any:
        connection = http.client.HTTPConnection(self._control.host, self._control.port, timeout=within)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            content = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            where = f"{self._control.host}:{self._control.port}"
            raise DriverError(f"the block driver at {where} did not answer: {error or type(error).__name__}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise DriverError(str(content.get("error", content)))
        return content
