"""Lines of a run: from messages as a real API container writes them."""

from __future__ import annotations

import pytest

from kurtosis_sdk import Position, StarlarkError, StarlarkExecutionError, StarlarkValidationError, StarlarkWarning
from kurtosis_sdk._core.runs import SCRIPT_ID, RunReader
from kurtosis_sdk._wire import api_container_pb2 as apic

Line = apic.StarlarkRunResponseLine


def failure(**error: str) -> Line:
    kinds = {
        "interpretation": apic.StarlarkInterpretationError,
        "validation": apic.StarlarkValidationError,
        "execution": apic.StarlarkExecutionError,
    }
    ((phase, text),) = error.items()
    return Line(error=apic.StarlarkError(**{f"{phase}_error": kinds[phase](error_message=text)}))  # type: ignore[arg-type]


def read(*lines: Line) -> RunReader:
    reader = RunReader()
    for line in lines:
        reader.feed(line)
    return reader


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("Evaluation error: fail: no\n\tat [5:8]: <toplevel>\n\tat [2:9]: run\n\tat [0:0]: fail", Position("", 2, 9)),
        ("Evaluation error: x\n\tat [github.com/a/b/main.star:7:3]: run", Position("github.com/a/b/main.star", 7, 3)),
        ("Multiple errors\n\tat [3:4]: undefined: x\n\tat [4:1]: undefined: y", Position("", 4, 1)),
        ("No 'run' function found in the script", None),
    ],
)
def test_the_position_of_an_interpretation_error_is_its_innermost_frame(text: str, position: Position | None) -> None:
    error = read(failure(interpretation=text)).result().interpretation_error
    assert error == StarlarkError("interpretation", text, position)


def test_a_validation_error_names_its_instruction() -> None:
    text = f"Error while validating instruction x. The instruction can be found at {SCRIPT_ID}[4:21]\n\tCaused by: y"
    result = read(failure(validation=text), failure(validation="an image")).result()
    assert [error.position for error in result.validation_errors] == [Position("", 4, 21), None]
    with pytest.raises(StarlarkValidationError, match="script:4:21") as caught:
        result.raise_for_error()
    assert caught.value.result is result
    assert "an image" in str(caught.value)


def test_an_execution_error_is_at_the_last_instruction_if_it_names_none() -> None:
    at = apic.StarlarkInstructionPosition(filename="github.com/a/b/main.star", line=9, column=2)
    instruction = Line(instruction=apic.StarlarkInstruction(position=at, instruction_name="exec"))
    text = "it failed\n --- at /src/x.go:1 (f) ---\nCaused by: why"
    result = read(instruction, failure(execution=text)).result()
    assert result.execution_error == StarlarkError(
        "execution", "it failed\nCaused by: why", Position("github.com/a/b/main.star", 9, 2)
    )
    with pytest.raises(StarlarkExecutionError, match=r"main\.star:9:2"):
        result.raise_for_error()
    error = read(failure(execution="alone")).result().execution_error
    assert error is not None
    assert error.position is None


def test_warnings_are_kept_and_lines_of_an_unknown_kind_are_passed_over() -> None:
    reader = RunReader()
    assert reader.read(Line()) is None
    assert reader.read(Line(warning=apic.StarlarkWarning(warning_message="old"))) == StarlarkWarning("old")
    result = reader.result()
    assert (result.warnings, result.is_finished, result.output) == (("old",), False, "")
    result.raise_for_error()
