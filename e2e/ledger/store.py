"""A folder for each run: what happened as JSON lines, what the run was, and the logs of every process.

    runs/20260131T120000Z-regular-requests-after-reconnection/
        history.jsonl   one entry a line, written as it happens
        meta.json       see `meta.Meta`
        logs/           whatever the processes of the run said
    runs/latest         a link to the newest folder

A history can be read after a crash of the harness: what was flushed is there, and a half-written last line is ignored.
"""

from __future__ import annotations

import json
import re
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from e2e.ledger.codec import from_line, to_line
from e2e.ledger.history import History
from e2e.ledger.meta import Meta

if TYPE_CHECKING:
    from e2e.ledger.entries import Entry

HISTORY = "history.jsonl"
META = "meta.json"
LATEST = "latest"
FLUSH_EVERY = 1.0  # seconds: what a crash of the harness may cost


class RunError(Exception):
    """There is no readable run where one was expected; the message says what was looked for."""


class Store:
    """The folder of one run, being written. Not thread-safe: `Recorder` holds the lock."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        self._file = (folder / HISTORY).open("w", encoding="ascii", buffering=1 << 16)
        self._flushed = time.monotonic()

    @classmethod
    def create(cls, root: Path, scenario: str) -> Store:
        """Make the folder of a new run under `root` and point `root/latest` at it."""
        slug = re.sub(r"[^a-z0-9]+", "-", scenario.lower()).strip("-")[:60] or "run"
        folder = fresh_folder(root, slug)
        store = cls(folder)
        _point(root / LATEST, folder)
        return store

    def append(self, entry: Entry) -> None:
        self._file.write(to_line(entry) + "\n")
        if (now := time.monotonic()) - self._flushed >= FLUSH_EVERY:
            self._file.flush()
            self._flushed = now

    def write_meta(self, meta: Meta) -> None:
        """May be called again when more is known (versions, say)."""
        text = json.dumps(meta.to_json(), indent=2) + "\n"
        (self.folder / META).write_text(text, encoding="utf-8")

    def close(self) -> None:
        """Flush and close; may be called twice."""
        self._file.close()


def fresh_folder(root: Path, name: str) -> Path:
    """Make a folder under `root` that bears the time and `name`, and that nobody else has, whoever runs beside us."""
    stamped = f"{datetime.now(UTC).strftime('%Y%m%dT%H%M%SZ')}-{name}"
    for twin in count(1):
        folder = root / (stamped if twin == 1 else f"{stamped}-{twin}")
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            continue
        return folder
    raise AssertionError("not reached: there is always a next number")


def _point(link: Path, folder: Path) -> None:
    """Replace `link` in one step, so that a reader never finds it missing."""
    fresh = link.with_name(f".{LATEST}-{folder.name}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.replace(link)


def find(run: str | Path, root: Path = Path("runs")) -> Path:
    """The folder of a run given as a path or as a name under `root` ('latest', say). Raises RunError."""
    for folder in (Path(run), root / run):
        if (folder / HISTORY).is_file():
            return folder.resolve()
    raise RunError(f"no run at {run} nor {root / run}: neither holds a {HISTORY}")


def load(folder: Path) -> History:
    """The history of a saved run. Raises RunError."""
    try:
        meta = Meta.from_json(json.loads((folder / META).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise RunError(f"{folder / META} cannot be read: {error}") from error
    return History(_entries(folder / HISTORY), meta)


def _entries(path: Path) -> list[Entry]:
    # A JSON text of ours has no newline in it, so a line is an entry whatever its strings hold.
    lines = path.read_text(encoding="ascii").split("\n")
    entries = []
    for number, line in enumerate(lines, start=1):
        if not line:
            continue
        try:
            entries.append(from_line(line))
        except ValueError as error:
            if number == len(lines):  # no newline after it: the harness died in the middle of it
                break
            raise RunError(f"{path}:{number}: {error}") from error
    return entries
