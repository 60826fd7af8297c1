"""Tasks (run_sh), templates with loops, and what a package may import from where."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kurtosis_sdk import StarlarkExecutionError, StarlarkRunConfig, StarlarkValidationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TASK = """
def run(plan, image, name, command, src):
    task = plan.run_sh(name = name, run = command, image = image, store = [StoreSpec(src = src, name = name)])
    plan.print("it said " + task.output)
    return {"code": task.code, "files": task.files_artifacts}
"""
TEMPLATE = """
{{- range .Nodes }}
[{{ .Name }}]
port = {{.Port}}
{{ end }}
{{- range .Words }}{{ . }},{{ end }} of {{.Total}} {{.Nobody}}
"""
RENDER = """
def run(plan, name, template):
    nodes = [{"Name": "a", "Port": 1}, {"Name": "b", "Port": 2}]
    data = {"Nodes": nodes, "Words": ["x", "y"], "Total": 2}
    plan.render_templates(name = name, config = {"out.txt": struct(template = template, data = data)})
"""


def run(enclave: Any, script: str, **params: Any) -> Any:
    return enclave.run_starlark_script_blocking(script, StarlarkRunConfig(serialized_params=json.dumps(params)))


def test_a_task_tells_its_output_and_keeps_its_files(
    world: Any, enclave: Any, unique: Callable[[str], str], tmp_path: Path
) -> None:
    name = unique("task")
    command = "echo kept > /tmp/kept; echo said"
    result = run(enclave, TASK, image=world.image, name=name, command=command, src="/tmp/kept")
    assert json.loads(result.serialized_output) == {"code": "0", "files": [name]}
    assert "it said said\n" in result.output
    assert name not in enclave.get_services()
    (saved,) = enclave.save_files_artifact(name, tmp_path)
    assert (saved.name, saved.read_text()) == ("kept", "kept\n")


def test_the_files_of_a_folder_are_kept_without_it(
    world: Any, enclave: Any, unique: Callable[[str], str], tmp_path: Path
) -> None:
    name = unique("folder")
    command = "mkdir -p /tmp/out/deep; echo a > /tmp/out/a; echo b > /tmp/out/deep/b"
    run(enclave, TASK, image=world.image, name=name, command=command, src="/tmp/out/*")
    saved = enclave.save_files_artifact(name, tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in saved] == ["a", "deep/b"]


def test_a_task_that_fails_fails_the_run(world: Any, enclave: Any, unique: Callable[[str], str]) -> None:
    with pytest.raises(StarlarkExecutionError, match="exit code '1' that is not part of"):
        run(enclave, TASK, image=world.image, name=unique("task"), command="false", src="/tmp/none")


def test_a_task_keeps_nothing_that_is_not_there(world: Any, enclave: Any, unique: Callable[[str], str]) -> None:
    with pytest.raises(StarlarkExecutionError, match="/tmp/none"):
        run(enclave, TASK, image=world.image, name=unique("task"), command="true", src="/tmp/none")


def test_a_template_may_loop(enclave: Any, unique: Callable[[str], str], tmp_path: Path) -> None:
    name = unique("template")
    run(enclave, RENDER, name=name, template=TEMPLATE)
    (saved,) = enclave.save_files_artifact(name, tmp_path)
    assert saved.read_text() == "\n[a]\nport = 1\n\n[b]\nport = 2\nx,y, of 2 <no value>\n"


def test_a_ports_id_has_fifteen_characters_at_most(world: Any, enclave: Any, unique: Callable[[str], str]) -> None:
    script = """
def run(plan, name, image, port):
    plan.add_service(name = name, config = ServiceConfig(image = image, ports = {port: PortSpec(number = 1)}))
"""
    for port in ("el-1-primary-rpc", "Upper", "-rpc"):
        with pytest.raises(StarlarkValidationError, match=f"Port name '{port}' is invalid"):
            run(enclave, script, name=unique("ports"), image=world.image, port=port)


def test_a_service_may_run_as_another_user(world: Any, enclave: Any, unique: Callable[[str], str]) -> None:
    script = """
def run(plan, name, image):
    plan.add_service(name = name, config = ServiceConfig(
        image = image, user = User(uid = 0, gid = 0), entrypoint = ["sleep", "60"],
    ))
"""
    name = unique("user")
    run(enclave, script, name=name, image=world.image)
    assert name in enclave.get_services()


def test_a_module_finds_its_neighbours(enclave: Any, tmp_path: Path) -> None:
    (tmp_path / "src" / "deep").mkdir(parents=True)
    (tmp_path / "kurtosis.yml").write_text("name: github.com/kurtosis-sdk/neighbours\n")
    (tmp_path / "main.star").write_text(
        'low = import_module("./src/deep/low.star")\ndef run(plan):\n    plan.print(low.text)\n'
    )
    (tmp_path / "src" / "deep" / "low.star").write_text(
        'up = import_module("../up.star")\n'
        'root = import_module("/root.star")\n'
        'text = up.word + " " + read_file("./here.txt") + " " + root.word\n'
    )
    (tmp_path / "src" / "deep" / "here.txt").write_text("here")
    (tmp_path / "src" / "up.star").write_text('word = "up"\n')
    (tmp_path / "root.star").write_text('word = "root"\n')
    assert enclave.run_starlark_package_blocking(tmp_path).output == "up here root\n"
