"""The Starlark package as far as it can be looked at without an engine: arguments, defaults, commands of clients."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from e2e.beacon.accounts import dev_accounts
from e2e.sut.topology import TOPOLOGIES
from e2e.testbed.node import GethNode, Ports

PACKAGE = Path(__file__).parents[2] / "kurtosis"
ARGS = sorted((PACKAGE / "args").glob("*.yaml"))
TEMPLATES = PACKAGE / "src" / "el" / "templates"
CLIENTS = ("geth", "reth", "nethermind", "besu", "erigon")
ROLE = re.compile(r"el-[0-9]+-(primary|backup)")

DATA = {
    "Name": "el-3-backup",
    "RpcPort": "8545",
    "WsPort": "8546",
    "EnginePort": "8551",
    "PeerPort": "30303",
    "ExtraArgs": "--one=1 --two",
}


def constants(file: str) -> dict[str, Any]:
    """The literals that a Starlark file names: where these are concerned it is Python."""
    found = {}
    for node in ast.parse((PACKAGE / file).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def client_images() -> dict[str, str]:
    calls = ast.walk(ast.parse((PACKAGE / "src/el/el_clients.star").read_text(encoding="utf-8")))
    clients = [call for call in calls if isinstance(call, ast.Call) and ast.unparse(call.func) == "_client"]
    return {ast.literal_eval(call.args[0]): ast.literal_eval(call.args[1]) for call in clients}


def arguments(file: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded


def names(file: str) -> tuple[str, ...]:
    return tuple(node["name"] for node in arguments(PACKAGE / "args" / file)["nodes"])


def test_the_file_that_explains_the_arguments_gives_each_its_default() -> None:
    parser, run = constants("src/package_io/input_parser.star"), ast.parse((PACKAGE / "main.star").read_text())
    (main,) = [node for node in run.body if isinstance(node, ast.FunctionDef) and node.name == "run"]
    defaults = dict(zip([each.arg for each in main.args.args[1:]], main.args.defaults, strict=True))
    explained = arguments(PACKAGE / "args" / "2p2b.yaml")
    assert list(explained) == list(defaults)
    assert explained["nodes"] == parser["NODES"]
    assert explained["block_time"] == ast.literal_eval(defaults["block_time"])
    assert explained["images"] == parser["IMAGES"] | client_images()
    assert explained["proxy"] == parser["PROXY"]


@pytest.mark.parametrize("file", ARGS, ids=lambda path: path.stem)
def test_an_args_file_says_what_the_package_knows(file: Path) -> None:
    explained, given = arguments(PACKAGE / "args" / "2p2b.yaml"), arguments(file)
    assert given.keys() <= explained.keys()
    for node in given["nodes"]:
        assert node.keys() <= constants("src/package_io/input_parser.star")["NODE"].keys()
        assert ROLE.fullmatch(node["name"])
        assert node["type"] in CLIENTS


class RefusedError(Exception):
    """Starlark's `fail`."""


def check_names(*given: str) -> None:
    """Run the function of that name as Python, which it is, too. Raises RefusedError."""

    def fail(message: str) -> None:
        raise RefusedError(message)

    file = "src/package_io/input_parser.star"
    tree = ast.parse((PACKAGE / file).read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "_check_names"]
    known: dict[str, Any] = constants(file) | {"fail": fail}
    exec(compile(tree, file, "exec"), known)
    known["_check_names"](list(given))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        (("el-1",), "a node's name ends in -primary or -backup, as in el-1-primary: 'el-1'"),
        (("el-1-primary", "el-1-primary"), "two nodes are named el-1-primary"),
        (("el-1-backup",), "at least one node has to be a primary"),
        (("el-1-primary", "el-1-backup"), "as in el-1-primary and el-2-backup: el-1-primary and el-1-backup"),
        (("el-12345678-9-primary",), "11 characters at most before its role, as in el-1-primary: 'el-12345678-9-"),
        (("el-123456789-primary",), "11 characters at most before its role"),
    ],
)
def test_names_of_nodes_that_cannot_be_used_are_refused(given: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(RefusedError) as caught:
        check_names(*given)
    assert complaint in str(caught.value)


def test_the_longest_name_that_a_port_of_the_gateway_can_be_named_after() -> None:
    check_names("el-12345678-primary", "el-2-backup")
    for file in ARGS:
        check_names(*names(file.name))


def test_the_topologies_are_those_of_the_suite() -> None:
    assert names("2p2b.yaml") == names("mixed.yaml") == TOPOLOGIES["2p2b"]
    assert names("1p1b.yaml") == TOPOLOGIES["1p1b"]
    assert len({node["type"] for node in arguments(PACKAGE / "args" / "mixed.yaml")["nodes"]}) == 4


def test_only_the_entry_in_its_own_folder_needs_the_internet() -> None:
    importers = [path for path in PACKAGE.rglob("*.star") if 'import_module("github.com/' in path.read_text()]
    assert importers == [PACKAGE / "ethereum_package" / "main.star"]
    assert '.star@6.0.0")' in importers[0].read_text()


def test_the_images_of_clients_have_versions() -> None:
    images = client_images()
    assert tuple(images) == CLIENTS == tuple(path.name.split(".")[0] for path in map(Path, _sorted_templates()))
    for image in images.values():
        assert re.fullmatch(r"[a-z0-9./-]+:v?[0-9]+(\.[0-9]+)+", image)


def _sorted_templates() -> list[str]:
    return sorted((path.name for path in TEMPLATES.iterdir()), key=lambda name: CLIENTS.index(name.split(".")[0]))


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """What a node finds in /network, and for each client a program that prints its arguments."""
    for name in ("el-1-primary", "el-2-primary", "el-3-backup"):
        (tmp_path / "network" / name).mkdir(parents=True)
        (tmp_path / "network" / name / "key").write_text(f"key of {name}".replace(" ", "-"))
        (tmp_path / "network" / name / "public").write_text(f"public-{name}")
    (tmp_path / "bin").mkdir()
    for client in CLIENTS:
        program = tmp_path / "bin" / client
        program.write_text('#!/bin/sh\nfor word in "$@"; do echo "$word"; done\n')
        program.chmod(0o755)
    return tmp_path


def launch(client: str, world: Path, peers: tuple[str, ...]) -> list[str]:
    """The words with which the client's program is started by its script."""
    enodes = [f"enode://$(cat /network/{name}/public)@172.16.0.{number}:30303" for number, name in enumerate(peers, 5)]
    quoted = [f'"{enode}"' for enode in enodes]
    data = DATA | {"Peers": ",".join(enodes), "PeersAsJson": ",".join(quoted)}
    script = (TEMPLATES / f"{client}.sh.tmpl").read_text(encoding="utf-8")
    script = re.sub(r"\{\{\.(\w+)\}\}", lambda found: data[found[1]], script)
    assert "{{" not in script
    for folder in ("/network", "/data", "/nethermind"):
        script = re.sub(rf"(?<![\w/-]){folder}(?=[/ \n])", f"{world}{folder.replace('/nethermind', '/bin')}", script)
    environment = {"PATH": f"{world}/bin:/usr/bin:/bin"}
    result = subprocess.run(["sh", "-eu", "-c", script], capture_output=True, text=True, env=environment, check=True)
    assert result.stderr == ""
    return result.stdout.splitlines()


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_listens_everywhere_and_finds_its_files(client: str, network: Path) -> None:
    words = launch(client, network, ())
    text = " ".join(words)
    assert words[-2:] == ["--one=1", "--two"]
    for port in ("8545", "8546", "8551", "30303"):
        assert re.search(rf"[= ]{port}( |$)", text), port
    assert text.count("0.0.0.0") + text.count("allowlist=*") >= 2
    assert "127.0.0.1" not in text
    assert "peers" not in text.lower().replace("--maxpeers", "")
    assert "" not in words
    assert f"{network}/network/jwt" in text
    assert "key-of-el-3-backup" in text or f"{network}/network/el-3-backup/key" in text
    if client != "erigon":  # whose genesis went into its data before
        assert f"{network}/network/genesis.json" in text


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_is_told_the_peers_before_it(client: str, network: Path) -> None:
    words = launch(client, network, ("el-1-primary", "el-2-primary"))
    said = "\n".join([*words, *(path.read_text() for path in sorted((network / "data").glob("*")) if path.is_file())])
    found = re.findall(r"enode://[^,\"\s\]]*", said)
    assert found == ["enode://public-el-1-primary@172.16.0.5:30303", "enode://public-el-2-primary@172.16.0.6:30303"]


def options(words: list[str]) -> dict[str, str]:
    """Flag → value ('' for a flag alone), without what is a path or an address."""
    pairs = zip(words, [*words[1:], "--"], strict=True)
    found = {word: "" if value.startswith("--") else value for word, value in pairs if word.startswith("--")}
    return {flag: value for flag, value in found.items() if not re.search(r"/|127\.0\.0\.1|0\.0\.0\.0", value)}


def test_geth_is_the_same_node_as_on_this_machine(network: Path) -> None:
    ports = Ports(http=8545, ws=8546, engine=8551, peers=30303)
    node = GethNode("a", Path("geth"), folder=network, data=network, ports=ports, identity=dev_accounts()[0])
    here = options([str(word) for word in node._command()])
    there = options(launch("geth", network, ()))
    assert {flag: (here[flag], there[flag]) for flag in here.keys() & there if here[flag] != there[flag]} == {}
    assert here.keys() - there.keys() == {"--nodekeyhex", "--verbosity"}
    asked = {"--one=1", "--two"}
    assert there.keys() - here.keys() - asked == {"--port", "--http.vhosts", "--authrpc.vhosts"}


def test_erigon_reads_genesis_once(network: Path) -> None:
    assert launch("erigon", network, ())[0] == "init"
    (network / "data" / "chaindata").mkdir()
    assert launch("erigon", network, ())[0] != "init"
