"""The package stands alone: its wheel, in an empty environment, imported without the rest of the project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
IMPORT = """
import sys
import kurtosis_sdk, kurtosis_sdk.aio
from kurtosis_sdk.testing import FakeEngine
assert kurtosis_sdk.__file__.startswith(sys.prefix), kurtosis_sdk.__file__
assert not {"proxy", "e2e"} & set(sys.modules)
with FakeEngine() as engine, kurtosis_sdk.KurtosisContext.connect(engine.address) as kurtosis:
    print(kurtosis.engine_version, kurtosis_sdk.__version__)
"""
USER = """
from typing import assert_type
from kurtosis_sdk import ExecResult, KurtosisContext, PortSpec, StarlarkLine, StarlarkRunResult
from kurtosis_sdk import aio

def use(kurtosis: KurtosisContext) -> None:
    with kurtosis.temporary_enclave("typed") as enclave:
        assert_type(enclave.run_starlark_script_blocking("x"), StarlarkRunResult)
        for line in enclave.run_starlark_script("x"):
            assert_type(line, StarlarkLine)
        service = enclave.get_service_context("s")
        assert_type(service.exec_command(["true"]), ExecResult)
        assert_type(service.get_public_ports()["http"], PortSpec)

async def use_aio(kurtosis: aio.KurtosisContext) -> None:
    async with kurtosis.temporary_enclave("typed") as enclave:
        assert_type(await enclave.run_starlark_script_blocking("x"), StarlarkRunResult)
        assert_type(await (await enclave.get_service_context("s")).exec_command(["true"]), ExecResult)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"  # a copy: what an earlier build left behind would be packed too
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns("build", "*.egg-info", ".*", "tests"))
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(source), cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def pip(*arguments: str, cwd: Path, python: str = sys.executable) -> None:
    command = [python, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheel_holds_what_users_need(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.name == "kurtosis_sdk-0.1.0-py3-none-any.whl"
    for needed in ("py.typed", "_wire/engine_pb2.py", "_wire/engine_pb2.pyi", "aio/__init__.py", "testing/engine.py"):
        assert f"kurtosis_sdk/{needed}" in names
    assert not [name for name in names if name.split("/")[0] not in {"kurtosis_sdk", "kurtosis_sdk-0.1.0.dist-info"}]


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    """An interpreter that has the wheel and what it depends on, and nothing else."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=True)
    interpreter = str(home / "bin" / "python")
    pip("install", str(wheel), cwd=home, python=interpreter)
    return interpreter


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_wheel_works_in_an_empty_environment(python: str, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(
        [python, "-I", "-c", IMPORT], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stdout) == (0, "1.20.0 0.1.0\n"), result.stderr


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_its_users_are_checked_strictly_without_any_stubs(python: str, tmp_path: Path) -> None:
    pytest.importorskip("mypy", reason="mypy checks the types: pip install 'kurtosis-sdk[dev]'")
    (tmp_path / "user.py").write_text(USER)
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", python, "user.py"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
