"""The Starlark package on a real engine: what it refuses, what it plans, and that one primary and a backup work.

What the suite does to a network of four is in tests/e2e/testbed/kurtosis/test_on_engine.py.
"""

from __future__ import annotations

import json
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import requests
import yaml

from e2e.wait import wait_until
from kurtosis_sdk import KurtosisContext, StarlarkInterpretationError, StarlarkRunConfig

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kurtosis_sdk import EnclaveContext, StarlarkRunResult

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(600)]

ENGINE = ("127.0.0.1", 9710)
PACKAGE = Path(__file__).parents[2] / "kurtosis"
GETH = "ethereum/client-go:v1.17.7"
CONFIG = """
[[el.primary]]
name = "the-only-one"
http_url = "http://gateway:18545"
ws_url = "ws://gateway:18546"
"""


@pytest.fixture(scope="module")
def kurtosis() -> Iterator[KurtosisContext]:
    try:
        socket.create_connection(ENGINE, timeout=0.2).close()
    except OSError:
        pytest.skip("no Kurtosis engine at 127.0.0.1:9710: `kurtosis engine start` starts one")
    with KurtosisContext.new_kurtosis_context_from_local_engine() as kurtosis:
        yield kurtosis


@pytest.fixture(scope="module")
def empty(kurtosis: KurtosisContext) -> Iterator[EnclaveContext]:
    with kurtosis.temporary_enclave("package-plans") as enclave:
        yield enclave


@pytest.fixture(scope="module")
def network(kurtosis: KurtosisContext) -> Iterator[EnclaveContext]:
    with kurtosis.temporary_enclave("package-runs") as enclave:
        arguments = (PACKAGE / "args" / "1p1b.yaml").read_text(encoding="utf-8")
        enclave.run_starlark_package_blocking(PACKAGE, StarlarkRunConfig(serialized_params=arguments), timeout=300)
        yield enclave


def plan(enclave: EnclaveContext, arguments: dict[str, Any], function: str = "") -> StarlarkRunResult:
    config = StarlarkRunConfig(serialized_params=json.dumps(arguments), main_function_name=function, dry_run=True)
    return enclave.run_starlark_package_blocking(PACKAGE, config)


def url(enclave: EnclaveContext, service: str, port: str = "rpc") -> str:
    found = enclave.get_service_context(service)
    return f"http://{found.get_maybe_public_ip_address()}:{found.get_public_ports()[port].number}"


def ask(where: str, method: str, *params: Any) -> Any:
    """What a node or the proxy answers; None while it is not up."""
    try:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return requests.post(where, json=body, timeout=5).json()["result"]
    except requests.ConnectionError:
        return None


def serves(proxy: str) -> bool:
    try:
        return requests.get(f"{proxy}/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def height(where: str) -> int:
    return int(ask(where, "eth_blockNumber") or "0x0", 16)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({"nodes": [{"name": "geth-1"}]}, "ends in -primary or -backup"),
        ({"nodes": [{"name": "el-1-primary"}] * 2}, "two nodes are named el-1-primary"),
        ({"nodes": [{"name": "el-1-backup"}]}, "at least one node has to be a primary"),
        ({"nodes": [{"name": "el-1-primary", "type": "gath"}]}, 'one of geth, reth, .*, not "gath"'),
        ({"nodes": [{"name": "el-1-primary", "typ": "geth"}]}, 'a node has no "typ"; there is name, type'),
        ({"images": {"lighthouse": "x"}}, 'images has no "lighthouse"; there is beacon, gateway, geth'),
        ({"proxy": {"config": "x"}}, 'proxy has no "config"; there is enabled, image'),
        ({"block_time": 0}, "above 0, not 0"),
        ({"blocktime": 1}, "unexpected keyword argument .*blocktime"),
    ],
)
def test_a_wrong_argument_is_refused_with_what_there_is(
    empty: EnclaveContext, arguments: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(StarlarkInterpretationError, match=complaint):
        plan(empty, arguments)


def test_a_proxy_alone_needs_its_config(empty: EnclaveContext) -> None:
    with pytest.raises(StarlarkInterpretationError, match=r"run_proxy needs proxy\.config_artifact"):
        plan(empty, {"proxy": {}}, "run_proxy")


@pytest.mark.parametrize("file", sorted((PACKAGE / "args").glob("*.yaml")), ids=lambda path: path.stem)
def test_an_args_file_makes_a_plan_with_each_node_and_its_image(empty: EnclaveContext, file: Path) -> None:
    arguments = yaml.safe_load(file.read_text(encoding="utf-8"))
    types = {node["type"] for node in arguments["nodes"]}
    # a dry run looks for images too; these are all that a machine without a registry has
    arguments["images"] = arguments.get("images", {}) | dict.fromkeys(types | {"geth"}, GETH)
    planned = [
        dict(step.arguments) for step in plan(empty, arguments).instructions if step.instruction_name == "add_service"
    ]
    named = [json.loads(each["name"]) for each in planned]
    assert named == [*(node["name"] for node in arguments["nodes"]), "beacon", "gateway", "proxy"]
    assert [each["config"].count(GETH) for each in planned] == [1] * len(arguments["nodes"]) + [0, 0, 0]


def test_the_proxy_may_be_left_out(empty: EnclaveContext) -> None:
    steps = plan(empty, {"proxy": {"enabled": False}}).instructions
    assert "proxy" not in " ".join(str(step.arguments) for step in steps).replace("vixy-e2e/proxy", "")


def test_the_network_of_ethereum_package_has_our_gateway_and_proxy_before_it(empty: EnclaveContext) -> None:
    config = StarlarkRunConfig(
        relative_path_to_main_file="ethereum_package/main.star",
        serialized_params=(PACKAGE / "ethereum_package" / "args.yaml").read_text(encoding="utf-8"),
        dry_run=True,
    )
    try:
        steps = empty.run_starlark_package_blocking(PACKAGE, config, timeout=500).instructions
    except StarlarkInterpretationError as error:
        assert "loading the module 'github.com/ethpandaops/ethereum-package/main.star@6.0.0'" in str(error)  # noqa: PT017
        pytest.skip("the import of ethereum-package needs the internet")
    planned = "\n".join(step.executable_instruction for step in steps)
    for name in ("el-1-primary", "el-2-primary", "el-3-backup", "el-4-backup"):
        assert f'"Name": "{name}"' in planned
    assert '"Http": "http://el-4-geth-lighthouse:8545"' in planned
    assert '"Url": "http://cl-4-lighthouse-geth:4000"' in planned


def test_the_proxy_leads_to_every_node_of_a_chain_that_moves(network: EnclaveContext) -> None:
    proxy = url(network, "proxy", "http")
    wait_until(lambda: requests.get(f"{proxy}/ready", timeout=5).ok, 30, "the proxy is ready")
    status = requests.get(f"{proxy}/status", timeout=5).json()
    assert [node["name"] for node in status["el_nodes"]] == ["el-1-primary", "el-3-backup"]
    assert [node["http_url"] for node in status["el_nodes"]] == ["http://gateway:18545", "http://gateway:18547"]
    before = height(f"{proxy}/el")
    wait_until(lambda: height(f"{proxy}/el") > before + 1, 30, "the chain moves")
    assert requests.get(f"{proxy}/cl/eth/v1/node/syncing", timeout=5).ok


def test_the_nodes_are_peers(network: EnclaveContext) -> None:
    for node in ("el-1-primary", "el-3-backup"):
        wait_until(lambda node=node: ask(url(network, node), "net_peerCount") == "0x1", 30, f"{node} has its peer")  # type: ignore[misc]


def test_a_node_that_was_stopped_has_its_chain_at_once(network: EnclaveContext) -> None:
    control = url(network, "beacon", "control")
    wait_until(lambda: height(url(network, "el-3-backup")) > 3, 30, "there is a chain")
    assert requests.post(f"{control}/pause", timeout=5).ok  # so that it cannot be given what it lacks in new blocks
    try:
        block = ask(url(network, "el-3-backup"), "eth_getBlockByNumber", "0x2", False)
        node = network.get_service_context("el-3-backup")
        node.stop()
        node.start()
        wait_until(lambda: height(url(network, "el-3-backup")) > 3, 30, "it is back with its chain")
        assert ask(url(network, "el-3-backup"), "eth_getBlockByNumber", "0x2", False) == block
        loaded = re.findall(r"Loaded most recent local block +number=([0-9,]+)", node.container_log())
        assert int(loaded[-1].replace(",", "")) > 3  # on its own, and not because it was given everything again
    finally:
        requests.post(f"{control}/resume", timeout=5)


def test_a_proxy_that_ends_at_once_is_not_waited_for(network: EnclaveContext) -> None:
    arguments = {"proxy": {"config_artifact": "proxy-config", "entrypoint": ["python", "-c", "raise SystemExit(7)"]}}
    config = StarlarkRunConfig(main_function_name="run_proxy", serialized_params=json.dumps(arguments))
    network.run_starlark_package_blocking(PACKAGE, config, timeout=120)
    proxy = network.get_service_context("proxy")
    wait_until(lambda: proxy.exit_code() == 7, 30, "it has ended")


def test_a_proxy_of_its_own_config_takes_the_place_of_the_first(network: EnclaveContext, tmp_path: Path) -> None:
    (tmp_path / "vixy.toml").write_text(CONFIG)
    artifact = network.upload_files(tmp_path, "another-config").name
    config = StarlarkRunConfig(
        main_function_name="run_proxy", serialized_params=json.dumps({"proxy": {"config_artifact": artifact}})
    )
    network.run_starlark_package_blocking(PACKAGE, config, timeout=120)
    proxy = url(network, "proxy", "http")
    wait_until(lambda: serves(proxy), 30, "the new proxy serves")
    status = requests.get(f"{proxy}/status", timeout=5).json()
    assert [node["name"] for node in status["el_nodes"]] == ["the-only-one"]
    assert height(url(network, "el-1-primary")) > 0  # nothing else was touched
