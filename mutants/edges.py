"""Edge case coverage: the share of failure modes with a scenario that a mutant has failed.

The modes are those of docs/promises.md, the scenarios say with `@mode.ID` and `@issue.N` which they close, and which of
them a mutant has failed stands in the track record. A scenario that nothing has failed covers nothing.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from e2e.steps import guest
from mutants.track import ALIVE

if TYPE_CHECKING:
    from collections.abc import Mapping

PROMISES: Final = Path("docs/promises.md")
TRACK_RECORD: Final = Path("docs/track-record.md")
ENOUGH: Final = 0.8

_MODES: Final = re.compile(r"^\| ((?:issue |[A-Z])\d+(?:, [A-Z]\d+)*) \|", re.MULTILINE)
_ROW: Final = re.compile(
    r"^\| [^|]* \| [^|]* \| (?P<scenarios>[^|]*) \| .* \| `make gate MUTANTS=[\w-]+` \|$", re.MULTILINE
)


def modes(document: str) -> list[str]:
    """The failure modes that docs/promises.md lists, as tags: issue.1, mode.L9."""
    found = [mode for row in _MODES.findall(document) for mode in row.split(", ")]
    return [mode.replace("issue ", "issue.") if mode.startswith("issue") else f"mode.{mode}" for mode in found]


def failed(track_record: str) -> set[str]:
    """The scenarios that a mutant has failed, as the track record calls them."""
    listed = {name for row in _ROW.finditer(track_record) for name in row["scenarios"].split("<br>")}
    return listed - {ALIVE}


def covered(
    tags: Mapping[str, frozenset[str]], outlines: Mapping[str, str], fell: set[str], wanted: list[str]
) -> dict[str, list[str]]:
    """Each wanted mode → its scenarios that fell. Of an outline one row speaks for all."""
    written = {outlines[name] for name in fell if name in outlines}
    proven = {name: own for name, own in tags.items() if outlines[name] in written}
    return {mode: sorted({outlines[name] for name, own in proven.items() if mode in own}) for mode in wanted}


def main() -> int:
    """Print the modes with what covers them; 0 if they are enough."""
    wanted = modes(PROMISES.read_text(encoding="utf-8"))
    fell = failed(TRACK_RECORD.read_text(encoding="utf-8"))
    found = covered(guest.scenarios(), guest.outlines(), fell, wanted)
    for mode, scenarios in found.items():
        print(f"{mode:9} {'; '.join(scenarios) or 'NOTHING'}")
    count = sum(bool(scenarios) for scenarios in found.values())
    share = count / len(wanted)
    print(f"edge case coverage: {count} of {len(wanted)} failure modes, {share:.0%}")
    return 0 if share > ENOUGH else 1
