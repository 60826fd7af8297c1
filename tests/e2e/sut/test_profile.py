from __future__ import annotations

import tomllib
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from e2e.soak.ground import Choice
from e2e.steps import options
from e2e.steps.theatre import Theatre
from e2e.sut.profile import Address, NodeList, Profile, ProfileError, Upstream
from e2e.sut.profile_file import PROFILES, chosen_profile, load
from e2e.testbed.protocol import NodeUrls

if TYPE_CHECKING:
    from pathlib import Path

NODES = (
    Upstream("el-1-primary", primary=True, urls=NodeUrls("http://127.0.0.1:1", "ws://127.0.0.1:2")),
    Upstream("el-3-backup", primary=False, urls=NodeUrls("http://127.0.0.1:3", "ws://127.0.0.1:4")),
)
CONSENSUS = {"cl-1": "http://127.0.0.1:5"}
ADDRESS = Address("127.0.0.1", 8080, "/runs/x")
SHIPPED = sorted(file.stem for file in PROFILES.glob("*.toml"))
OURS = (PROFILES / "vixy-py.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_tells_the_proxy_of_every_node(name: str) -> None:
    profile = load(name)
    words = profile.words({"python": "python", "config": "config", **ADDRESS.values()}, NODES, CONSENSUS)
    text = profile.render(NODES, CONSENSUS, ADDRESS) + " ".join(words)
    for url in ("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4"):
        assert url in text
    assert ("127.0.0.1:5" in text) == ("consensus" in profile.paths)
    assert "8080" in text


def test_our_profile_renders_to_a_config_with_each_node_in_its_tier() -> None:
    config = tomllib.loads(load("vixy-py").render(NODES, CONSENSUS, ADDRESS))
    assert [node["name"] for node in config["el"]["primary"]] == ["el-1-primary"]
    assert [node["name"] for node in config["el"]["backup"]] == ["el-3-backup"]
    assert config["cl"] == [{"name": "cl-1", "url": "http://127.0.0.1:5"}]


def test_patience_covers_the_time_out_of_a_request() -> None:
    ours = load("vixy-py")
    config = tomllib.loads(ours.render(NODES, {}, ADDRESS))
    assert ours.patience * 1000 >= config["global"]["proxy_timeout_ms"]


def test_lists_are_placeholders_of_the_config_and_of_the_command() -> None:
    urls = NodeList(primary="$name=$http_url", backup="$name=$ws_address", separator=",")
    profile = Profile("x", "x --nodes {urls} --at {listen}", {}, "x", "$listen $urls", {"urls": urls})
    listed = "el-1-primary=http://127.0.0.1:1,el-3-backup=127.0.0.1:4"
    assert profile.render(NODES, CONSENSUS, ADDRESS) == f"127.0.0.1:8080 {listed}"
    assert profile.words(ADDRESS.values(), NODES, CONSENSUS) == ("x", "--nodes", listed, "--at", "127.0.0.1:8080")


def test_what_can_be_seen_is_what_the_profile_names() -> None:
    paths = {"http": "/", "ws": "/", "status": "/status"}
    blind = Profile("x", "x", paths, metrics={"connections": "x"}, not_claimed={"ready": "it does not know"})
    assert blind.lacks(["status"]) is None
    assert blind.lacks(["ready", "carriers"]) == "carriers: the profile x has none; ready: it does not know"
    assert blind.lacks(["connections"]) is not None, "without a page of metrics nothing is measured"
    assert load("vixy-py").lacks(["carriers", "status", "connections", "setting.max_body_size"]) is None
    assert load("nginx").lacks(["carriers"]) is None, "the gateway counts its links"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"profiles here: .*nginx.*vixy-py"):
        load("vixi")


def refusal(folder: Path, text: str) -> str:
    file = folder / "x.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load(str(file))
    message = str(caught.value)
    assert message.startswith(f"{file}: ")
    return message.removeprefix(f"{file}: ")


COMPLAINTS = {
    'name = "vixy-py"': ("", 'name: this key is missing; for example name = "vixy-py"'),
    "patience": (
        'carriers = "link"\npatience',
        "carriers: invalid enum value 'link'; for example carriers = \"links\"",
    ),
    "[paths]": ("[path]", "path: there is no such key, did you mean paths? There are name, command, paths, "),
    'ws = "/el/ws"': ("", 'paths.ws: this key is missing; for example ws = "/el/ws"'),
    'http = "/el"': ("http = 8", 'paths.http: expected `str`, got `int`; for example http = "/el"'),
    "patience = 10.0": ('patience = "10 s"', "patience: expected `float`, got `str`; for example patience = 10.0"),
    'file = "vixy.toml"': ("", 'config.file: this key is missing; for example file = "vixy.toml"'),
    'text = """': ('name = """', "config.name: there is no such key There are file, text, settings, lists"),
    'backup = """': ('backups = """', "config.lists.nodes.backups: there is no such key, did you mean backup?"),
    "rss = ": ("memory = ", "metrics.memory: there is no such key There are upstream_connected, "),
    "$nodes": ("$noodles", "the config of vixy-py has a placeholder that nobody fills: 'noodles'; there are $listen, "),
    "$http_url": ("$url", "the list nodes of vixy-py has a placeholder that nobody fills: 'url'; there are $name, "),
    "--config {config}": ("{conf}", "the command of vixy-py cannot be used: '{python} -m proxy {conf} --listen"),
}


@pytest.mark.parametrize("right", COMPLAINTS)
def test_a_complaint_names_the_file_the_key_what_is_wrong_and_an_example(tmp_path: Path, right: str) -> None:
    wrong, message = COMPLAINTS[right]
    lines = "\n".join(line for line in OURS.splitlines() if not line.startswith("#"))
    assert right in lines
    assert refusal(tmp_path, lines.replace(right, wrong, 1)).startswith(message)


OUT_OF_BOUNDS = [
    ("patience = 10.0", "patience = nan", "patience: expected `float` > 0"),
    ("patience = 10.0", "patience = inf", "patience: expected `float` <= "),
    ("patience = 10.0", "patience = -1.0", "patience: expected `float` > 0"),
    ('http = "/el"', 'http = "el"', "paths.http: expected `str` matching regex '^/'; for example http = \"/el\""),
    ('ws = "/el/ws"', 'ws = "ws://127.0.0.1/el"', "paths.ws: expected `str` matching regex '^/'; for example ws = "),
    ('status = "/status"', 'status = "status"', "paths.status: expected `str` matching regex"),
    ('file = "vixy.toml"', 'file = "/etc/vixy.toml"', "config.file: expected `str` matching regex"),
    ('file = "vixy.toml"', 'file = "conf/vixy.toml"', "config.file: expected `str` matching regex"),
    ('file = "vixy.toml"', 'file = ".."', "config.file: expected `str` matching regex"),
    ("\nversion = ", '\nversion = "x --config {config}"\n#', "version: cannot be used: 'x --config {config}'"),
    ("\nversion = ", '\nversion = "x {python"\n#', "version: cannot be used: 'x {python'"),
    ("-m proxy --config", "-m proxy {listen.port} --config", "the command of vixy-py cannot be used: "),
]


@pytest.mark.parametrize(("right", "wrong", "message"), OUT_OF_BOUNDS)
def test_what_could_only_fail_later_is_refused_at_once(tmp_path: Path, right: str, wrong: str, message: str) -> None:
    assert right in OURS
    assert refusal(tmp_path, OURS.replace(right, wrong, 1)).startswith(message)


ON_THE_COMMAND_LINE = """
name = "x"
command = "x --listen {listen} --nodes {urls}"

[paths]
http = "/"
ws = "/ws"

[config.lists.urls]
primary = "$http_url"
backup = "$http_url"
separator = ","
"""


def test_a_proxy_that_takes_its_urls_on_the_command_line_needs_no_config_file(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(ON_THE_COMMAND_LINE, encoding="utf-8")
    profile = load(str(tmp_path / "x.toml"))
    urls = "http://127.0.0.1:1,http://127.0.0.1:3"
    assert profile.words(ADDRESS.values(), NODES, {}) == ("x", "--listen", "127.0.0.1:8080", "--nodes", urls)
    assert profile.config_file == ""
    assert profile.render(NODES, {}, ADDRESS) == ""


@pytest.mark.parametrize(
    ("there", "missing"), [('file = "x"', "text"), ('text = "x"', "file"), ("settings = { a = 1 }", "file")]
)
def test_what_belongs_to_a_config_file_is_there_as_a_whole_or_not_at_all(
    tmp_path: Path, there: str, missing: str
) -> None:
    text = ON_THE_COMMAND_LINE + f"[config]\n{there}\n"
    assert refusal(tmp_path, text).startswith(f"config.{missing}: this key is missing; for example {missing} = ")


@pytest.mark.parametrize("command", ["vixy --config {confg}", 'vixy "--config {config}', "vixy {}", " "])
def test_a_command_that_cannot_be_used_is_refused_before_anything_is_started(command: str) -> None:
    with pytest.raises(ProfileError, match=r"the command of sut\.command "):
        chosen_profile("vixy-py", command)
    with pytest.raises(ProfileError, match=r"the command of sut\.command "):
        Choice(command=command).profile()
    with pytest.raises(ProfileError, match=r"the command of sut\.command "):
        Theatre.open(replace(options.read({}), command=command))


def test_a_command_takes_the_place_of_the_profiles_own() -> None:
    profile = chosen_profile("vixy-py", "vixy {config}")
    assert (profile.name, profile.command, profile.version) == ("sut.command", "vixy {config}", "")
    assert profile.paths == load("vixy-py").paths
    assert chosen_profile("vixy-py", None) == load("vixy-py")


def test_text_that_is_no_toml_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path, "name = ").startswith("not valid TOML: ")


def test_a_setting_takes_the_place_of_the_profiles_own() -> None:
    config = tomllib.loads(load("vixy-py").render(NODES, {}, ADDRESS, {"proxy_timeout_ms": "500"}))
    assert config["global"]["proxy_timeout_ms"] == 500


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(ProfileError, match="no setting proxy_timeout; it has proxy_timeout_ms"):
        load("vixy-py").render(NODES, {}, ADDRESS, {"proxy_timeout": "500"})
