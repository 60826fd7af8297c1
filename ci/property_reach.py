"""Does every public function of the pure modules have a property test? `make property-reach` asks coverage.py.

Only tests with drawn inputs (Hypothesis) are run, and each public function and method has to have been entered by one
of them. Reads the report of `coverage json`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any, Final

IMPURE: Final = ("proxy/shell/", "proxy/__main__.py", "e2e/ledger/store.py", "e2e/ledger/recorder.py")


def public(name: str) -> bool:
    """Whether a function, with its classes before it, is for others: no part of its name is underscored."""
    return bool(name) and not any(part.startswith("_") for part in name.split("."))


def functions(report: dict[str, Any]) -> dict[str, bool]:
    """Each public function of the pure modules, as file:name → whether a line of it was run."""
    return {
        f"{file}:{name}": bool(each["executed_lines"])
        for file, measured in sorted(report["files"].items())
        if not file.startswith(IMPURE)
        for name, each in measured["functions"].items()
        if public(name)
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ci.property_reach", description=__doc__)
    parser.add_argument("report", type=Path, help="what `coverage json` wrote")
    given = parser.parse_args()
    found = functions(json.loads(given.report.read_text(encoding="utf-8")))
    missed = [name for name, reached in found.items() if not reached]
    for name in missed:
        sys.stdout.write(f"no property test enters {name}\n")
    sys.stdout.write(f"{len(found) - len(missed)} of {len(found)} public functions have property tests\n")
    return 1 if missed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
