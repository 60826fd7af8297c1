"""Ways to break a function of the proxy at start. What does not apply any more is an error, never a silent pass."""

from __future__ import annotations
import __future__

import inspect
import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class PatchError(Exception):
    """The proxy has changed: the mutant must be written anew. The message says where."""


def swap(owner: Any, name: str, replacement: Callable[..., Any]) -> Any:
    """Put `replacement` in the place of the function `name` of a class or module; the original.

    Raises PatchError if there is none of that name, or if it takes other parameters.
    """
    original = _function(owner, name)
    wanted, given = (list(inspect.signature(each).parameters.values()) for each in (original, replacement))
    shapes = [[(parameter.kind, parameter.default) for parameter in each] for each in (wanted, given)]
    if shapes[0] != shapes[1]:
        raise PatchError(f"{_path(owner, name)} takes {inspect.signature(original)} now")
    _replace(owner, name, replacement)
    return original


def edit(owner: Any, name: str, old: str, new: str) -> None:
    """Rewrite `old` as `new` in the source of the function `name`.

    Raises PatchError if there is no such function, or if `old` does not stand in it exactly once.
    """
    original = _function(owner, name)
    source = textwrap.dedent(inspect.getsource(original))
    if source.count(old) != 1:
        raise PatchError(f"{_path(owner, name)} has {source.count(old)} times what is to be broken: {old!r}")
    broken = source.replace(old, new)
    flags = __future__.annotations.compiler_flag
    code = compile(broken, f"<mutant of {_path(owner, name)}>", "exec", flags=flags, dont_inherit=True)
    made: dict[str, Any] = {}
    exec(code, original.__globals__, made)  # noqa: S102 - the text is the proxy's own, but for the bug
    _replace(owner, name, made[original.__name__])


def constant(module: Any, name: str, value: Any) -> None:
    """Give the constant `name` of a module another value. Raises PatchError if there is none."""
    if name not in vars(module):
        raise PatchError(f"{_path(module, name)} is not there any more")
    setattr(module, name, value)


def _replace(owner: Any, name: str, broken: Callable[..., Any]) -> None:
    """Under its name, and in every table of `owner` that the function stands in: who calls it may find it there."""
    original = vars(owner)[name]
    setattr(owner, name, broken)
    for table in [each for each in vars(owner).values() if isinstance(each, dict)]:
        for key in [key for key, value in table.items() if value is original]:
            table[key] = broken


def _function(owner: Any, name: str) -> Any:
    found = vars(owner).get(name)
    if not inspect.isfunction(found):
        raise PatchError(f"{_path(owner, name)} is no function any more")
    return found


def _path(owner: Any, name: str) -> str:
    home = owner.__name__ if inspect.ismodule(owner) else f"{owner.__module__}.{owner.__qualname__}"
    return f"{home}.{name}"
