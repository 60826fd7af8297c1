"""Interpret a script: a subset of Starlark, which is nearly a subset of Python, so Python's own compiler runs it.

A script is checked node by node first: what Starlark does not have is refused with its position.
"""

from __future__ import annotations

import ast
import json
import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kurtosis_sdk.testing.values import (
    Directory,
    ExecRecipe,
    PortSpec,
    ScriptError,
    StoreSpec,
    Struct,
    User,
    service_config,
    to_json,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import CodeType

_ALLOWED = (
    ast.Module, ast.FunctionDef, ast.Lambda, ast.arguments, ast.arg, ast.keyword, ast.Return, ast.Assign, ast.AugAssign,
    ast.For, ast.If, ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.Call, ast.Name, ast.Attribute, ast.Constant,
    ast.List, ast.Tuple, ast.Dict, ast.ListComp, ast.DictComp, ast.comprehension, ast.BinOp, ast.UnaryOp, ast.BoolOp,
    ast.Compare, ast.IfExp, ast.Subscript, ast.Slice, ast.Starred, ast.expr_context, ast.operator, ast.unaryop,
    ast.boolop, ast.cmpop,
)  # fmt: skip
_REFUSED = (ast.Is, ast.IsNot, ast.Pow, ast.MatMult)


class InterpretationFailed(Exception):  # noqa: N818 - an outcome of a run that goes to the client
    """The script cannot be interpreted; the text is as the API container's, frames included."""


@dataclass(frozen=True)
class Place:
    """A position in a script, counted from 1."""

    filename: str
    line: int
    column: int


class Interpreter:
    """Runs the modules of one package, or one script. `read` gives a file's text by its locator."""

    def __init__(self, script_id: str, read: Callable[[str], str]) -> None:
        self._script_id = script_id
        self._read = read
        self._calls: dict[tuple[str, int, int, int, int], int] = {}
        self._filenames: set[str] = set()

    def run(self, source: str, filename: str, function: str, plan: Any, params: Mapping[str, Any]) -> Any:
        """The return value of the main function. Raises `InterpretationFailed`."""
        names = self._load(source, filename)
        main = names.get(function)
        if not callable(main):
            raise InterpretationFailed(f"No '{function}' function found in the script")
        parameters = main.__code__.co_varnames[: main.__code__.co_argcount]
        if function == "run" and parameters and parameters[0] != "plan":
            raise InterpretationFailed(f"the first argument of run must be 'plan', not '{parameters[0]}'")
        positional = [plan] if parameters[:1] == ("plan",) else []
        if function == "run" and parameters == ("plan", "args"):
            return self._guarded(lambda: main(plan, dict(params)))
        return self._guarded(lambda: main(*positional, **params))

    def place(self, code: CodeType, instruction: int) -> Place:
        """Where in a script a frame stands: at the opening bracket of its call, as Starlark counts."""
        line, end_line, column, end_column = list(code.co_positions())[instruction // 2]
        key = (code.co_filename, line or 0, end_line or 0, column or 0, end_column or 0)
        return Place(code.co_filename, line or 0, self._calls.get(key, (column or 0) + 1))

    def _load(self, source: str, filename: str) -> dict[str, Any]:
        tree = self._parse(source, filename)
        names = self._builtins(filename)
        self._filenames.add(filename)
        code = compile(tree, filename, "exec")
        self._guarded(lambda: exec(code, names))  # noqa: S102 - a test's own script, its nodes and names checked
        return names

    def _parse(self, source: str, filename: str) -> ast.Module:
        try:
            tree = ast.parse(source, filename)
        except SyntaxError as problem:
            place = Place(filename, problem.lineno or 0, problem.offset or 0)
            raise InterpretationFailed(self._frames("", [(place, problem.msg)])) from problem
        for node in ast.walk(tree):
            hidden = isinstance(node, ast.Attribute) and node.attr.startswith("_")
            if hidden or isinstance(node, _REFUSED) or not isinstance(node, _ALLOWED):
                place = Place(filename, getattr(node, "lineno", 0), getattr(node, "col_offset", -1) + 1)
                raise InterpretationFailed(self._frames("", [(place, f"not in Starlark: {type(node).__name__}")]))
            if isinstance(node, ast.Call):
                key = (filename, node.lineno, node.end_lineno or 0, node.col_offset, node.end_col_offset or 0)
                self._calls[key] = (node.func.end_col_offset or 0) + 1
        return tree

    def _guarded(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except InterpretationFailed:
            raise
        except NameError as problem:
            places = self._places(problem)
            raise InterpretationFailed(self._frames("", [(places[-1][0], f"undefined: {problem.name}")])) from problem
        except Exception as problem:
            raise InterpretationFailed(self._frames(f"Evaluation error: {problem}", self._places(problem))) from problem

    def _places(self, problem: BaseException) -> list[tuple[Place, str]]:
        places = []
        step = problem.__traceback__
        while step is not None:
            code = step.tb_frame.f_code
            if code.co_filename in self._filenames:
                name = "<toplevel>" if code.co_name == "<module>" else code.co_name
                places.append((self.place(code, step.tb_lasti), name))
            step = step.tb_next
        return places

    def _frames(self, message: str, places: list[tuple[Place, str]]) -> str:
        lines = [message or "Errors in the Starlark script"]
        for place, name in places:
            file = "" if place.filename == self._script_id else f"{place.filename}:"
            lines.append(f"\tat [{file}{place.line}:{place.column}]: {name}")
        return "\n".join(lines)

    def _import_module(self, module_file: str) -> Struct:
        source = self._read(module_file)
        names = self._load(source, module_file)
        public = {name: value for name, value in names.items() if not name.startswith("_")}
        return Struct(**public)

    def _builtins(self, filename: str) -> dict[str, Any]:
        same = (
            len, range, str, int, float, bool, list, dict, tuple, sorted, reversed, enumerate, zip, min, max, any, all,
            repr, abs, hasattr, getattr,
        )  # fmt: skip
        return {
            "__builtins__": {function.__name__: function for function in same},
            "type": lambda value: {"str": "string", "NoneType": "NoneType"}.get(
                type(value).__name__, type(value).__name__
            ),
            "print": _print,
            "fail": _fail,
            "struct": Struct,
            "json": Struct(encode=to_json, decode=json.loads),
            "import_module": lambda module_file: self._import_module(_absolute(module_file, filename)),
            "read_file": lambda src: self._read(_absolute(src, filename)),
            "ServiceConfig": service_config,
            "PortSpec": PortSpec,
            "Directory": Directory,
            "ExecRecipe": ExecRecipe,
            "StoreSpec": StoreSpec,
            "User": User,
        }


def _absolute(locator: str, importer: str) -> str:
    """A locator that begins with a dot is meant from the folder of the file in which it stands."""
    if locator.startswith(".") and "/" in importer:
        return posixpath.normpath(posixpath.join(posixpath.dirname(importer), locator))
    return locator


def _fail(*values: Any) -> None:
    raise ScriptError(f"fail: {' '.join(map(str, values))}")


def _print(*_: Any) -> None:
    raise ScriptError("print is not available here: use plan.print")
