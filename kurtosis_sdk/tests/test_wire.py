"""The table of methods fits proto/, and the generated code is what proto/ gives."""

from __future__ import annotations

from importlib.metadata import version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest

from kurtosis_sdk._core import methods
from kurtosis_sdk._wire import api_container_pb2, engine_pb2

ROOT = Path(__file__).parents[1]


def test_every_method_is_in_the_table_with_its_messages() -> None:
    table = {each.path: (each.request.DESCRIPTOR, each.response.DESCRIPTOR) for each in _methods()}
    declared = {
        f"/{service.full_name}/{method.name}": (method.input_type, method.output_type)
        for module in (engine_pb2, api_container_pb2)
        for service in module.DESCRIPTOR.services_by_name.values()
        for method in service.methods
    }
    assert table == declared


def test_the_wire_is_generated_from_proto(tmp_path: Path) -> None:
    pytest.importorskip("grpc_tools", reason="grpcio-tools generates the code: pip install 'kurtosis-sdk[dev]'")
    if version("grpcio-tools") != "1.85.1":
        pytest.skip(f"grpcio-tools is {version('grpcio-tools')}, and only 1.85.1 gives the same bytes")
    for written in _generator().generate(tmp_path):
        committed = ROOT / "src" / written.relative_to(tmp_path)
        assert written.read_text() == committed.read_text(), f"{committed} is stale: run generate_wire.py"


def _methods() -> list[methods.Method[Any, Any]]:
    return [value for value in vars(methods).values() if isinstance(value, methods.Method)]


def _generator() -> Any:
    spec = spec_from_file_location("generate_wire", ROOT / "generate_wire.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
