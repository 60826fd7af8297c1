"""The archive format of Kurtosis: a gzipped tar with the folder's contents at its root, or one file by its name.

A `.kurtosisignore` in the folder's root leaves files out: a pattern a line, `#` for comments, a trailing slash for
folders only; a pattern with a slash is matched against the path from the root, one without against every part of it.
"""

from __future__ import annotations

import gzip
import io
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

from kurtosis_sdk.errors import InvalidArgumentError

if TYPE_CHECKING or sys.version_info >= (3, 11, 4):
    import tarfile
else:  # without the extraction filters
    from backports import tarfile

if TYPE_CHECKING:
    from collections.abc import Iterator

IGNORE_FILE = ".kurtosisignore"
MAX_SIZE = 2000 * 1024 * 1024
"""In bytes, compressed: Kurtosis takes nothing bigger."""


def pack(path: Path, *, max_size: int = MAX_SIZE) -> IO[bytes]:
    """The archive of a file or a folder, in a temporary file positioned at its start; the caller closes it.

    The same content gives the same bytes. Symbolic links are followed, because the receiver drops them. Raises
    `InvalidArgumentError` when there is nothing at `path`, a link leads nowhere or in a circle, or it grows too big.
    """
    if not path.exists():
        raise InvalidArgumentError(f"Nothing to upload at {path}: no such file or folder")
    with ExitStack() as on_failure:
        archive = on_failure.enter_context(tempfile.TemporaryFile())
        # a fixed time and an empty name in the gzip header keep the bytes the same
        with (
            gzip.GzipFile("", "wb", mtime=0, fileobj=archive) as stream,
            tarfile.open(fileobj=stream, mode="w", dereference=True, format=tarfile.GNU_FORMAT) as tar,
        ):
            for name, source in _members(path):
                _add(tar, name, source)
        size = archive.tell()
        if size >= max_size:
            raise InvalidArgumentError(f"{path} is {size} bytes compressed; Kurtosis takes less than {max_size}")
        archive.seek(0)
        on_failure.pop_all()
    return archive


def unpack(content: bytes, folder: Path) -> list[Path]:
    """Write the files of an archive below `folder` (made if needed); returns their paths, sorted.

    Raises `InvalidArgumentError` if it is no such archive, or a member would land outside the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
            tar.extractall(folder, filter="data")
            return sorted(folder / member.name for member in tar.getmembers() if member.isfile())
    except (tarfile.TarError, EOFError, OSError) as problem:
        raise InvalidArgumentError(f"Not a gzipped tar that can be written below {folder}: {problem}") from problem


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: str
    folders_only: bool

    def ignores(self, relative: PurePosixPath, *, is_folder: bool) -> bool:
        if self.folders_only and not is_folder:
            return False
        parts = relative.parts
        if "/" not in self.pattern:
            return any(fnmatchcase(part, self.pattern) for part in parts)
        wanted = self.pattern.split("/")
        return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))


def _rules(root: Path) -> list[_Rule]:
    file = root / IGNORE_FILE
    if not file.is_file():
        return []
    lines = (line.strip() for line in file.read_text().splitlines())
    # [^a] there is [!a] here
    return [
        _Rule(line.removesuffix("/").replace("[^", "[!"), folders_only=line.endswith("/"))
        for line in lines
        if line and not line.startswith("#")
    ]


def _members(path: Path) -> Iterator[tuple[str, Path]]:
    if path.is_dir():
        yield from _walk(path, PurePosixPath(), _rules(path), (path.resolve(),))
    else:
        yield path.name, path


def _walk(
    folder: Path, relative: PurePosixPath, rules: list[_Rule], above: tuple[Path, ...]
) -> Iterator[tuple[str, Path]]:
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = relative / entry.name
        if any(rule.ignores(name, is_folder=entry.is_dir()) for rule in rules):
            continue
        if not entry.exists():
            raise InvalidArgumentError(f"{entry} is a symbolic link to nothing")
        yield str(name), entry
        if entry.is_dir():
            real = entry.resolve()
            if real in above:
                raise InvalidArgumentError(f"{entry} is a symbolic link to a folder that it is in")
            yield from _walk(entry, name, rules, (*above, real))


def _add(tar: tarfile.TarFile, name: str, source: Path) -> None:
    member = tar.gettarinfo(source, name)
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    if member.isfile():
        with source.open("rb") as content:
            tar.addfile(member, content)
    elif member.isdir():
        tar.addfile(member)
    else:
        raise InvalidArgumentError(f"{source} is neither a file nor a folder")
