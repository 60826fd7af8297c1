"""Starlark runs: what is asked, and what the lines that come back say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kurtosis_sdk._core.faults import without_server_frames
from kurtosis_sdk._wire import api_container_pb2 as apic
from kurtosis_sdk.package import to_json_object
from kurtosis_sdk.starlark import (
    ImageDownloadMode,
    KurtosisFeatureFlag,
    Position,
    StarlarkError,
    StarlarkInfo,
    StarlarkInstruction,
    StarlarkInstructionResult,
    StarlarkLine,
    StarlarkProgress,
    StarlarkRunConfig,
    StarlarkRunFinished,
    StarlarkRunResult,
    StarlarkWarning,
)

if TYPE_CHECKING:
    from datetime import timedelta

    from google.protobuf.duration_pb2 import Duration

SCRIPT_ID = "DEFAULT_PACKAGE_ID_FOR_SCRIPT"
"""What Kurtosis calls a script that is in no package, also where a file name would stand."""
_FEATURES = {KurtosisFeatureFlag.NO_INSTRUCTIONS_CACHING: apic.NO_INSTRUCTIONS_CACHING}
_DOWNLOAD = {ImageDownloadMode.ALWAYS: apic.ALWAYS, ImageDownloadMode.MISSING: apic.MISSING}
# A frame of the interpreter is [file:line:column] or [line:column]; an instruction is file[line:column].
_FRAME = re.compile(r"^\s*at \[(?:(?P<file>[^\]]*?):)?(?P<line>\d+):(?P<column>\d+)\]", re.MULTILINE)
_INSTRUCTION = re.compile(r"\bat (?P<file>[^\s\[\]]*)\[(?P<line>\d+):(?P<column>\d+)\]")


def script_args(script: str, config: StarlarkRunConfig) -> apic.RunStarlarkScriptArgs:
    return apic.RunStarlarkScriptArgs(
        serialized_script=script,
        serialized_params=to_json_object(config.serialized_params),
        dry_run=config.dry_run,
        parallelism=config.parallelism,
        main_function_name=config.main_function_name,
        experimental_features=[_FEATURES[flag] for flag in config.experimental_feature_flags],
        image_download_mode=_DOWNLOAD[config.image_download_mode],
    )


def package_args(package_id: str, config: StarlarkRunConfig, *, is_remote: bool) -> apic.RunStarlarkPackageArgs:
    return apic.RunStarlarkPackageArgs(
        package_id=package_id,
        serialized_params=to_json_object(config.serialized_params),
        dry_run=config.dry_run,
        parallelism=config.parallelism,
        clone_package=is_remote,
        relative_path_to_main_file=config.relative_path_to_main_file,
        main_function_name=config.main_function_name,
        experimental_features=[_FEATURES[flag] for flag in config.experimental_feature_flags],
        image_download_mode=_DOWNLOAD[config.image_download_mode],
    )


class RunReader:
    """Turns the messages of one run into lines, and remembers them as a result."""

    def __init__(self) -> None:
        self._instructions: list[StarlarkInstruction] = []
        self._results: list[str] = []
        self._warnings: list[str] = []
        self._errors: list[StarlarkError] = []
        self._finished: StarlarkRunFinished | None = None

    def feed(self, message: apic.StarlarkRunResponseLine, /) -> None:
        self.read(message)

    def read(self, message: apic.StarlarkRunResponseLine) -> StarlarkLine | None:
        """The line that a message is; None for a kind that this SDK does not know."""
        line = self._parse(message)
        match line:
            case StarlarkInstruction():
                self._instructions.append(line)
            case StarlarkInstructionResult(serialized_instruction_result=text):
                self._results.append(text)
            case StarlarkWarning(message=text):
                self._warnings.append(text)
            case StarlarkError():
                self._errors.append(line)
            case StarlarkRunFinished():
                self._finished = line
            case _:
                pass
        return line

    def result(self) -> StarlarkRunResult:
        returned = self._finished.serialized_output if self._finished else ""
        output = [*self._results, *([returned] if returned else [])]
        by_phase = {phase: [error for error in self._errors if error.phase == phase] for phase in _PHASES}
        return StarlarkRunResult(
            output="".join(f"{line}\n" for line in output),
            serialized_output=returned,
            instructions=tuple(self._instructions),
            warnings=tuple(self._warnings),
            interpretation_error=next(iter(by_phase["interpretation"]), None),
            validation_errors=tuple(by_phase["validation"]),
            execution_error=next(iter(by_phase["execution"]), None),
            is_finished=self._finished is not None,
        )

    def _parse(self, message: apic.StarlarkRunResponseLine) -> StarlarkLine | None:
        match message.WhichOneof("run_response_line"):
            case "instruction":
                return _instruction(message.instruction)
            case "instruction_result":
                result = message.instruction_result
                return StarlarkInstructionResult(
                    result.serialized_instruction_result,
                    _duration(result.execution_duration) if result.HasField("execution_duration") else None,
                )
            case "progress_info":
                info = message.progress_info
                return StarlarkProgress(tuple(info.current_step_info), info.total_steps, info.current_step_number)
            case "warning":
                return StarlarkWarning(message.warning.warning_message)
            case "info":
                return StarlarkInfo(message.info.info_message)
            case "error":
                return self._error(message.error)
            case "run_finished_event":
                event = message.run_finished_event
                total = event.total_execution_duration
                return StarlarkRunFinished(
                    event.is_run_successful,
                    event.serialized_output,
                    _duration(total) if event.HasField("total_execution_duration") else None,
                )
            case _:
                return None

    def _error(self, error: apic.StarlarkError) -> StarlarkError:
        match error.WhichOneof("error"):
            case "interpretation_error":
                text = error.interpretation_error.error_message
                return StarlarkError("interpretation", text, _innermost_frame(text))
            case "validation_error":
                text = error.validation_error.error_message
                return StarlarkError("validation", text, _named_instruction(text))
            case _:
                text = error.execution_error.error_message
                last = self._instructions[-1].position if self._instructions else None
                return StarlarkError("execution", without_server_frames(text), _named_instruction(text) or last)


_PHASES = ("interpretation", "validation", "execution")


def _instruction(message: apic.StarlarkInstruction) -> StarlarkInstruction:
    position = message.position
    return StarlarkInstruction(
        position=_position(position.filename, position.line, position.column),
        instruction_name=message.instruction_name,
        arguments=tuple(
            (argument.arg_name if argument.HasField("arg_name") else None, argument.serialized_arg_value)
            for argument in message.arguments
        ),
        executable_instruction=message.executable_instruction,
        is_skipped=message.is_skipped,
        description=message.description,
    )


def _innermost_frame(text: str) -> Position | None:
    """The last frame that is in a script: built-in functions stand at 0:0."""
    frames = [frame for frame in _FRAME.finditer(text) if int(frame["line"])]
    return _position(frames[-1]["file"], frames[-1]["line"], frames[-1]["column"]) if frames else None


def _named_instruction(text: str) -> Position | None:
    found = _INSTRUCTION.search(text)
    return _position(found["file"], found["line"], found["column"]) if found else None


def _position(filename: str | None, line: str | int, column: str | int) -> Position:
    return Position("" if filename in {None, SCRIPT_ID} else str(filename), int(line), int(column))


def _duration(message: Duration) -> timedelta:
    return message.ToTimedelta()
