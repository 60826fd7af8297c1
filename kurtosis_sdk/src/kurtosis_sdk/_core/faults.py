"""From a failed gRPC call to the error that says whose fault it is."""

from __future__ import annotations

import re
from typing import Final

from kurtosis_sdk.errors import (
    DeadlineExceededError,
    DisconnectedError,
    EnclaveNotFoundError,
    EngineError,
    EngineNotRunningError,
    FilesArtifactNotFoundError,
    KurtosisError,
    NotFoundError,
    ServiceNotFoundError,
)

# The services answer UNKNOWN whatever happened: what was not found can only be read in the text.
_NOT_FOUND: Final[tuple[tuple[str, type[NotFoundError]], ...]] = (
    ("find enclave uuid for identifier", EnclaveNotFoundError),
    ("find a matching service name for identifier", ServiceNotFoundError),
    ("it doesn't exist in this enclave", FilesArtifactNotFoundError),
)
_SERVER_FRAME = re.compile(r"^\s*--- at .*\.go:\d+ .*---\s*$")
_CAUSE = "Caused by: "


def fault(code: str, details: str, *, doing: str, timeout: float) -> KurtosisError:
    """The error for a call that ended with the gRPC status `code` (its name) and the server's text `details`."""
    if code == "DEADLINE_EXCEEDED":
        return DeadlineExceededError(
            f"Could not {doing} within {timeout:g} s. It may still happen: look with `kurtosis enclave ls` or "
            f"`kurtosis enclave inspect`. If every call hangs, `kurtosis engine restart` frees the engine's lock"
        )
    if code in {"UNAVAILABLE", "CANCELLED"}:
        return DisconnectedError(f"Could not {doing}: the connection broke ({details or code})")
    for text, kind in _NOT_FOUND:
        if text in details:
            return kind(f"Could not {doing}: {gist(details)}")
    return EngineError(f"Could not {doing}: {gist(details) or code}", details)


def not_an_engine(address: str, code: str, details: str) -> EngineNotRunningError:
    """The error for the first call to an address, whatever the status."""
    if code == "UNAVAILABLE":
        seen = "nothing listens there, or it speaks no gRPC"
    elif code == "DEADLINE_EXCEEDED":
        seen = "something listens there but does not answer"
    else:
        seen = f"what listens there answers {code}: {gist(details)}"
    return EngineNotRunningError(
        f"No Kurtosis engine at {address}: {seen}. Start one with `kurtosis engine start`; "
        f"`kurtosis engine status` shows whether one runs. The CLI is at https://docs.kurtosis.com/install"
    )


def without_server_frames(details: str) -> str:
    """A server's text without the lines that name places in its own source."""
    return "\n".join(line for line in details.splitlines() if not _SERVER_FRAME.match(line)).strip()


def gist(details: str) -> str:
    """The innermost of a chain of causes, which is where the reason is; the first line if there is no chain."""
    lines = [line.strip() for line in without_server_frames(details).splitlines() if line.strip()]
    causes = [line.removeprefix(_CAUSE) for line in lines if line.startswith(_CAUSE)]
    return causes[-1] if causes else (lines or [""])[0]
