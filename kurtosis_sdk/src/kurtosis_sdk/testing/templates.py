"""Go's text templates as far as packages need them: fields, loops over lists, and the dash that eats white space."""

from __future__ import annotations

import re
from typing import Any

from kurtosis_sdk.testing.world import Refused

_ACTION = re.compile(r"(?:\s*\{\{- |\{\{)\s*(.*?)\s*(?: -\}\}\s*|\}\})")


def render(template: str, data: Any) -> str:
    """`data`: a dictionary or a struct. Raises `Refused` for what is not known here."""
    return _part(_ACTION.split(template), data)


def _part(pieces: list[str], data: Any) -> str:
    """Text and actions in turns, text first and last."""
    output, at = pieces[0], 1
    while at < len(pieces):
        action = pieces[at]
        if action.startswith("range "):
            end = _end(pieces, at)
            output += "".join(_part(pieces[at + 1 : end], value) for value in _field(action[6:], data) or ())
            at = end
        else:
            output += _shown(_field(action, data))
        output += pieces[at + 1]
        at += 2
    return output


def _end(pieces: list[str], start: int) -> int:
    """Where the loop ends that begins at `start`."""
    depth = 0
    for at in range(start, len(pieces), 2):
        depth += pieces[at].startswith("range ") - (pieces[at] == "end")
        if depth == 0:
            return at
    raise Refused("template: unexpected EOF")


def _field(action: str, data: Any) -> Any:
    if action == ".":
        return data
    if not re.fullmatch(r"\.\w+", action):
        raise Refused(f"FakeEngine does not know {{{{{action}}}}} in a template")
    return (data if isinstance(data, dict) else vars(data)).get(action[1:])


def _shown(value: Any) -> str:
    if value is None:
        return "<no value>"
    return str(value).lower() if isinstance(value, bool) else str(value)
