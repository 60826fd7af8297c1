"""Starlark runs: what they say, and how they fail."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kurtosis_sdk import (
    KurtosisFeatureFlag,
    StarlarkExecutionError,
    StarlarkInfo,
    StarlarkInstruction,
    StarlarkInstructionResult,
    StarlarkInterpretationError,
    StarlarkProgress,
    StarlarkRunConfig,
    StarlarkRunFinished,
    StarlarkValidationError,
)

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_run_says_what_it_does_line_by_line(world: Any, enclave: Any) -> None:
    script = 'def run(plan, who):\n    plan.print("hello " + who)\n    return {"n": 1}\n'
    lines = list(enclave.run_starlark_script(script, StarlarkRunConfig(serialized_params='{"who": "you"}')))
    kinds = [type(line) for line in lines if not isinstance(line, StarlarkProgress)]
    assert kinds == [StarlarkInstruction, StarlarkInstructionResult, StarlarkRunFinished, StarlarkInfo]
    instruction, result, finished, _ = [line for line in lines if not isinstance(line, StarlarkProgress)]
    assert instruction.instruction_name == "print"
    assert (instruction.position.filename, instruction.position.line) == ("", 2)
    assert result.serialized_instruction_result == "hello you"
    assert finished.is_run_successful
    assert json.loads(finished.serialized_output) == {"n": 1}


def test_a_result_has_the_output_and_the_instructions(enclave: Any) -> None:
    stream = enclave.run_starlark_script('def run(plan):\n    plan.print("a")\n    plan.print("b")\n    return 3\n')
    result = stream.result()
    assert result.output == "a\nb\n3\n"
    assert [each.instruction_name for each in result.instructions] == ["print", "print"]
    assert (result.serialized_output, result.is_finished, result.errors) == ("3", True, ())


def test_another_main_function_may_be_named(enclave: Any) -> None:
    script = "def main(plan, n):\n    plan.print(n + 1)\n"
    config = StarlarkRunConfig(main_function_name="main", serialized_params="n: 1")
    assert enclave.run_starlark_script_blocking(script, config).output == "2\n"


def test_only_run_takes_all_parameters_as_args(enclave: Any) -> None:
    script = "def run(plan, args = {}):\n    return args\n\ndef other(plan, args = {}):\n    return args\n"
    config = StarlarkRunConfig(serialized_params='{"n": 1}')
    assert json.loads(enclave.run_starlark_script_blocking(script, config).serialized_output) == {"n": 1}
    other = StarlarkRunConfig(main_function_name="other", serialized_params='{"args": {"n": 1}}')
    assert json.loads(enclave.run_starlark_script_blocking(script, other).serialized_output) == {"n": 1}
    wrong = StarlarkRunConfig(main_function_name="other", serialized_params='{"n": 1}')
    with pytest.raises(StarlarkInterpretationError, match=r"other.* got an unexpected keyword argument"):
        enclave.run_starlark_script_blocking(script, wrong)


def test_a_script_is_told_where_containers_run(enclave: Any) -> None:
    result = enclave.run_starlark_script_blocking("def run(plan):\n    return plan.get_cluster_type()\n")
    assert result.serialized_output == '"docker"'
    assert [each.instruction_name for each in result.instructions] == ["get_cluster_type"]
    assert result.output.splitlines()[0] == "Fetched cluster type 'docker'"


def test_a_dry_run_does_nothing(world: Any, enclave: Any, unique: Callable[[str], str], service_script: str) -> None:
    name = unique("dry")
    params = json.dumps({"name": name, "image": world.image})
    config = StarlarkRunConfig(serialized_params=params, dry_run=True)
    result = enclave.run_starlark_script_blocking(service_script, config)
    assert [each.instruction_name for each in result.instructions] == ["add_service"]
    assert (result.output, result.is_finished) == ("", False)
    assert name not in enclave.get_services()


def test_what_was_run_last_is_skipped(
    enclave: Any, unique: Callable[[str], str], add_service: Callable[..., Any]
) -> None:
    name = unique("same")
    assert [each.is_skipped for each in add_service(name).instructions] == [False]
    again = add_service(name)
    assert [each.is_skipped for each in again.instructions] == [True]
    assert "SKIPPED" in again.output
    script = f'def run(plan):\n    plan.print("{name}")\n'
    printed = [enclave.run_starlark_script_blocking(script) for _ in range(2)]
    assert [result.instructions[0].is_skipped for result in printed] == [False, True]
    everything = StarlarkRunConfig(experimental_feature_flags=(KurtosisFeatureFlag.NO_INSTRUCTIONS_CACHING,))
    assert enclave.run_starlark_script_blocking(script, everything).output == f"{name}\n"


def test_a_service_that_is_added_again_after_other_runs_is_made_anew(
    enclave: Any, unique: Callable[[str], str], add_service: Callable[..., Any]
) -> None:
    name = unique("anew")
    add_service(name)
    before = enclave.get_service_context(name)
    before.exec_command(["sh", "-c", "echo kept > /kept"])
    enclave.run_starlark_script_blocking(f'def run(plan):\n    plan.print("after {name}")\n')
    assert [each.is_skipped for each in add_service(name).instructions] == [False]
    after = enclave.get_service_context(name)
    assert after.get_service_uuid() == before.get_service_uuid()
    assert after.get_private_ip_address() == before.get_private_ip_address()
    assert after.exec_command(["cat", "/kept"]).exit_code == 1


def test_a_plan_adds_a_service_once_and_by_a_proper_name(
    world: Any, enclave: Any, unique: Callable[[str], str], service_script: str
) -> None:
    twice = service_script + "def twice(plan, name, image):\n    run(plan, name, image)\n    run(plan, name, image)\n"
    params = json.dumps({"name": unique("twice"), "image": world.image})
    with pytest.raises(StarlarkValidationError, match="add_service"):
        enclave.run_starlark_script_blocking(
            twice, StarlarkRunConfig(main_function_name="twice", serialized_params=params)
        )
    params = json.dumps({"name": "No_Name", "image": world.image})
    with pytest.raises(StarlarkValidationError, match="RFC 1035"):
        enclave.run_starlark_script_blocking(service_script, StarlarkRunConfig(serialized_params=params))


def test_a_service_that_runs_is_not_started_by_starlark(enclave: Any, service_name: str, service: Any) -> None:
    script = "def run(plan, name):\n    plan.start_service(name = name)\n"
    config = StarlarkRunConfig(serialized_params=json.dumps({"name": service_name}))
    with pytest.raises(StarlarkExecutionError, match="start_service"):
        enclave.run_starlark_script_blocking(script, config)


@pytest.mark.parametrize(
    ("script", "line"),
    [
        ('def run(plan):\n    plan.print("a")\n    fail("no way")\n', 3),
        ("def run(plan):\n    undefined_name()\n", 2),
        ("def run(plan):\n    x = = 1\n", 2),
        ("def helper(plan):\n    plan.no_such_thing()\n\ndef run(plan):\n    helper(plan)\n", 2),
    ],
)
def test_an_interpretation_error_has_its_line(enclave: Any, script: str, line: int) -> None:
    with pytest.raises(StarlarkInterpretationError) as caught:
        enclave.run_starlark_script_blocking(script)
    error = caught.value.result.interpretation_error
    assert error is not None
    assert error.position is not None
    assert error.position.line == line
    assert caught.value.fault == "script"


def test_a_script_without_the_main_function_is_no_script(enclave: Any) -> None:
    with pytest.raises(StarlarkInterpretationError, match="run"):
        enclave.run_starlark_script_blocking("def walk(plan):\n    pass\n")


def test_a_validation_error_has_its_line_and_changes_nothing(
    world: Any, enclave: Any, unique: Callable[[str], str], service_script: str
) -> None:
    name = unique("never")
    bad = "def bad(plan, name, image):\n    run(plan, name, image)\n    plan.stop_service(name = 'nobody')\n"
    script = service_script + bad
    params = json.dumps({"name": name, "image": world.image})
    config = StarlarkRunConfig(main_function_name="bad", serialized_params=params)
    with pytest.raises(StarlarkValidationError, match="nobody") as caught:
        enclave.run_starlark_script_blocking(script, config)
    (error,) = caught.value.result.validation_errors
    assert error.position is not None
    assert error.position.line == script[: script.index("plan.stop_service")].count("\n") + 1
    assert name not in enclave.get_services()


def test_an_image_that_cannot_be_had_fails_validation(
    world: Any, enclave: Any, unique: Callable[[str], str], service_script: str
) -> None:
    params = json.dumps({"name": unique("lost"), "image": "kurtosis-sdk.invalid/does-not-exist:1"})
    with pytest.raises(StarlarkValidationError, match="does-not-exist"):
        enclave.run_starlark_script_blocking(service_script, StarlarkRunConfig(serialized_params=params))


def test_an_execution_error_has_its_line(enclave: Any, service_name: str, service: Any) -> None:
    script = 'def run(plan, name):\n    plan.print("before")\n    plan.exec(name, ExecRecipe(command = ["false"]))\n'
    config = StarlarkRunConfig(serialized_params=json.dumps({"name": service_name}))
    with pytest.raises(StarlarkExecutionError) as caught:
        enclave.run_starlark_script_blocking(script, config)
    result = caught.value.result
    assert result.execution_error is not None
    assert result.execution_error.position is not None
    assert result.execution_error.position.line == 3
    assert "before" in result.output
    assert ".go:" not in str(caught.value)


def test_values_known_only_at_run_time_reach_the_output(enclave: Any, service_name: str, service: Any) -> None:
    script = (
        "def run(plan, name):\n"
        '    said = plan.exec(name, ExecRecipe(command = ["echo", "hi"]))\n'
        '    plan.verify(said["code"], "==", 0)\n'
        '    return {"said": said["output"]}\n'
    )
    config = StarlarkRunConfig(serialized_params=json.dumps({"name": service_name}))
    result = enclave.run_starlark_script_blocking(script, config)
    assert '"said": "hi\n"' in result.serialized_output  # as it is: no JSON any more


def test_the_last_run_is_remembered(enclave: Any) -> None:
    script = 'def run(plan):\n    plan.print("remember me")\n'
    enclave.run_starlark_script_blocking(script, StarlarkRunConfig(parallelism=2))
    last = enclave.get_starlark_run()
    assert (last.serialized_script, last.serialized_params, last.parallelism) == (script, "{}", 2)
