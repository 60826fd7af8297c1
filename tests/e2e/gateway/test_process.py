"""The gateway as a process, and what its command line says to a person."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from e2e.gateway.__main__ import main
from e2e.gateway.client import GatewayClient, GatewayError
from e2e.gateway.process import GatewayProcess
from e2e.gateway.routes import RouteError, parse_argument, read_file
from e2e.testbed.ports import free_ports
from e2e.testbed.protocol import NodeUrls
from tests.e2e.gateway.fakes import NODE, SOON, FakeNode, call, post, wait_for

ROOT = Path(__file__).parents[3]


def gone(pid: int) -> bool:
    """Say whether a process has ended, reaped or not."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return True


def test_it_serves_until_it_is_closed(node: FakeNode, tmp_path: Path) -> None:
    with GatewayProcess({NODE: NodeUrls(node.http, f"{node.ws}/ws?a=1")}, tmp_path) as gateway:
        assert post(gateway.client).json()["result"]["method"] == "eth_chainId"
        assert gateway.urls[NODE].ws.endswith("/ws?a=1")
        assert node.seen == [call("eth_chainId")]
        pid = gateway.pid
        assert pid is not None
    assert gone(pid)
    gateway.close()


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import os, pathlib, sys\n"
        "from e2e.gateway.process import GatewayProcess\n"
        "from e2e.testbed.protocol import NodeUrls\n"
        "urls = NodeUrls('http://127.0.0.1:1', 'ws://127.0.0.1:1')\n"
        "print(GatewayProcess({'n': urls}, pathlib.Path(sys.argv[1])).start().pid, flush=True)\n"
        "os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    parent = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert parent.returncode == -signal.SIGKILL, parent.stderr
    wait_for(lambda: gone(int(parent.stdout)), "the gateway has ended")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_listens_and_leaves_when_told(number: signal.Signals) -> None:
    control = f"127.0.0.1:{free_ports(1)[0]}"
    command = [sys.executable, "-m", "e2e.gateway", "--route=n=http://127.0.0.1:1,ws://127.0.0.1:2/x"]
    with subprocess.Popen([*command, "--control", control], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline().strip() for _ in range(3)]
        assert [line.partition(" -> ")[2] for line in lines] == ["http://127.0.0.1:1", "ws://127.0.0.1:2/x", ""]
        assert lines[2] == f"control: http://{control}"
        process.send_signal(number)
        assert process.wait(10) == 0


def test_a_gateway_that_cannot_start_says_why(tmp_path: Path) -> None:
    urls = NodeUrls("https://127.0.0.1:1", "ws://127.0.0.1:2")
    with pytest.raises(GatewayError, match="does not speak TLS"):
        GatewayProcess({"n": urls}, tmp_path).start()


TABLE = "[[route]]\nname = 'a'\nhttp = 'http://x:1'\nws = 'ws://y:2'\n"
ROUTE = "--route=n=http://127.0.0.1:1,ws://127.0.0.1:2"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "no routes: give --config FILE or --route"),
        (["--route=n=http://127.0.0.1:1"], "expected NAME=HTTP_URL,WS_URL"),
        (["--route=n=ws://127.0.0.1:1,ws://127.0.0.1:2"], "expected http://HOST:PORT"),
        (["--route=n=http://127.0.0.1:99999,ws://127.0.0.1:2"], "is no URL: Port out of range"),
        ([ROUTE, ROUTE], "two routes are named 'n'"),
        ([ROUTE, "--control=8474"], "--control '8474': expected HOST:PORT"),
        ([ROUTE, "--control=127.0.0.1:99999"], "--control '127.0.0.1:99999': expected HOST:PORT"),
        (["--config=/nowhere.toml"], "No such file"),
    ],
)
def test_a_bad_command_line_is_complained_of(
    capsys: pytest.CaptureFixture[str], arguments: list[str], complaint: str
) -> None:
    assert main(arguments) == 2
    assert complaint in capsys.readouterr().err


def test_a_port_in_use_is_complained_of(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main([ROUTE, f"--control=127.0.0.1:{taken.getsockname()[1]}"]) == 2
    assert "cannot listen" in capsys.readouterr().err


def test_a_config_names_nodes_and_ports(tmp_path: Path) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text('[[route]]\nname = "a"\nhttp = "http://x:1/k"\nws = "ws://y"\nws_port = 9000\n')
    (route,) = read_file(config)
    assert (route.name, route.http.path, route.ws.port, route.http_port, route.ws_port) == ("a", "/k", 80, 0, 9000)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", r"no \[\[route\]\] in it"),
        ("[[route]]\nname = 1", "name = 1 should be a str"),
        ("[[route]]\nnode = 'a'", "unknown key 'node'"),
        ("[[route]]\nname = 'a'", "lacks http, ws"),
        ("[[", "Cannot declare|Expected|Invalid"),
        ("route = [1]", r"no \[\[route\]\] in it"),
        (f"{TABLE}http_port = 99999", "http_port = 99999 should be a port, from 0"),
        (f"{TABLE}ws_port = -1", "ws_port = -1 should be a port, from 0"),
        ("name = '\udcff'", "is not UTF-8"),
    ],
)
def test_a_bad_config_is_complained_of(tmp_path: Path, text: str, complaint: str) -> None:
    config = tmp_path / "gateway.toml"
    config.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(RouteError, match=complaint):
        read_file(config)


def test_an_argument_is_a_route() -> None:
    route = parse_argument("el-1=http://127.0.0.1:8545,ws://[::1]:8546/a?b=c")
    assert (route.ws.host, route.ws.port, route.ws.path) == ("::1", 8546, "/a?b=c")


@pytest.mark.parametrize(
    ("verb", "path", "body", "complaint"),
    [
        ("POST", "/faults", "{", "Expecting property name"),
        ("POST", "/faults", "[]", "should be a JSON object"),
        ("POST", "/faults", '{"fault": "refuse"}', "node is missing"),
        ("DELETE", "/faults/x", None, "'x' should be the number of a fault"),
        ("DELETE", "/faults/9", None, "no fault 9 is in force"),
        ("GET", "/faults/9/bites", None, "no fault 9 is in force"),
        ("GET", "/links?node=el-1-primary&lane=ws&within=soon", None, "within=soon should be a number"),
        ("GET", "/links?lane=ws", None, "node is missing"),
        ("PUT", "/routes/el-1-primary", '{"http": "http://x", "ws": "x"}', "expected ws://HOST:PORT"),
    ],
)
def test_what_the_api_is_asked_wrongly_it_says(
    api: str, verb: str, path: str, body: str | None, complaint: str
) -> None:
    answer = requests.request(verb, api + path, data=body, timeout=SOON)
    assert answer.status_code == 400
    assert complaint in answer.json()["error"]


def test_the_api_explains_itself(api: str) -> None:
    assert "POST   /faults" in requests.get(api, timeout=SOON).text
    kinds = requests.get(f"{api}/kinds", timeout=SOON).json()
    assert kinds["bandwidth"]["attributes"] == {"stream": "downstream", "toxicity": 1.0, "rate": 100, "seed": 0}
    assert kinds["close"]["lanes"] == ["ws"]
    assert all(kind["what"].startswith(f"{name}:") for name, kind in kinds.items())


def test_nobody_at_home() -> None:
    (port,) = free_ports(1)
    client = GatewayClient(f"http://127.0.0.1:{port}")
    with pytest.raises(GatewayError, match="does not answer"):
        client.state()
    client.close()
