"""What a proxy under test is to a run, wherever it runs: something that starts, listens, leaves and may end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from e2e.sut.profile import ProfileError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from e2e.sut.profile import Profile, Upstream


class SutError(Exception):
    """The proxy under test could not be started; the message says what it said and what to do."""


def command_line(
    profile: Profile, values: Mapping[str, str], nodes: Sequence[Upstream], consensus: Mapping[str, str]
) -> list[str]:
    """Return the words of the profile's command, at least one, with all placeholders filled. Raises SutError."""
    try:
        return list(profile.words(values, nodes, consensus))
    except ProfileError as error:
        raise SutError(str(error)) from error


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the proxy under test listens; None for what its profile does not name."""

    http: str
    ws: str
    health: str | None
    ready: str | None
    metrics: str | None
    status: str | None
    consensus: str | None

    @classmethod
    def of(cls, paths: Mapping[str, str], address: str) -> Endpoints:
        """Return the URLs of a proxy at `address` (host:port)."""

        def optional(name: str) -> str | None:
            return f"http://{address}{paths[name]}" if name in paths else None

        return cls(
            http=f"http://{address}{paths['http']}",
            ws=f"ws://{address}{paths['ws']}",
            health=optional("health"),
            ready=optional("ready"),
            metrics=optional("metrics"),
            status=optional("status"),
            consensus=optional("consensus"),
        )


class Sut(Protocol):
    """One proxy for one scenario. `log` is complete once it has stopped; `endpoints` are known once it has started."""

    profile: Profile
    nodes: tuple[Upstream, ...]
    log: Path
    endpoints: Endpoints

    @property
    def config(self) -> Path:
        """Its config file."""
        ...

    @property
    def exit_code(self) -> int | None:
        """None while it has not ended; negative: the signal that ended it."""
        ...

    def start(self) -> None:
        """Start it and wait until it serves its nodes. Raises SutError, and then nothing is left running."""
        ...

    def tell_to_leave(self) -> None:
        """SIGTERM, without waiting for what it does about it."""
        ...

    def stop(self) -> int | None:
        """SIGTERM, and SIGKILL if it does not leave in time; returns its exit code, None if it never ran."""
        ...


class SutMaker(Protocol):
    """Makes the proxy of a run, not started yet. Its config and its log go to `folder`.

    `settings` are those that differ from the profile's.
    """

    def __call__(
        self,
        profile: Profile,
        nodes: Sequence[Upstream],
        consensus: Mapping[str, str],
        folder: Path,
        settings: Mapping[str, str],
    ) -> Sut: ...
