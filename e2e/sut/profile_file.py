"""Profiles read from their files, with complaints that a person can act on."""

from __future__ import annotations

import difflib
import json
import re
import shlex
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from e2e.sut.profile import PATIENCE, Address, NodeList, Profile, ProfileError, Upstream
from e2e.testbed.protocol import NodeUrls

PROFILES: Final = Path(__file__).parent / "profiles"
EXAMPLE: Final = PROFILES / "vixy-py.toml"

# A profile is filled in once when it is read: what is wrong with it is said before anything is started.
_URL: Final = "http://127.0.0.1:1"
_NODES: Final = tuple(Upstream(f"el-{tier}", tier == "primary", NodeUrls(_URL, _URL)) for tier in ("primary", "backup"))
_ADDRESS: Final = Address("127.0.0.1", 1, "folder")

_ELSEWHERE: Final = {"carriers": "links", "install": "apt-get install nginx-light"}
"""Keys that the example leaves out."""

T = TypeVar("T")

_Path: TypeAlias = Annotated[str, Meta(pattern="^/")]
_Page: TypeAlias = Annotated[str, Meta(pattern="^(/|$)")]
_Name: TypeAlias = Annotated[str, Meta(pattern=r"^(?!\.\.?$)[^/]*$")]  # in the folder of the run, and nowhere else
_Seconds: TypeAlias = Annotated[float, Meta(gt=0, le=3600)]

_PLACE = re.compile(r" - at `(key in )?\$\.?([^`]*)`$")


class _List(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    primary: str = ""
    backup: str = ""
    consensus: str = ""
    separator: str = "\n"


class _Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`lists` may stand alone, for the command line; `file`, `text` and `settings` belong together."""

    file: _Name = ""
    text: str = ""
    settings: dict[str, str | int | float] = {}
    lists: dict[str, Any] = {}


class _Paths(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    http: _Path
    ws: _Path
    health: _Page = ""
    ready: _Page = ""
    metrics: _Page = ""
    status: _Page = ""
    consensus: _Page = ""


class _Metrics(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    upstream_connected: str = ""
    node_healthy: str = ""
    failing_methods: str = ""
    failover_active: str = ""
    failovers: str = ""
    connections: str = ""
    subscriptions: str = ""
    rss: str = ""
    descriptors: str = ""
    queue: str = ""
    head: str = ""
    tasks: str = ""
    reconnections: str = ""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    command: str
    paths: _Paths
    config: _Config | None = None
    metrics: _Metrics = _Metrics()
    carriers: Literal["links"] | None = None
    not_claimed: dict[str, str] = {}
    patience: _Seconds = PATIENCE
    version: str = ""
    install: str = ""


def load(name: str) -> Profile:
    """Read the profile called `name`, or the file at that path. Raises ProfileError."""
    path = Path(name) if name.endswith(".toml") else PROFILES / f"{name}.toml"
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        known = ", ".join(sorted(file.stem for file in PROFILES.glob("*.toml")))
        raise ProfileError(
            f"{path}: {error.strerror}; profiles here: {known}; or give the path of a .toml file"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path}: not valid TOML: {error}") from error
    try:
        profile = _profile(_converted(values, _File))
        _fill_in(profile)
    except ProfileError as error:
        raise ProfileError(f"{path}: {error}") from error
    return profile


def chosen_profile(name: str, command: str | None) -> Profile:
    """Read the profile called `name`; started by `command` in the place of its own, if one is given.

    Raises ProfileError.
    """
    profile = load(name)
    if command is not None:
        profile = replace(profile, name="sut.command", command=command, version="")
        _fill_in(profile)
    return profile


def _fill_in(profile: Profile) -> None:
    profile.render(_NODES, {"cl-1": _URL}, _ADDRESS)
    profile.words({**_ADDRESS.values(), "python": "python", "config": "config"}, _NODES, {})
    try:
        [word.format(python="python") for word in shlex.split(profile.version)]
    except (KeyError, IndexError, ValueError, AttributeError) as error:
        problem = f"version: cannot be used: {profile.version!r} ({error!r}); its placeholder is {{python}}"
        raise ProfileError(problem) from error


def _profile(file: _File) -> Profile:
    config = file.config or _Config()
    for key in ("file", "text"):
        if not getattr(config, key) and (config.file or config.text or config.settings):
            raise ProfileError(_complaint(f"missing field `{key}` - at `$.config`", ""))
    return Profile(
        name=file.name,
        command=file.command,
        paths=msgspec.to_builtins(file.paths),
        config_file=config.file,
        config=config.text,
        lists={name: _list(name, each) for name, each in config.lists.items()},
        settings={name: str(value) for name, value in config.settings.items()},
        metrics=msgspec.to_builtins(file.metrics),
        carriers=file.carriers or "",
        not_claimed=file.not_claimed,
        patience=file.patience,
        version=file.version,
        install=file.install,
    )


def _list(name: str, values: Any) -> NodeList:
    fragments = _converted(values, _List, f"config.lists.{name}")
    return NodeList(fragments.primary, fragments.backup, fragments.consensus, fragments.separator)


def _converted(values: Any, kind: type[T], where: str = "") -> T:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ProfileError(_complaint(str(error), where)) from error


def _complaint(said: str, table: str) -> str:
    """Say what is wrong with which key, and how it looks where it is right."""
    place = _PLACE.search(said)
    where, what = ".".join(filter(None, [table, place[2] if place else ""])), _PLACE.sub("", said)
    name = re.search("field `([^`]*)`", what)
    key = ".".join(filter(None, [where, name[1] if name else ""]))
    if "unknown field" in what and name is not None:
        known = _known(where)
        near = difflib.get_close_matches(name[1], known, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        return f"{key}: there is no such key{hint} There are {', '.join(known)}"
    problem = "this key is missing" if "missing" in what else what[:1].lower() + what[1:]
    return f"{key or 'the file'}: {problem}{_example(key)}"


def _known(where: str) -> tuple[str, ...]:
    tables = {"": _File, "config": _Config, "paths": _Paths, "metrics": _Metrics}
    return tables.get(where, _List).__struct_fields__


def _example(key: str) -> str:
    value: Any = tomllib.loads(EXAMPLE.read_text(encoding="utf-8")) | _ELSEWHERE
    for part in key.split("."):
        if not isinstance(value, dict) or part not in value:
            return f"; see {EXAMPLE}"
        value = value[part]
    if isinstance(value, dict):
        return f"; for example [{key}] in {EXAMPLE}"
    return f"; for example {key.rpartition('.')[2]} = {json.dumps(value)}"
