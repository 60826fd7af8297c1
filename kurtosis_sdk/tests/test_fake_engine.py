"""The fake's own rules: its Starlark, its instructions, its small shell."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import grpc
import pytest

from kurtosis_sdk import (
    EnclaveContext,
    EngineError,
    ExecResult,
    KurtosisContext,
    LogLineFilter,
    LogLineOperator,
    StarlarkExecutionError,
    StarlarkInterpretationError,
    StarlarkRunConfig,
    StarlarkValidationError,
)
from kurtosis_sdk._core import methods
from kurtosis_sdk._wire import api_container_pb2 as apic
from kurtosis_sdk._wire import engine_pb2 as engine
from kurtosis_sdk.testing import FakeEngine, grpc_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PLAN = "def run(plan):\n"
ADD = PLAN + '    plan.add_service(name = "db", config = ServiceConfig(image = "redis:7"))\n'


@pytest.fixture
def enclave(kurtosis: KurtosisContext) -> Iterator[EnclaveContext]:
    with kurtosis.temporary_enclave("rules") as enclave:
        yield enclave


def output(enclave: EnclaveContext, body: str, head: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return enclave.run_starlark_script_blocking(f"{head}{PLAN}{lines}").output


def test_starlark_computes(enclave: EnclaveContext) -> None:
    body = (
        "values = [n * 2 for n in range(4) if n != 2]\n"
        "for n, value in enumerate(values):\n"
        "    if n == 1:\n"
        "        continue\n"
        '    plan.print("%d-%s" % (n, value))\n'
        'plan.print("{}".format(sorted({"b": 1, "a": 2}.keys())))\n'
        'point = struct(x = 1, y = "two")\n'
        "plan.print(point)\n"
        "plan.print(json.encode(point))\n"
        'plan.print(json.decode("[1]")[0] if hasattr(point, "x") else 0)\n'
        'plan.print(type("a") + " " + type(1))\n'
        "return helper(point)\n"
    )
    said = output(enclave, body, "def helper(point):\n    return point\n\n")
    assert said.splitlines() == [
        "0-0",
        "2-6",
        "['a', 'b']",
        'struct(x = 1, y = "two")',
        '{"x":1,"y":"two"}',
        "1",
        "string int",
        "{",
        '\t"x": 1,',
        '\t"y": "two"',
        "}",
    ]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("while True:\n    pass", "not in Starlark: While"),
        ('x = f"{plan}"', "not in Starlark: JoinedStr"),
        ("import os", "not in Starlark: Import"),
        ("x = plan.__class__", "not in Starlark: Attribute"),
        ("x = 2 ** 3", "not in Starlark: Pow"),
        ("x = open('/etc/passwd')", "undefined: open"),
        ("print('x')", "use plan.print"),
        ("plan.run_python(run = 'pass')", r"FakeEngine does not know plan\.run_python"),
        ("struct(a = 1).a = 2", "cannot assign to .a field"),
        ("read_file('nothing')", "there is no file nothing"),
        ("plan.verify(1, '==', 1)", "value must be a string"),
        ("ServiceConfig(image = 'x', colour = 'red')", "unexpected keyword argument colour"),
        ("ServiceConfig(image = 'x', files = {'/a': Directory(persistent_key = 'k')})", "exactly one files artifact"),
    ],
)
def test_what_is_no_starlark_is_refused(enclave: EnclaveContext, body: str, complaint: str) -> None:
    with pytest.raises(StarlarkInterpretationError, match=complaint):
        output(enclave, body)


@pytest.mark.parametrize(
    ("script", "complaint"),
    [
        ("def run(args):\n    pass\n", "must be 'plan'"),
        ("def run(plan, needed):\n    pass\n", "needed"),
        ("run = 3\n", "No 'run' function"),
    ],
)
def test_the_main_function_has_a_form(enclave: EnclaveContext, script: str, complaint: str) -> None:
    with pytest.raises(StarlarkInterpretationError, match=complaint):
        enclave.run_starlark_script_blocking(script)


def test_a_main_function_may_take_all_arguments_as_one(enclave: EnclaveContext) -> None:
    script = "def run(plan, args):\n    plan.print(args['a'])\n"
    assert enclave.run_starlark_script_blocking(script, StarlarkRunConfig(serialized_params="a: 1")).output == "1\n"
    script = "def walk():\n    return 1\n"
    assert enclave.run_starlark_script_blocking(script, StarlarkRunConfig(main_function_name="walk")).output == "1\n"


def test_services_come_and_go(fake: FakeEngine, enclave: EnclaveContext) -> None:
    output(
        enclave,
        'both = plan.add_services({n: ServiceConfig(image = "redis:7", ports = {"p": PortSpec(number = 6379)},'
        ' public_ports = {"p": PortSpec(number = 40000 + int(n[1:]))}) for n in ["a1", "a2"]})\n'
        'plan.print(plan.get_service("a1").hostname)\n'
        'plan.remove_service("a1")\n',
    )
    assert list(enclave.get_services()) == ["a2"]
    service = enclave.get_service_context("a2")
    service.stop()
    service.start()
    assert service.get_public_ports()["p"].number == 40_002
    assert "a2" in repr(service)
    said = output(enclave, 'found = plan.get_service("a2")\nplan.print(found.ip_address)\nplan.get_service("a2")\n')
    assert service.get_private_ip_address() in said


def test_a_changed_service_is_made_anew(enclave: EnclaveContext) -> None:
    enclave.run_starlark_script_blocking(ADD)
    assert "added" in enclave.run_starlark_script_blocking(ADD.replace("redis:7", "redis:8")).output
    assert enclave.get_service_context("db").info.image_name == "redis:8"


def test_what_depends_on_something_new_runs_again(enclave: EnclaveContext) -> None:
    body = (
        'plan.render_templates({"f": struct(template = "VALUE", data = {})}, "made")\n'
        'plan.add_service("db", ServiceConfig(image = "redis:7", files = {"/in": "made"}))\n'
        'said = plan.exec("db", ExecRecipe(command = ["cat", "/in/f"]))\n'
        'plan.get_service("db")\n'
        'plan.print(said["output"])\n'
    )

    def skipped(text: str) -> list[bool]:
        lines = "".join(f"    {line}\n" for line in text.splitlines())
        result = enclave.run_starlark_script_blocking(PLAN + lines)
        return [each.is_skipped for each in result.instructions]

    assert skipped(body) == [False] * 5
    assert skipped(body) == [True] * 5
    assert skipped(body.replace("VALUE", "other")) == [False] * 4 + [True]
    assert skipped(body.replace("VALUE", "other") + 'plan.print("more")\n') == [True] * 5 + [False]
    assert skipped('plan.print("unrelated")\n' + body) == [False] * 6
    enclave.get_service_context("db").stop()
    assert skipped('plan.print("unrelated")\n' + body) == [False] * 6


def test_files_are_made_by_a_plan(fake: FakeEngine, enclave: EnclaveContext, tmp_path: Path) -> None:
    output(
        enclave,
        'plan.render_templates({"greeting.txt": struct(template = "hello {{.who}}", data = {"who": "you"})}, "made")\n'
        'files = {"/in": Directory(artifact_names = ["made"])}\n'
        'plan.add_service("db", ServiceConfig(image = "redis:7", files = files))\n'
        'plan.exec("db", ExecRecipe(command = ["sh", "-c", "echo out > /out.txt"]))\n'
        'plan.store_service_files("db", "/out.txt", "kept")\n',
    )
    (saved,) = enclave.save_files_artifact("kept", tmp_path)
    assert (saved.name, saved.read_text()) == ("out.txt", "out\n")
    assert enclave.get_service_context("db").exec_command(["cat", "/in/greeting.txt"]).output == "hello you"
    with pytest.raises(StarlarkExecutionError, match="has no file /nothing"):
        output(enclave, 'plan.store_service_files("db", "/nothing")')
    with pytest.raises(StarlarkExecutionError, match="is taken"):
        output(enclave, 'plan.print("other")\nplan.store_service_files("db", "/out.txt", "kept")')
    with pytest.raises(StarlarkValidationError, match="needs the files artifact 'never'"):
        output(enclave, 'plan.add_service("x", ServiceConfig(image = "y", files = {"/in": "never"}))')


def test_a_package_uploads_its_own_files(enclave: EnclaveContext, tmp_path: Path) -> None:
    (tmp_path / "kurtosis.yml").write_text("name: github.com/a/b")
    (tmp_path / "data.txt").write_text("data")
    (tmp_path / "main.star").write_text('def run(plan):\n    plan.upload_files("./data.txt", name = "data")\n')
    enclave.run_starlark_package_blocking(tmp_path)
    assert [file.path for file in enclave.inspect_files_artifact("data")] == ["data.txt"]
    (tmp_path / "kurtosis.yml").write_text("name: no-git-address")
    with pytest.raises(EngineError, match="no-git-address"):
        enclave.run_starlark_package_blocking(tmp_path)


@pytest.mark.parametrize(
    ("holds", "fails"),
    [
        ('"1", "==", 1', '"1", "==", 2'),
        ('"1", "!=", 2', '"a", "!=", "a"'),
        ('"1", "<", 2', '"2", "<", 1'),
        ('"2", "<=", 2', '"3", "<=", 2'),
        ('"3", ">", 2', '"2", ">", 2'),
        ('"10", ">=", 9', '"8", ">=", 9'),
        ('"a", "IN", ["a"]', '"b", "IN", ["a"]'),
        ('"b", "NOT_IN", ["a"]', '"a", "NOT_IN", ["a"]'),
    ],
)
def test_verify_compares(enclave: EnclaveContext, holds: str, fails: str) -> None:
    assert "succeeded" in output(enclave, f"plan.verify({holds})")
    with pytest.raises(StarlarkExecutionError, match="Verification failed"):
        output(enclave, f"plan.verify({fails})")


def test_a_code_that_is_accepted_is_no_error(enclave: EnclaveContext) -> None:
    enclave.run_starlark_script_blocking(ADD)
    recipe = 'ExecRecipe(command = ["false"])'
    assert "exit code '1'" in output(enclave, f'plan.exec("db", {recipe}, acceptable_codes = [1])')
    assert "exit code '1'" in output(enclave, f'plan.exec("db", {recipe}, skip_code_check = True)')


def test_the_small_shell(fake: FakeEngine, enclave: EnclaveContext) -> None:
    enclave.run_starlark_script_blocking(ADD)
    service = enclave.get_service_context("db")
    assert service.exec_command(["sh", "-c", "echo a; false; echo b"]) == (0, "a\nb\n")
    assert service.exec_command(["sh", "-c", ""]) == (0, "")
    assert service.exec_command(["sh", "-c", "exit 2; echo never"]) == (2, "")
    assert service.exec_command(["cat", "/nothing"]).exit_code == 1
    assert service.exec_command(["sh", "-c", "unheard-of"]) == (127, "sh: unheard-of: not found\n")
    fake.on_exec(lambda known, command: ExecResult(7, known.name) if command[0] == "mine" else None)
    assert service.exec_command(["mine"]) == (7, "db")
    assert service.exec_command(["echo", "theirs"]) == (0, "theirs\n")


def test_a_server_that_does_not_say_that_it_ended_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(grpc_server, "_STOP_LIMIT", 0.0)
    FakeEngine().close()
    assert "has not said within 0 s that it ended" in caplog.text


def test_binary_files_and_things_that_are_no_archives_are_described(
    fake: FakeEngine, enclave: EnclaveContext, tmp_path: Path
) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "bell").write_bytes(b"\x07\n")
    enclave.upload_files(tmp_path, "mixed")
    assert [file.text_preview for file in enclave.inspect_files_artifact("mixed")] == [None, None]
    fake.enclave("rules").store("broken", b"no archive")
    with pytest.raises(EngineError, match="not a gzipped tar"):
        enclave.inspect_files_artifact("broken")


def test_log_filters_may_exclude(fake: FakeEngine, kurtosis: KurtosisContext, enclave: EnclaveContext) -> None:
    enclave.run_starlark_script_blocking(ADD)
    fake.enclave("rules").service("db").write_log("one\ntwo\nthree")
    uuid = enclave.get_services()["db"]
    without = [
        LogLineFilter(LogLineOperator.DOES_NOT_CONTAIN_TEXT, "one"),
        LogLineFilter(LogLineOperator.DOES_NOT_CONTAIN_MATCH_REGEX, "^th"),
    ]
    assert [line.text for line in kurtosis.get_service_logs("rules", [uuid], filters=without)] == ["two"]
    assert [line.text for line in kurtosis.get_service_logs("rules", [uuid], num_log_lines=2)] == ["two", "three"]
    assert list(kurtosis.get_service_logs("rules", [uuid], num_log_lines=0)) == []


def test_what_the_sdk_never_sends_is_refused_as_an_engine_would(fake: FakeEngine, enclave: EnclaveContext) -> None:
    known = fake.enclave("rules").address
    assert known is not None
    with grpc.insecure_channel(fake.address) as channel:
        create = _caller(channel, methods.CREATE_ENCLAVE, "unary_unary")
        for args, complaint in (
            (engine.CreateEnclaveArgs(enclave_name="x"), "log level"),
            (engine.CreateEnclaveArgs(enclave_name="a b", api_container_log_level="info"), "not allowed"),
        ):
            with pytest.raises(grpc.RpcError, match=complaint):
                create(args)
    with grpc.insecure_channel(f"{known[0]}:{known[1]}") as channel:
        upload = _caller(channel, methods.UPLOAD_FILES, "stream_unary")
        chunk = apic.StreamedDataChunk(data=b"x", metadata=apic.DataChunkMetadata(name="a"))
        renamed = apic.StreamedDataChunk(data=b"x", metadata=apic.DataChunkMetadata(name="b"))
        for chunks, complaint in (([chunk, renamed], "name was changed"), ([chunk, chunk], "does not follow")):
            with pytest.raises(grpc.RpcError, match=complaint):
                upload(iter(chunks))
        run = _caller(channel, methods.RUN_SCRIPT, "unary_stream")
        lines = list(run(apic.RunStarlarkScriptArgs(serialized_script=ADD)))
        assert any(line.error.HasField("interpretation_error") for line in lines)


def _caller(channel: grpc.Channel, method: methods.Method, kind: str) -> grpc.UnaryUnaryMultiCallable:  # type: ignore[type-arg]
    made: grpc.UnaryUnaryMultiCallable = getattr(channel, kind)(  # type: ignore[type-arg]
        method.path, method.request.SerializeToString, method.response.FromString
    )
    return made


def test_ports_never_repeat(kurtosis: KurtosisContext) -> None:
    script = ADD.replace('"redis:7"', '"redis:7", ports = {"p": PortSpec(number = 1)}')
    seen = []
    with kurtosis.temporary_enclave("x") as one, kurtosis.temporary_enclave("y") as two:
        for enclave in (one, two):
            enclave.run_starlark_script_blocking(script)
            seen.append(enclave.get_service_context("db").get_public_ports()["p"].number)
    assert all(a != b for a, b in itertools.pairwise(seen))
