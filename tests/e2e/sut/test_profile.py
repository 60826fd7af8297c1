from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING

import pytest

from e2e.sut import profile
from e2e.sut.profile import PROFILES, ProfileError, Upstream
from e2e.testbed.protocol import NodeUrls

if TYPE_CHECKING:
    from pathlib import Path

NODES = (
    Upstream("el-1-primary", primary=True, urls=NodeUrls("http://127.0.0.1:1", "ws://127.0.0.1:2")),
    Upstream("el-3-backup", primary=False, urls=NodeUrls("http://127.0.0.1:3", "ws://127.0.0.1:4")),
)
SHIPPED = [file.stem for file in PROFILES.glob("*.toml")]


@pytest.mark.parametrize("name", SHIPPED)
def test_what_is_shipped_can_be_read_and_rendered(name: str) -> None:
    text = profile.load(name).render(NODES, {"cl-1": "http://127.0.0.1:5"})
    for url in ("127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:3", "127.0.0.1:4", "127.0.0.1:5"):
        assert url in text


def test_our_profile_renders_to_a_config_with_each_node_in_its_tier() -> None:
    config = tomllib.loads(profile.load("vixy-py").render(NODES, {"cl-1": "http://127.0.0.1:5"}))
    assert [node["name"] for node in config["el"]["primary"]] == ["el-1-primary"]
    assert [node["name"] for node in config["el"]["backup"]] == ["el-3-backup"]
    assert config["cl"] == [{"name": "cl-1", "url": "http://127.0.0.1:5"}]


def test_patience_covers_the_time_out_of_a_request() -> None:
    ours = profile.load("vixy-py")
    config = tomllib.loads(ours.render(NODES, {}))
    assert ours.patience * 1000 >= config["global"]["proxy_timeout_ms"]


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(ProfileError, match=r"profiles here: .*vixy-py"):
        profile.load("vixi")


def written(folder: Path, text: str) -> str:
    file = folder / "x.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_broken_toml_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"x\.toml: not valid TOML"):
        profile.load(written(tmp_path, "name = "))


@pytest.mark.parametrize("key", ["name", "command", "config", "config.text", "config.backup", "paths", "paths.ws"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    text = (PROFILES / "vixy-py.toml").read_text(encoding="utf-8")
    last = key.rpartition(".")[2]
    renamed, count = re.subn(rf"^(\[?){last}\b", rf"\1not_{last}", text, count=1, flags=re.MULTILINE)
    assert count == 1
    with pytest.raises(ProfileError, match=f"the key {key} is missing"):
        profile.load(written(tmp_path, renamed))


def test_a_placeholder_that_nobody_fills_is_named(tmp_path: Path) -> None:
    text = (PROFILES / "vixy-py.toml").read_text(encoding="utf-8").replace("$consensus", "$consenus")
    with pytest.raises(ProfileError, match="consenus"):
        profile.load(written(tmp_path, text)).render(NODES, {})


def test_a_setting_takes_the_place_of_the_profiles_own() -> None:
    ours = profile.load("vixy-py")
    config = tomllib.loads(ours.render(NODES, {}, {"proxy_timeout_ms": "500"}))
    assert config["global"]["proxy_timeout_ms"] == 500


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(profile.ProfileError, match="no setting proxy_timeout; it has proxy_timeout_ms"):
        profile.load("vixy-py").render(NODES, {}, {"proxy_timeout": "500"})
