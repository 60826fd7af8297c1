"""Every error that this SDK raises. Each says whose fault it is and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

if TYPE_CHECKING:
    from kurtosis_sdk.starlark import StarlarkRunResult

Fault = Literal["caller", "script", "engine", "environment"]
"""caller: an argument was wrong. script: Starlark that ran. engine: Kurtosis itself. environment: what surrounds it."""


class KurtosisError(Exception):
    """Base of all errors here. `fault` says who has to act."""

    fault: ClassVar[Fault] = "engine"


class EngineNotRunningError(KurtosisError, ConnectionError):
    """Nothing that speaks as a Kurtosis engine answers at the address."""

    fault = "environment"


class EngineVersionError(KurtosisError):
    """The engine is of another major or minor version than the one this SDK speaks to."""

    fault = "environment"


class DisconnectedError(KurtosisError, ConnectionError):
    """The connection to an engine or an API container broke after it had been made: it was stopped, or it died."""

    fault = "environment"


class DeadlineExceededError(KurtosisError, TimeoutError):
    """A call took longer than it may; what it asked for may still happen."""

    fault = "environment"


class EngineError(KurtosisError):
    """The engine or the API container refused or failed. `details` is all it said."""

    def __init__(self, message: str, details: str = "") -> None:
        super().__init__(message)
        self.details = details


class TransferError(EngineError):
    """The chunks of a file do not follow one another: some were lost."""


class InvalidArgumentError(KurtosisError, ValueError):
    """An argument that no engine would take; raised before anything is sent."""

    fault = "caller"


class PackageError(InvalidArgumentError):
    """The folder is not a Starlark package, or too big to send."""


class NotFoundError(KurtosisError, LookupError):
    """There is no such thing under that name, UUID or shortened UUID."""

    fault = "caller"


class EnclaveNotFoundError(NotFoundError):
    """No enclave has this identifier now."""


class ServiceNotFoundError(NotFoundError):
    """No service of the enclave has this identifier."""


class FilesArtifactNotFoundError(NotFoundError):
    """No files artifact of the enclave has this identifier."""


class EnclaveNotRunningError(KurtosisError):
    """The enclave exists, but its API container does not run, so nothing can be asked of it."""

    fault = "caller"


class DockerError(KurtosisError):
    """The Docker API could not be reached, or refused; signals and pauses go through it."""

    fault = "environment"


class StarlarkRunError(KurtosisError):
    """A Starlark run failed. `result` is the run as far as it came, with the position of the error."""

    fault = "script"

    def __init__(self, message: str, result: StarlarkRunResult) -> None:
        super().__init__(message)
        self.result = result


class StarlarkInterpretationError(StarlarkRunError):
    """The script is wrong: nothing was changed in the enclave."""


class StarlarkValidationError(StarlarkRunError):
    """The plan cannot work here (an unknown service, an image that cannot be had): nothing was changed."""


class StarlarkExecutionError(StarlarkRunError):
    """An instruction failed; those before it stay done."""
