"""Archives: what goes in, what is left out, what comes out again."""

from __future__ import annotations

import io
import os
import tarfile
from typing import TYPE_CHECKING

import pytest

from kurtosis_sdk import InvalidArgumentError
from kurtosis_sdk.archive import pack, unpack

if TYPE_CHECKING:
    from pathlib import Path


def names(path: Path) -> list[str]:
    with pack(path) as archive, tarfile.open(fileobj=archive, mode="r:gz") as tar:
        return tar.getnames()


def make(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(file)
    return root


def test_a_folder_gives_its_contents_and_a_file_its_name(tmp_path: Path) -> None:
    make(tmp_path, "a", "b/c")
    assert names(tmp_path) == ["a", "b", "b/c"]
    assert names(tmp_path / "b" / "c") == ["c"]


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = make(tmp_path / "one", "x", "y/z"), make(tmp_path / "two", "y/z", "x")
    os.utime(first / "x", (1, 1))
    with pack(first) as one, pack(second) as two:
        assert one.read() == two.read()


def test_what_is_ignored_stays_out(tmp_path: Path) -> None:
    make(tmp_path, ".git/config", "keep/.git/HEAD", "a.tmp", "deep/b.tmp", "static/big/x", "other/static/big/y", "log")
    make(tmp_path, "cache/x", "notes/cache")
    (tmp_path / ".kurtosisignore").write_text("# comment\n\n.git\n*.tmp\nstatic/big\n[^a-k]og\ncache/\n")
    kept = [name for name in names(tmp_path) if not (tmp_path / name).is_dir()]
    assert kept == [".kurtosisignore", "notes/cache", "other/static/big/y"]


def test_links_are_followed(tmp_path: Path) -> None:
    make(tmp_path, "real/file")
    folder = make(tmp_path / "linked", "own")
    (folder / "file").symlink_to(tmp_path / "real" / "file")
    (folder / "folder").symlink_to(tmp_path / "real")
    with pack(folder) as archive:
        saved = unpack(archive.read(), tmp_path / "out")
    assert [str(path.relative_to(tmp_path / "out")) for path in saved] == ["file", "folder/file", "own"]
    assert (tmp_path / "out" / "file").read_text() == "real/file"


def test_what_cannot_be_packed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="no such file"):
        pack(tmp_path / "nothing")
    dangling, circle, pipe = tmp_path / "dangling", tmp_path / "circle", tmp_path / "pipe"
    for folder in (dangling, circle, pipe):
        folder.mkdir()
    (dangling / "link").symlink_to(tmp_path / "nothing")
    with pytest.raises(InvalidArgumentError, match="link to nothing"):
        pack(dangling)
    (circle / "link").symlink_to(circle)
    with pytest.raises(InvalidArgumentError, match="a folder that it is in"):
        pack(circle)
    os.mkfifo(pipe / "fifo")
    with pytest.raises(InvalidArgumentError, match="neither a file nor a folder"):
        pack(pipe)
    with pytest.raises(InvalidArgumentError, match="Kurtosis takes less than 10"):
        pack(make(tmp_path / "big", "file"), max_size=10)


def test_what_would_land_outside_is_refused(tmp_path: Path) -> None:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        tar.addfile(tarfile.TarInfo("../outside"))
    with pytest.raises(InvalidArgumentError, match="outside"):
        unpack(content.getvalue(), tmp_path / "folder")
    assert not (tmp_path / "outside").exists()
    with pytest.raises(InvalidArgumentError, match="Not a gzipped tar"):
        unpack(b"no archive", tmp_path / "folder")
