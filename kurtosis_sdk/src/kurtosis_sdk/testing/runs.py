"""A Starlark run in a fake enclave: its phases, and the lines each of them says."""

from __future__ import annotations

import json
import posixpath
import time
from typing import TYPE_CHECKING

from google.protobuf.duration_pb2 import Duration

from kurtosis_sdk._core.runs import SCRIPT_ID
from kurtosis_sdk._wire import api_container_pb2 as apic
from kurtosis_sdk.testing.instructions import Execution
from kurtosis_sdk.testing.plan import Environment, Instruction, Plan
from kurtosis_sdk.testing.resolver import resolve
from kurtosis_sdk.testing.starlark import InterpretationFailed, Interpreter
from kurtosis_sdk.testing.values import ScriptError, to_output, to_starlark
from kurtosis_sdk.testing.world import Artifact, LastRun, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from kurtosis_sdk.testing.world import FakeEnclave, World

Line = apic.StarlarkRunResponseLine


class Run:
    """One script or package, run once. `lines` performs it as it is read."""

    def __init__(self, world: World, enclave: FakeEnclave, run: LastRun, *, is_dry: bool, is_cached: bool) -> None:
        self._world = world
        self._enclave = enclave
        self._run = run
        self._is_dry = is_dry
        self._is_cached = is_cached

    def lines(self) -> Iterator[Line]:
        """What the API container says; every run but a dry one ends with an event, and each with a word of its own."""
        with self._enclave.running:  # one run at a time
            yield from self._phases()
        yield Line(info=apic.StarlarkInfo(info_message="this was a fake engine"))

    def _phases(self) -> Iterator[Line]:
        yield _progress("Interpreting plan")
        interpreter = Interpreter(SCRIPT_ID, self._read)
        plan = Plan(self._enclave, interpreter.place, self._world.cluster_type)
        try:
            returned = self._interpret(interpreter, plan)
        except (InterpretationFailed, ScriptError) as problem:
            error = apic.StarlarkInterpretationError(error_message=str(problem))
            yield Line(error=apic.StarlarkError(interpretation_error=error))
            if isinstance(problem, InterpretationFailed):  # a package that cannot be opened has no end
                yield self._finished(is_successful=False)
            return
        steps = plan.instructions()
        kept = resolve(steps, self._enclave.history) if self._is_cached else 0
        yield _progress("Starting validation", 0, len(steps))
        problems = list(self._validate(steps))
        yield from problems
        if problems:
            yield self._finished(is_successful=False)
            return
        yield _progress("Starting execution", 0, len(steps))
        if not self._is_dry:
            del self._enclave.history[kept:]
        yield from self._execute(steps, returned)

    def _interpret(self, interpreter: Interpreter, plan: Plan) -> Any:
        run = self._run
        is_package = run.package_id != SCRIPT_ID
        main_file = posixpath.join(run.package_id, run.main_file or "main.star") if is_package else SCRIPT_ID
        if is_package:
            run.script = self._read(main_file)
        try:
            params = json.loads(run.params)
        except ValueError as problem:
            raise InterpretationFailed(f"Unable to parse the params: {problem}") from problem
        return interpreter.run(run.script, main_file, run.main_function or "run", plan, params)

    def _validate(self, steps: list[Instruction]) -> Iterator[Line]:
        environment = Environment(
            services=set(self._enclave.services),
            artifacts=set(self._enclave.artifacts),
            missing_images=self._world.missing_images,
        )
        for step in steps:
            problem = None if step.done else environment.check(step)
            if problem:
                where = f"{step.place.filename}[{step.place.line}:{step.place.column}]"
                text = f"Error while validating instruction {step}. It can be found at {where}\n\tCaused by: {problem}"
                error = apic.StarlarkValidationError(error_message=text)
                yield Line(error=apic.StarlarkError(validation_error=error))

    def _execute(self, steps: list[Instruction], returned: Any) -> Iterator[Line]:
        execution = Execution(self._world, self._enclave, self._read)
        for number, step in enumerate(steps, 1):
            yield _progress("Execution in progress", number, len(steps))
            yield _instruction(step)
            if self._is_dry:
                continue
            began = time.monotonic()
            try:
                with self._enclave.lock:
                    said = execution.perform(step)
            except Refused as problem:
                where = f"{step.place.filename}[{step.place.line}:{step.place.column}]"
                text = f"An error occurred executing instruction (number {number}) at {where}:\n{step}\n"
                error = apic.StarlarkExecutionError(error_message=f"{text}Caused by: {problem}")
                yield Line(error=apic.StarlarkError(execution_error=error))
                yield self._finished(is_successful=False)
                return
            result = apic.StarlarkInstructionResult(serialized_instruction_result=said)
            result.execution_duration.CopyFrom(_duration(time.monotonic() - began))
            yield Line(instruction_result=result)
        if not self._is_dry:
            output = "" if returned is None else execution.resolve(to_output(returned))
            yield self._finished(is_successful=True, output=output)

    def _read(self, locator: str) -> str:
        """A file of an uploaded package, by its absolute locator or from the package's root."""
        package_id = self._run.package_id
        absolute = locator
        if locator.startswith((".", "/")):
            absolute = posixpath.normpath(posixpath.join(package_id, locator.lstrip("/")))
        for known, content in self._enclave.packages.items():
            if absolute.startswith(f"{known}/"):
                wanted = absolute.removeprefix(f"{known}/")
                for member, data in Artifact(known, content).members():
                    if posixpath.normpath(member.name) == wanted:
                        return data.decode()
        raise ScriptError(f"there is no file {locator} in the packages that were uploaded")

    def _finished(self, *, is_successful: bool, output: str = "") -> Line:
        self._enclave.last_run = self._run
        return Line(
            run_finished_event=apic.StarlarkRunFinishedEvent(
                is_run_successful=is_successful, serialized_output=output, total_execution_duration=_duration(0)
            )
        )


def _progress(step: str, number: int = 0, total: int = 0) -> Line:
    return Line(
        progress_info=apic.StarlarkRunProgress(current_step_info=[step], total_steps=total, current_step_number=number)
    )


def _instruction(step: Instruction) -> Line:
    place = step.place
    return Line(
        instruction=apic.StarlarkInstruction(
            position=apic.StarlarkInstructionPosition(filename=place.filename, line=place.line, column=place.column),
            instruction_name=step.name,
            arguments=[
                apic.StarlarkInstructionArg(serialized_arg_value=to_starlark(value), arg_name=name)
                for name, value in step.arguments.items()
            ],
            executable_instruction=str(step),
            is_skipped=step.done is not None,
            description=f"{step.name} {step.arguments.get('name', '')}".strip(),
        )
    )


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(int(seconds * 1e9))
    return duration
