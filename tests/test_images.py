"""What the images are made of: nothing that requirements.lock has not, and everything that runs in them."""

from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ENTRIES = {
    "requirements-proxy.lock": ["proxy/__main__.py"],
    "requirements-network.lock": [
        "e2e/beacon/__main__.py", "e2e/gateway/__main__.py", "e2e/testbed/network_files.py",
    ],
}  # fmt: skip


def pins(lock: str) -> dict[str, str]:
    """Normalised name → its lines, with version and hashes."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    found = re.findall(r"^([a-z0-9.-]+)(==.*?)(?=^[a-z]|^    # via|\Z)", text, re.DOTALL | re.MULTILINE)
    return {name: pin.strip() for name, pin in found}


def imported(file: Path) -> set[str]:
    """The modules that a file names in imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def source(module: str) -> list[Path]:
    """The files of ours that an import of a module runs."""
    parts = module.split(".")
    found = [ROOT.joinpath(*parts[: depth + 1], "__init__.py") for depth in range(len(parts))]
    return [path for path in (*found, ROOT.joinpath(*parts).with_suffix(".py")) if path.is_file()]


def needs(entries: list[str]) -> set[str]:
    """The distributions that these files import, they and what they import of ours."""
    seen: set[Path] = set()
    foreign: set[str] = set()
    waiting = [ROOT / entry for entry in entries]
    while waiting:
        file = waiting.pop()
        if file not in seen:
            seen.add(file)
            for module in imported(file):
                waiting += source(module)
                foreign.add(module.partition(".")[0])
    distributions = packages_distributions()
    known = foreign - sys.stdlib_module_names - {"proxy", "e2e"}
    return {re.sub(r"[-_.]+", "-", distributions[name][0]).lower() for name in known}


@pytest.mark.parametrize("lock", ENTRIES)
def test_an_image_has_what_the_whole_lock_has_and_no_other_version_of_it(lock: str) -> None:
    whole, part = pins("requirements.lock"), pins(lock)
    assert part
    assert {name: pin for name, pin in part.items() if whole.get(name) != pin} == {}


@pytest.mark.parametrize("lock", ENTRIES)
def test_an_image_has_all_that_its_process_imports(lock: str) -> None:
    needed = needs(ENTRIES[lock])
    assert {"orjson", "uvloop"} <= needed
    assert needed <= pins(lock).keys()


def test_the_proxys_image_has_nothing_of_the_suite() -> None:
    assert not {"aiohttp", "behave", "eth-account", "pytest"} & pins("requirements-proxy.lock").keys()
