from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from e2e.beacon.config import Address, ConfigError, load

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {
    "chain_id": 1337,
    "block_time": 0.5,
    "jwt_file": "jwt",
    "nodes": {"el-1-primary": "http://127.0.0.1:8551"},
    "endpoints": {"cl-1": "127.0.0.1:5052"},
    "control": "127.0.0.1:5999",
}


def written(folder: Path, content: object) -> Path:
    (folder / "jwt").write_text("ab" * 32 + "\n")
    path = folder / "beacon.json"
    path.write_text(json.dumps(content))
    return path


def test_a_good_file_is_taken(tmp_path: Path) -> None:
    config = load(written(tmp_path, GOOD))
    assert config.endpoints == {"cl-1": Address("127.0.0.1", 5052)}
    assert config.jwt_secret == bytes.fromhex("ab" * 32)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"jwt_file": "beacon.json"}, "64 hex digits"),
        ({"jwt_file": "nowhere"}, "nowhere"),
        ({"block_time": 0}, "positive block_time"),
        ({"nodes": {}}, "at least one node"),
        ({"control": "127.0.0.1"}, "invalid literal"),
        ({"blocktime": 1}, "unknown keys.*blocktime"),
        ({"nodes": 3}, "TypeError"),
    ],
)
def test_a_bad_value_is_complained_about_with_an_example(
    tmp_path: Path, change: dict[str, Any], complaint: str
) -> None:
    path = written(tmp_path, GOOD | change)
    with pytest.raises(ConfigError, match=complaint) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert "it should look like" in str(caught.value)


@pytest.mark.parametrize("text", ["abcd", "xyz", "ab" * 33, ""])
def test_a_secret_of_another_length_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, GOOD)
    (tmp_path / "jwt").write_text(text)
    with pytest.raises(ConfigError, match="64 hex digits") as caught:
        load(path)
    assert not text or text not in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    content = {key: value for key, value in GOOD.items() if key != "control"}
    with pytest.raises(ConfigError, match="control"):
        load(written(tmp_path, content))


@pytest.mark.parametrize("text", ["{", "[]", ""])
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "beacon.json"
    path.write_text(text)
    with pytest.raises(ConfigError):
        load(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.json"):
        load(tmp_path / "nowhere.json")
