"""What a Starlark run is asked, what it says while it runs, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Literal, TypeAlias

from kurtosis_sdk.errors import (
    StarlarkExecutionError,
    StarlarkInterpretationError,
    StarlarkRunError,
    StarlarkValidationError,
)

if TYPE_CHECKING:
    from datetime import timedelta


class KurtosisFeatureFlag(Enum):
    NO_INSTRUCTIONS_CACHING = "no-instructions-caching"
    """Run every instruction, also those that an earlier run has done in this enclave."""


class ImageDownloadMode(Enum):
    ALWAYS = "always"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class StarlarkRunConfig:
    """How to run a script or a package.

    `serialized_params`: a JSON or YAML object, the keyword arguments of the main function. An empty
    `relative_path_to_main_file` is main.star, an empty `main_function_name` is run. A dry run changes nothing and
    has no output.
    """

    relative_path_to_main_file: str = ""
    main_function_name: str = ""
    serialized_params: str = "{}"
    dry_run: bool = False
    parallelism: int = 4
    experimental_feature_flags: tuple[KurtosisFeatureFlag, ...] = ()
    image_download_mode: ImageDownloadMode = ImageDownloadMode.MISSING


@dataclass(frozen=True, slots=True)
class StarlarkRun:
    """What an enclave ran last."""

    package_id: str
    serialized_script: str
    serialized_params: str
    parallelism: int
    relative_path_to_main_file: str
    main_function_name: str


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a script, counted from 1. `filename` is empty for a script that is no file."""

    filename: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.filename or 'script'}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class StarlarkInstruction:
    """An instruction that is about to run, or would in a dry run. `is_skipped`: an earlier run has done it."""

    position: Position
    instruction_name: str
    arguments: tuple[tuple[str | None, str], ...]
    executable_instruction: str
    is_skipped: bool
    description: str


@dataclass(frozen=True, slots=True)
class StarlarkInstructionResult:
    serialized_instruction_result: str
    execution_duration: timedelta | None


@dataclass(frozen=True, slots=True)
class StarlarkProgress:
    current_step_info: tuple[str, ...]
    total_steps: int
    current_step_number: int


@dataclass(frozen=True, slots=True)
class StarlarkWarning:
    message: str


@dataclass(frozen=True, slots=True)
class StarlarkInfo:
    message: str


@dataclass(frozen=True, slots=True)
class StarlarkError:
    """What went wrong, in which phase, and where in the script if the engine says it."""

    phase: Literal["interpretation", "validation", "execution"]
    message: str
    position: Position | None


@dataclass(frozen=True, slots=True)
class StarlarkRunFinished:
    is_run_successful: bool
    serialized_output: str
    total_execution_duration: timedelta | None


StarlarkLine: TypeAlias = (
    StarlarkInstruction
    | StarlarkInstructionResult
    | StarlarkProgress
    | StarlarkWarning
    | StarlarkInfo
    | StarlarkError
    | StarlarkRunFinished
)


@dataclass(frozen=True, slots=True)
class StarlarkRunResult:
    """All that a run said.

    `output` is the results of the instructions and the main function's return value, a line each;
    `serialized_output` is the return value alone (JSON, empty for None). `is_finished` is False after a dry run, and
    when the run was left before its end.
    """

    output: str
    serialized_output: str
    instructions: tuple[StarlarkInstruction, ...]
    warnings: tuple[str, ...]
    interpretation_error: StarlarkError | None
    validation_errors: tuple[StarlarkError, ...]
    execution_error: StarlarkError | None
    is_finished: bool

    @property
    def errors(self) -> tuple[StarlarkError, ...]:
        """All errors, in the order of the phases."""
        every = (self.interpretation_error, *self.validation_errors, self.execution_error)
        return tuple(error for error in every if error is not None)

    def raise_for_error(self) -> None:
        """Raise the `StarlarkRunError` of the phase in which the run failed; nothing if it did not."""
        if not self.errors:
            return
        phase = self.errors[0].phase
        raise _EXCEPTIONS[phase]("\n".join(_sentence(error) for error in self.errors), self)


_EXCEPTIONS: dict[str, type[StarlarkRunError]] = {
    "interpretation": StarlarkInterpretationError,
    "validation": StarlarkValidationError,
    "execution": StarlarkExecutionError,
}


def _sentence(error: StarlarkError) -> str:
    where = f" at {error.position}" if error.position else ""
    return f"Starlark {error.phase} error{where}: {error.message}"
