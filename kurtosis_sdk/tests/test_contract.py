"""What an engine does for this SDK: the same tests against the fake and, where there is one, against a real engine.

The real one needs an image with a shell and its usual commands: `KURTOSIS_SDK_TEST_IMAGE`, by default busybox:1.36.
`KURTOSIS_SDK_TEST_NO_LOGS` leaves the logs out where the engine's log collectors cannot run.
"""

from __future__ import annotations

import json
import time
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from kurtosis_sdk import (
    EnclaveNotFoundError,
    EnclaveNotRunningError,
    EngineError,
    FilesArtifact,
    FilesArtifactNotFoundError,
    KurtosisFeatureFlag,
    LogLineFilter,
    LogLineOperator,
    ServiceNotFoundError,
    StarlarkExecutionError,
    StarlarkInfo,
    StarlarkInstruction,
    StarlarkInstructionResult,
    StarlarkInterpretationError,
    StarlarkProgress,
    StarlarkRunConfig,
    StarlarkRunFinished,
    StarlarkValidationError,
    Status,
    TransportProtocol,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ADD_SERVICE = """
def run(plan, name, image, files = {}):
    service = plan.add_service(
        name = name,
        config = ServiceConfig(
            image = image,
            ports = {"http": PortSpec(number = 8080, application_protocol = "http", wait = None)},
            files = files,
            env_vars = {"COLOUR": "green"},
            entrypoint = ["sh", "-c"],
            cmd = ["trap 'exit 0' TERM; while true; do sleep 1 & wait; done"],
        ),
    )
    return struct(hostname = service.hostname, ip = service.ip_address)
"""


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture(scope="module")
def enclave(world: Any) -> Iterator[Any]:
    with world.kurtosis.temporary_enclave(unique("contract")) as enclave:
        yield enclave


@pytest.fixture(scope="module")
def service_name(world: Any, enclave: Any) -> str:
    name = unique("svc")
    add_service(world, enclave, name)
    return name


@pytest.fixture
def service(enclave: Any, service_name: str) -> Any:
    service = enclave.get_service_context(service_name)
    service.start()
    return service


def add_service(world: Any, enclave: Any, name: str, **params: Any) -> Any:
    config = StarlarkRunConfig(serialized_params=json.dumps({"name": name, "image": world.image, **params}))
    return enclave.run_starlark_script_blocking(ADD_SERVICE, config)


# Enclaves


def test_an_enclave_is_known_by_name_uuid_and_shortened_uuid(world: Any, enclave: Any) -> None:
    by_name = world.kurtosis.get_enclave(enclave.get_enclave_name())
    assert by_name.enclave_uuid == enclave.get_enclave_uuid()
    assert by_name.shortened_uuid == enclave.get_enclave_uuid()[:12]
    for identifier in (by_name.enclave_uuid, by_name.shortened_uuid):
        found = world.kurtosis.get_enclave_context(identifier)
        assert found.get_enclave_name() == enclave.get_enclave_name()
        found.close()
    assert by_name.enclave_uuid in world.kurtosis.get_enclaves().get_enclaves_by_uuid()


def test_an_enclave_that_never_was_is_not_found(world: Any) -> None:
    with pytest.raises(EnclaveNotFoundError, match="never-was"):
        world.kurtosis.get_enclave("never-was")
    with pytest.raises(EnclaveNotFoundError, match="never-was"):
        world.kurtosis.destroy_enclave("never-was")


def test_a_name_that_is_taken_is_refused(world: Any, enclave: Any) -> None:
    with pytest.raises(EngineError):
        world.kurtosis.create_enclave(enclave.get_enclave_name())


def test_a_temporary_enclave_is_destroyed_and_remembered(world: Any) -> None:
    name = unique("brief")
    with world.kurtosis.temporary_enclave(name) as enclave:
        enclave_uuid = enclave.get_enclave_uuid()
        assert world.kurtosis.get_enclave(name).enclave_uuid == enclave_uuid
    with pytest.raises(EnclaveNotFoundError, match="there was one"):
        world.kurtosis.get_enclave(name)
    known = world.kurtosis.get_existing_and_historical_enclave_identifiers()
    assert known.get_enclave_uuid_for_identifier(name) == enclave_uuid
    assert name in known.get_ordered_list_of_names()


def test_a_stopped_enclave_cannot_be_used_and_is_cleaned(world: Any) -> None:
    name = unique("stopped")
    enclave = world.kurtosis.create_enclave(name)
    enclave.close()
    world.kurtosis.stop_enclave(name)
    with pytest.raises(EnclaveNotRunningError, match=name):
        world.kurtosis.get_enclave_context(name)
    assert name in [removed.name for removed in world.kurtosis.clean()]
    with pytest.raises(EnclaveNotFoundError):
        world.kurtosis.get_enclave(name)


# Runs


def test_a_run_says_what_it_does_line_by_line(world: Any, enclave: Any) -> None:
    lines = list(enclave.run_starlark_script('def run(plan, who):\n    plan.print("hello " + who)\n    return {"n": 1}\n',
                                             StarlarkRunConfig(serialized_params='{"who": "you"}')))  # fmt: skip
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


def test_a_dry_run_does_nothing(world: Any, enclave: Any) -> None:
    name = unique("dry")
    params = json.dumps({"name": name, "image": world.image})
    config = StarlarkRunConfig(serialized_params=params, dry_run=True)
    result = enclave.run_starlark_script_blocking(ADD_SERVICE, config)
    assert [each.instruction_name for each in result.instructions] == ["add_service"]
    assert (result.output, result.is_finished) == ("", False)
    assert name not in enclave.get_services()


def test_what_was_run_is_skipped_unless_asked_for(world: Any, enclave: Any, service_name: str) -> None:
    again = add_service(world, enclave, service_name)
    assert [each.is_skipped for each in again.instructions] == [True]
    print_twice = StarlarkRunConfig(experimental_feature_flags=(KurtosisFeatureFlag.NO_INSTRUCTIONS_CACHING,))
    for _ in range(2):
        result = enclave.run_starlark_script_blocking('def run(plan):\n    plan.print("x")\n', print_twice)
        assert [each.is_skipped for each in result.instructions] == [False]


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


def test_a_validation_error_has_its_line_and_changes_nothing(world: Any, enclave: Any) -> None:
    name = unique("never")
    script = f"{ADD_SERVICE}    \ndef bad(plan, name, image):\n    run(plan, name, image)\n    plan.stop_service(name = 'nobody')\n"
    params = json.dumps({"name": name, "image": world.image})
    config = StarlarkRunConfig(main_function_name="bad", serialized_params=params)
    with pytest.raises(StarlarkValidationError, match="nobody") as caught:
        enclave.run_starlark_script_blocking(script, config)
    (error,) = caught.value.result.validation_errors
    assert error.position is not None
    assert error.position.line == script[: script.index("plan.stop_service")].count("\n") + 1
    assert name not in enclave.get_services()


def test_an_image_that_cannot_be_had_fails_validation(world: Any, enclave: Any) -> None:
    params = json.dumps({"name": unique("lost"), "image": "kurtosis-sdk.invalid/does-not-exist:1"})
    with pytest.raises(StarlarkValidationError, match="does-not-exist"):
        enclave.run_starlark_script_blocking(ADD_SERVICE, StarlarkRunConfig(serialized_params=params))


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
    assert "hi" in result.serialized_output


def test_the_last_run_is_remembered(enclave: Any) -> None:
    script = 'def run(plan):\n    plan.print("remember me")\n'
    enclave.run_starlark_script_blocking(script, StarlarkRunConfig(parallelism=2))
    last = enclave.get_starlark_run()
    assert (last.serialized_script, last.serialized_params, last.parallelism) == (script, "{}", 2)


# Packages


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "package"
    (folder / "lib").mkdir(parents=True)
    (folder / "kurtosis.yml").write_text("name: github.com/kurtosis-sdk/contract\n")
    (folder / "main.star").write_text(
        'words = import_module("./lib/words.star")\n'
        'def run(plan, who = "you"):\n'
        '    plan.print(words.greeting + " " + who + " " + read_file("./lib/end.txt"))\n'
    )
    (folder / "other.star").write_text("def run(plan):\n    fail('the other')\n")
    (folder / "lib" / "words.star").write_text('greeting = "good day"\n')
    (folder / "lib" / "end.txt").write_text("!")
    return folder


def test_a_package_runs_from_its_folder(enclave: Any, package: Path) -> None:
    config = StarlarkRunConfig(serialized_params='{"who": "me"}')
    assert enclave.run_starlark_package_blocking(package, config).output == "good day me !\n"
    assert enclave.run_starlark_package(package).result().output == "good day you !\n"


def test_a_package_is_uploaded_anew_each_time(enclave: Any, package: Path) -> None:
    (package / "lib" / "words.star").write_text('greeting = "good night"\n')
    assert enclave.run_starlark_package_blocking(package).output == "good night you !\n"


def test_an_error_in_a_package_names_the_file(enclave: Any, package: Path) -> None:
    config = StarlarkRunConfig(relative_path_to_main_file="other.star")
    with pytest.raises(StarlarkInterpretationError, match="the other") as caught:
        enclave.run_starlark_package_blocking(package, config)
    position = caught.value.result.errors[0].position
    assert str(position).startswith("github.com/kurtosis-sdk/contract/other.star:2:")


def test_a_package_without_its_main_file_fails_to_interpret(enclave: Any, package: Path) -> None:
    (package / "main.star").unlink()
    with pytest.raises(StarlarkInterpretationError, match=r"main\.star"):
        enclave.run_starlark_package_blocking(package)


def test_a_package_takes_another_from_this_machine(enclave: Any, package: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "kurtosis.yml").write_text("name: github.com/kurtosis-sdk/other\n")
    (other / "words.star").write_text('greeting = "from elsewhere"\n')
    (package / "kurtosis.yml").write_text(
        "name: github.com/kurtosis-sdk/contract\nreplace:\n  github.com/kurtosis-sdk/other: ../other\n"
    )
    (package / "main.star").write_text(
        'words = import_module("github.com/kurtosis-sdk/other/words.star")\n'
        "def run(plan):\n    plan.print(words.greeting)\n"
    )
    assert enclave.run_starlark_package_blocking(package).output == "from elsewhere\n"


# Services


def test_a_service_is_described(world: Any, enclave: Any, service_name: str, service: Any) -> None:
    assert service.get_service_name() == service_name
    assert enclave.get_services()[service_name] == service.get_service_uuid()
    assert service_name in enclave.get_service_contexts()
    assert list(enclave.get_service_contexts([service.get_service_uuid()])) == [service_name]
    port = service.get_private_ports()["http"]
    assert (port.number, port.transport_protocol, port.maybe_application_protocol) == (
        8080,
        TransportProtocol.TCP,
        "http",
    )
    assert service.get_private_ip_address().count(".") == 3
    assert service.get_maybe_public_ip_address() == "127.0.0.1"
    assert service.get_public_ports()["http"].number > 1024
    assert service.info.image_name == world.image
    enclave.connect_services()


def test_a_service_that_is_not_there_is_not_found(enclave: Any) -> None:
    with pytest.raises(ServiceNotFoundError, match="nobody"):
        enclave.get_service_context("nobody")


def test_a_command_gives_its_code_and_output(service: Any) -> None:
    assert service.exec_command(["echo", "hello", "there"]) == (0, "hello there\n")
    assert service.exec_command(["sh", "-c", "exit 3"]).exit_code == 3
    assert service.exec_command(["printenv", "COLOUR"]).output == "green\n"


def test_a_stop_and_a_start_keep_the_container(service: Any) -> None:
    before = service.info
    service.exec_command(["sh", "-c", "echo kept > /kept"])
    service.stop()
    assert (service.info.service_status, service.info.container_status) == (Status.STOPPED, Status.STOPPED)
    assert service.get_public_ports() == {}
    service.stop()
    service.start()
    assert (service.info.service_status, service.info.container_status) == (Status.RUNNING, Status.RUNNING)
    assert service.get_private_ip_address() == before.private_ip_address
    assert service.get_service_uuid() == before.service_uuid
    assert service.get_public_ports()["http"].number > 1024
    assert service.exec_command(["cat", "/kept"]).output == "kept\n"


def test_a_stopped_service_takes_no_command(service: Any) -> None:
    service.stop()
    with pytest.raises(EngineError):
        service.exec_command(["true"])


def test_a_kill_ends_the_container_and_a_start_brings_it_back(service: Any) -> None:
    service.exec_command(["sh", "-c", "echo kept > /kept"])
    service.kill()
    assert service.info.container_status is Status.STOPPED
    assert service.info.service_status is Status.RUNNING  # Kurtosis was not asked
    service.kill()
    service.start()
    assert service.info.container_status is Status.RUNNING
    assert service.exec_command(["cat", "/kept"]).output == "kept\n"
    service.start()


def test_a_pause_freezes_and_an_unpause_thaws(service: Any) -> None:
    service.pause()
    assert service.info.container_status is Status.STOPPED
    service.pause()
    with pytest.raises(EngineError):
        service.exec_command(["true"])
    service.unpause()
    service.unpause()
    assert service.info.container_status is Status.RUNNING
    assert service.exec_command(["true"]).exit_code == 0


def test_a_paused_service_may_be_started_instead(service: Any) -> None:
    service.pause()
    service.start()
    assert service.info.container_status is Status.RUNNING
    assert service.exec_command(["true"]).exit_code == 0


# Files


def test_files_go_up_and_come_down(enclave: Any, tmp_path: Path) -> None:
    folder = tmp_path / "up"
    (folder / "deep").mkdir(parents=True)
    (folder / "top.txt").write_text("top\n")
    (folder / "deep" / "low.bin").write_bytes(bytes(range(256)) * 40_000)  # several chunks, compressed or not
    name = unique("files")
    artifact = enclave.upload_files(folder, name)
    assert artifact.name == name
    assert artifact in enclave.get_all_files_artifact_names_and_uuids()
    described = {file.path.rstrip("/"): file for file in enclave.inspect_files_artifact(name)}
    assert described["top.txt"].size == 4
    assert described["top.txt"].text_preview == "top\n"
    saved = enclave.save_files_artifact(artifact.uuid, tmp_path / "down")
    assert [str(path.relative_to(tmp_path / "down")) for path in saved] == ["deep/low.bin", "top.txt"]
    assert (tmp_path / "down" / "deep" / "low.bin").read_bytes() == (folder / "deep" / "low.bin").read_bytes()
    assert enclave.download_files_artifact(name)[:2] == b"\x1f\x8b"


def test_files_of_many_chunks_arrive_whole(enclave: Any, tmp_path: Path) -> None:
    noise = tmp_path / "noise"
    noise.write_bytes(b"".join(uuid.uuid4().bytes for _ in range(500_000)))  # does not compress: 8 MB
    artifact = enclave.upload_files(noise)
    assert artifact.name
    (saved,) = enclave.save_files_artifact(artifact.name, tmp_path / "back")
    assert saved.name == "noise"
    assert saved.read_bytes() == noise.read_bytes()


def test_a_files_name_is_taken_once(enclave: Any, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a")
    name = unique("once")
    assert isinstance(enclave.upload_files(tmp_path / "a", name), FilesArtifact)
    with pytest.raises(EngineError):
        enclave.upload_files(tmp_path / "a", name)


def test_files_that_are_not_there_are_not_found(enclave: Any) -> None:
    with pytest.raises(FilesArtifactNotFoundError, match="no-such-files"):
        enclave.download_files_artifact("no-such-files")
    with pytest.raises(FilesArtifactNotFoundError, match="no-such-files"):
        enclave.inspect_files_artifact("no-such-files")


def test_a_service_sees_the_files_it_is_given(world: Any, enclave: Any, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("from outside")
    artifact = enclave.upload_files(tmp_path / "note", unique("note"))
    name = unique("reader")
    add_service(world, enclave, name, files={"/data": artifact.name})
    assert enclave.get_service_context(name).exec_command(["cat", "/data/note"]) == (0, "from outside")


# Logs


def say(service: Any, *lines: str) -> None:
    for line in lines:
        service.exec_command(["sh", "-c", f"echo {line} > /proc/1/fd/1"])


def logs_with(world: Any, enclave: Any, service: Any, wanted: str, **how: Any) -> list[str]:
    """The lines, once `wanted` is among them: collectors are late by seconds."""
    deadline = time.monotonic() + 30
    while True:
        stream = world.kurtosis.get_service_logs(enclave.get_enclave_name(), [service.get_service_uuid()], **how)
        texts = [line.text for line in stream]
        if wanted in texts or time.monotonic() > deadline:
            return texts
        time.sleep(0.2)


def test_logs_are_read_filtered_and_limited(world: Any, enclave: Any, service: Any) -> None:
    if not world.has_logs:
        pytest.skip("KURTOSIS_SDK_TEST_NO_LOGS is set: this engine has no log collectors")
    one, two = unique("one"), unique("two")
    say(service, one, two)
    everything = logs_with(world, enclave, service, two)
    assert everything.index(one) < everything.index(two)
    assert logs_with(world, enclave, service, two, num_log_lines=1) == [two]
    only = LogLineFilter(LogLineOperator.DOES_CONTAIN_TEXT, one)
    assert logs_with(world, enclave, service, one, filters=[only]) == [one]
    pattern = LogLineFilter(LogLineOperator.DOES_CONTAIN_MATCH_REGEX, f"^{two[:5]}.*{two[-4:]}$")
    assert logs_with(world, enclave, service, two, filters=[pattern]) == [two]


def test_logs_are_followed(world: Any, enclave: Any, service: Any) -> None:
    if not world.has_logs:
        pytest.skip("KURTOSIS_SDK_TEST_NO_LOGS is set: this engine has no log collectors")
    marks = [unique("mark") for _ in range(3)]
    say(service, marks[0])
    logs_with(world, enclave, service, marks[0])
    uuids = [service.get_service_uuid()]
    seen = []
    with world.kurtosis.get_service_logs(enclave.get_enclave_uuid(), uuids, follow=True) as stream:
        for line in stream:
            if line.text in marks:
                seen.append(line.text)
                if len(seen) == len(marks):
                    break
                say(service, marks[len(seen)])
    assert seen == marks
    assert list(stream) == []


def test_a_service_without_logs_is_said_to_have_none(world: Any, enclave: Any) -> None:
    stream = world.kurtosis.get_service_logs(enclave.get_enclave_name(), ["0" * 32])
    assert list(stream) == []
    assert stream.not_found_service_uuids == {"0" * 32}
