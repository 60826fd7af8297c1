"""Entries to JSON lines and back. Fields at their default are left out, so that a history reads well as text."""

from __future__ import annotations

import dataclasses
import json
from typing import Any, get_args

from e2e.ledger.entries import Entry

_TYPES: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Entry)}


def _default(field: dataclasses.Field[Any]) -> Any:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory()
    return field.default


_FIELDS: dict[type[Any], tuple[tuple[str, Any], ...]] = {
    kind: tuple((field.name, _default(field)) for field in dataclasses.fields(kind)) for kind in _TYPES.values()
}


def to_line(entry: Entry) -> str:
    """One line of JSON without its newline, tagged with the entry's type."""
    values: dict[str, Any] = {"type": type(entry).__name__}
    for name, default in _FIELDS[type(entry)]:
        value = getattr(entry, name)
        if value != default:
            values[name] = value
    return json.dumps(values, separators=(",", ":"))


def from_line(line: str) -> Entry:
    """The entry of one line; ValueError if it is none (a half-written last line, say)."""
    values = json.loads(line)
    try:
        kind = _TYPES[values.pop("type")]
        entry: Entry = kind(**values)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"no entry: {line[:200]}") from error
    return entry
