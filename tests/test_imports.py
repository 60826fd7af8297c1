"""Who may import whom, and how long a file may be: what `docs/design.md` says, held by the source itself."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
GENERATED = "kurtosis_sdk/src/kurtosis_sdk/_wire"

PURE_LIBRARY = frozenset(
    """
    __future__ abc base64 bisect collections collections.abc contextlib dataclasses difflib enum functools hashlib heapq
    html itertools json math msgspec operator orjson random re statistics string textwrap tomllib types typing zlib
    urllib.parse
    """.split()  # noqa: SIM905 - thirty lines of one word each read worse
)

# Each part of the suite and what it may import of the suite; itself always. The first match counts.
LAYERS: dict[str, tuple[str, ...]] = {
    "e2e.amounts": (),
    "e2e.wait": (),
    "e2e.direct": (),
    "e2e.promises": (),
    "e2e.ledger": (),
    "e2e.checkers": ("e2e.ledger",),
    "e2e.report": ("e2e.checkers", "e2e.ledger"),
    "e2e.judge": ("e2e.checkers", "e2e.ledger", "e2e.report"),
    "e2e.beacon": (),
    "e2e.gateway": ("e2e.direct", "e2e.testbed", "e2e.wait"),
    "e2e.testbed": ("e2e.amounts", "e2e.beacon", "e2e.direct", "e2e.wait"),
    "e2e.clients": ("e2e.direct", "e2e.gateway.client", "e2e.ledger", "e2e.testbed.protocol"),
    "e2e.traffic": ("e2e.clients", "e2e.ledger"),
    "e2e.load": ("e2e.clients", "e2e.ledger", "e2e.testbed.process", "e2e.traffic", "e2e.wait"),
    "e2e.nemesis": ("e2e.direct", "e2e.gateway", "e2e.ledger", "e2e.testbed.protocol", "e2e.wait"),
    "e2e.sut": ("e2e.clients", "e2e.direct", "e2e.testbed", "e2e.wait"),
    "e2e.soak": ("e2e",),
    "e2e.score.command": ("e2e",),
    "e2e.score": ("e2e.checkers", "e2e.promises", "e2e.report"),
    "e2e.steps": ("e2e",),
}


def files(*folders: str, suffix: str = ".py") -> list[str]:
    found = (path.relative_to(ROOT).as_posix() for folder in folders for path in (ROOT / folder).rglob(f"*{suffix}"))
    return sorted(name for name in found if not name.startswith(GENERATED))


SOURCE = files("proxy", "e2e", "kurtosis_sdk/src", "simulation", "bench", "mutants", "ci", "monitoring")


@cache
def tree(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"), file)


def module(file: str) -> str:
    return file.removeprefix("kurtosis_sdk/src/").removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def imports(file: str, *, running: bool = False) -> Iterator[str]:
    """The modules (or names in them) that a file imports; with `running`, without those for type checkers only."""
    nodes: list[ast.AST] = [tree(file)]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not (running and isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            nodes.extend(ast.iter_child_nodes(node))


def within(name: str, packages: tuple[str, ...]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def is_pure(file: str) -> bool:
    name = module(file)
    if within(name, ("e2e.ledger.store", "e2e.ledger.recorder", "proxy.__main__", "proxy.shell")):
        return False
    return within(name, ("proxy", "e2e.ledger", "e2e.checkers"))


def test_the_three_products_stand_alone() -> None:
    strays = []
    for file in files("proxy", "e2e", "kurtosis_sdk/src"):
        own = {module(file).partition(".")[0]}
        own |= {"kurtosis_sdk"} if within(module(file), ("e2e.testbed.kurtosis",)) else set()
        used = {name.partition(".")[0] for name in imports(file)} & {"proxy", "e2e", "kurtosis_sdk", "tests"}
        strays += [(file, name) for name in used - own]
    assert strays == []


def test_pure_modules_do_no_io() -> None:
    pure = [file for file in SOURCE if is_pure(file)]
    known = PURE_LIBRARY | {module(file) for file in pure}
    strays = []
    for file in pure:
        for name in imports(file):
            origin, _, what = name.rpartition(".")
            # Chance comes in as an argument: the class is a type there, the module's own functions are hidden state.
            if not {name, origin} & known or (origin == "random" and what != "Random"):
                strays.append((file, name))
    assert strays == []


def test_the_suite_is_layered() -> None:
    strays = []
    for file in files("e2e"):
        layer = next((layer for layer in LAYERS if within(module(file), (layer,))), None)
        if layer is not None:
            allowed = (layer, *LAYERS[layer])
            strays += [(file, name) for name in imports(file) if within(name, ("e2e",)) and not within(name, allowed)]
    assert strays == []


def test_features_import_steps_only() -> None:
    strays = [(file, name) for file in files("features") for name in imports(file)]
    assert [stray for stray in strays if not within(stray[1], ("e2e.steps", "__future__", "typing"))] == []


def test_nothing_imports_in_a_circle() -> None:
    modules = {module(file): file for file in files("proxy", "e2e")}
    graph = {
        name: {each if each in modules else each.rpartition(".")[0] for each in imports(file, running=True)}
        & (modules.keys() - {name})
        for name, file in modules.items()
    }
    TopologicalSorter(graph).prepare()  # CycleError names the circle


def limit(file: str) -> int:
    if file.endswith(".feature"):
        return 120
    if file.endswith("environment.py"):
        return 100
    return 150 if file.startswith("e2e/steps/") else 400


def test_files_stay_small() -> None:
    every = [*SOURCE, *files("tests", "features"), *files("features", suffix=".feature")]
    lengths = {file: len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in every}
    assert {file: length for file, length in lengths.items() if length > limit(file)} == {}


def test_functions_stay_small() -> None:
    lengths = {
        f"{file}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for file in SOURCE
        for node in ast.walk(tree(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > 40} == {}
