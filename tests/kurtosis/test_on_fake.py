"""The Starlark package run whole on a fake engine: what each process is told is what that process takes."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from kurtosis_sdk.testing import FakeEngine

from e2e.beacon import config as beacon_config
from e2e.gateway import routes
from e2e.testbed.network_files import write
from kurtosis_sdk import ExecResult, KurtosisContext, StarlarkRunConfig
from proxy import config as proxy_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kurtosis_sdk.testing import FakeEnclave, FakeService

PACKAGE = Path(__file__).parents[2] / "kurtosis"
FOUR = ["el-1-primary", "el-2-primary", "el-3-backup", "el-4-backup"]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[FakeEngine]:
    def play(task: FakeService, command: Sequence[str]) -> ExecResult | None:
        """Do for the task what the command does that the package gives it."""
        words = shlex.split(command[-1])
        if words[:3] != ["python", "-m", "e2e.testbed.network_files"]:
            return None
        options = dict(zip(words[3::2], words[4::2], strict=True))
        write(tmp_path / "network", options["--nodes"].split(","))
        for path in (tmp_path / "network").rglob("*"):
            if path.is_file():
                task.files[f"{options['--folder']}/{path.relative_to(tmp_path / 'network')}"] = path.read_bytes()
        return ExecResult(0, "")

    with FakeEngine() as engine:
        engine.on_exec(play)
        yield engine


def run(engine: FakeEngine, arguments: str, function: str = "") -> FakeEnclave:
    with KurtosisContext.connect(engine.address) as kurtosis:
        if "try" not in kurtosis.get_enclaves().get_enclaves_by_name():
            kurtosis.create_enclave("try").close()
        with kurtosis.get_enclave_context("try") as enclave:
            config = StarlarkRunConfig(serialized_params=arguments, main_function_name=function)
            enclave.run_starlark_package_blocking(PACKAGE, config)
    return engine.enclave("try")


def told(enclave: FakeEnclave, service: str, folder: Path) -> Path:
    """The files of one service, written below `folder`."""
    for name, data in enclave.services[service].files.items():
        path = folder / service / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.replace(b"/network/", f"{folder}/{service}/network/".encode()))
    return folder / service


def test_every_node_has_what_it_needs(engine: FakeEngine, tmp_path: Path) -> None:
    enclave = run(engine, "{}")
    assert list(enclave.services) == [*FOUR, "beacon", "gateway", "proxy"]
    for number, name in enumerate(FOUR):
        files = told(enclave, name, tmp_path)
        script = (files / "launch" / "launch.sh").read_text()
        assert script.count("enode://") == number
        assert (files / "network" / name / "key").is_file()
        assert json.loads((files / "network" / "genesis.json").read_text())["config"]["chainId"] == 1337
        assert enclave.services[name].config.entrypoint == ["sh", "/launch/launch.sh"]
        for earlier in FOUR[:number]:
            assert f"@{enclave.services[earlier].private_ip}:30303" in script


def test_the_block_driver_takes_its_config(engine: FakeEngine, tmp_path: Path) -> None:
    files = told(run(engine, "block_time: 0.5"), "beacon", tmp_path)
    config = beacon_config.load(files / "config" / "beacon.json")
    assert config.block_time == 0.5
    assert config.nodes == {name: f"http://{name}:8551" for name in FOUR}
    assert set(config.endpoints) == {"cl-1", "cl-2"}
    assert config.jwt_secret.hex() == (files / "network" / "jwt").read_text()


def test_the_gateway_takes_its_routes(engine: FakeEngine, tmp_path: Path) -> None:
    enclave = run(engine, "{}")
    found = routes.check(routes.read_file(told(enclave, "gateway", tmp_path) / "config" / "gateway.toml"))
    assert [route.name for route in found] == FOUR
    assert [(route.http.host, route.http.port, route.ws.port) for route in found] == [
        (name, 8545, 8546) for name in FOUR
    ]
    declared = {port.number for port in enclave.services["gateway"].config.ports.values()}
    assert declared == {8474} | {port for route in found for port in (route.http_port, route.ws_port)}


def test_the_proxy_takes_its_config(engine: FakeEngine, tmp_path: Path) -> None:
    path = told(run(engine, "{}"), "proxy", tmp_path) / "config" / "vixy.toml"
    config = proxy_config.load(path.read_text(), str(path))
    assert [node.name for node in config.nodes] == FOUR
    assert all("gateway" in str(node) for node in config.nodes)
    assert len(config.consensus) == 2
    assert config.warnings == ()


@pytest.mark.parametrize("file", sorted((PACKAGE / "args").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_args_file_runs(engine: FakeEngine, file: Path) -> None:
    assert {"beacon", "gateway", "proxy", "el-1-primary"} <= run(engine, file.read_text()).services.keys()


def test_only_the_proxy_is_replaced(engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "vixy.toml").write_text("mine")
    before = {name: service.starts for name, service in run(engine, "proxy: {enabled: false}").services.items()}
    assert "proxy" not in before
    with KurtosisContext.connect(engine.address) as kurtosis, kurtosis.get_enclave_context("try") as enclave:
        enclave.upload_files(tmp_path / "vixy.toml", "mine")
    asked: dict[str, Any] = {
        "config_artifact": "mine", "image": "other", "entrypoint": ["/vixy"], "cmd": ["-v"], "public_port": 12345,
    }  # fmt: skip
    services = run(engine, json.dumps({"proxy": asked}), "run_proxy").services
    assert {name: service.starts for name, service in services.items()} == before | {"proxy": 1}
    assert services["proxy"].files == {"/config/vixy.toml": b"mine"}
    assert services["proxy"].public_ports == {"http": 12345}
    config = services["proxy"].config
    assert (config.image, config.entrypoint, config.cmd) == ("other", ["/vixy"], ["-v"])
    assert config.ports["http"].wait is None
