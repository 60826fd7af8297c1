"""Files up and down."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from kurtosis_sdk import EngineError, FilesArtifact, FilesArtifactNotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_files_go_up_and_come_down(enclave: Any, tmp_path: Path, unique: Callable[[str], str]) -> None:
    folder = tmp_path / "up"
    (folder / "deep").mkdir(parents=True)
    (folder / "top.txt").write_text("top\n")
    (folder / "deep" / "low.bin").write_bytes(bytes(range(256)) * 40_000)  # several chunks, compressed or not
    name = unique("files")
    artifact = enclave.upload_files(folder, name)
    assert artifact.name == name
    assert artifact in enclave.get_all_files_artifact_names_and_uuids()
    described = {file.path.rstrip("/"): file for file in enclave.inspect_files_artifact(name)}
    assert described["top.txt"].size == 4
    assert described["top.txt"].text_preview == "top\n"
    saved = enclave.save_files_artifact(artifact.uuid, tmp_path / "down")
    assert [str(path.relative_to(tmp_path / "down")) for path in saved] == ["deep/low.bin", "top.txt"]
    assert (tmp_path / "down" / "deep" / "low.bin").read_bytes() == (folder / "deep" / "low.bin").read_bytes()
    assert enclave.download_files_artifact(name)[:2] == b"\x1f\x8b"


def test_files_of_many_chunks_arrive_whole(enclave: Any, tmp_path: Path) -> None:
    noise = tmp_path / "noise"
    noise.write_bytes(os.urandom(8_000_000))  # does not compress: 8 MB
    artifact = enclave.upload_files(noise)
    assert artifact.name
    (saved,) = enclave.save_files_artifact(artifact.name, tmp_path / "back")
    assert saved.name == "noise"
    assert saved.read_bytes() == noise.read_bytes()


def test_a_files_name_is_taken_once(enclave: Any, tmp_path: Path, unique: Callable[[str], str]) -> None:
    (tmp_path / "a").write_text("a")
    name = unique("once")
    assert isinstance(enclave.upload_files(tmp_path / "a", name), FilesArtifact)
    with pytest.raises(EngineError):
        enclave.upload_files(tmp_path / "a", name)


def test_files_that_are_not_there_are_not_found(enclave: Any) -> None:
    with pytest.raises(FilesArtifactNotFoundError, match="no-such-files"):
        enclave.download_files_artifact("no-such-files")
    with pytest.raises(FilesArtifactNotFoundError, match="no-such-files"):
        enclave.inspect_files_artifact("no-such-files")


def test_a_service_sees_the_files_it_is_given(
    world: Any, enclave: Any, tmp_path: Path, unique: Callable[[str], str], add_service: Callable[..., Any]
) -> None:
    (tmp_path / "note").write_text("from outside")
    artifact = enclave.upload_files(tmp_path / "note", unique("note"))
    name = unique("reader")
    add_service(name, files={"/data": artifact.name})
    assert enclave.get_service_context(name).exec_command(["cat", "/data/note"]) == (0, "from outside")
