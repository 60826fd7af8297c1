"""Values that a Starlark script makes: what the fake knows of Kurtosis' own types."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

_NAME = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_PORT_ID = re.compile(r"[a-z]([-a-z0-9]{0,13}[a-z0-9])?")


class ScriptError(Exception):
    """The script asks for something that is wrong in itself."""


class Struct:
    """Starlark's struct: named values that do not change."""

    def __init__(self, **values: Any) -> None:
        self.__dict__.update(values)

    def __repr__(self) -> str:
        return f"struct({', '.join(f'{name} = {to_starlark(value)}' for name, value in self.__dict__.items())})"

    def __setattr__(self, name: str, value: Any) -> None:
        raise ScriptError(f"cannot assign to .{name} field of a struct")


@dataclass(frozen=True)
class PortSpec:
    number: int
    transport_protocol: str = "TCP"
    application_protocol: str = ""
    wait: str | None = "15s"
    url: str = ""


@dataclass(frozen=True)
class Directory:
    artifact_names: list[str] = field(default_factory=list)
    persistent_key: str = ""


@dataclass(frozen=True)
class ExecRecipe:
    command: list[str]
    extract: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class StoreSpec:
    """What a task keeps: the file or folder `src`, or with a final /* what is in the folder."""

    src: str
    name: str = ""


@dataclass(frozen=True)
class User:
    uid: int
    gid: int = 0


@dataclass(frozen=True)
class ServiceConfig:
    """The arguments that the fake looks at; the others are in `rest`."""

    image: str
    ports: dict[str, PortSpec] = field(default_factory=dict)
    public_ports: dict[str, PortSpec] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    env_vars: dict[str, str] = field(default_factory=dict)
    entrypoint: list[str] = field(default_factory=list)
    cmd: list[str] = field(default_factory=list)
    rest: dict[str, Any] = field(default_factory=dict)


_REST = {
    "labels", "max_cpu", "max_memory", "min_cpu", "min_memory", "node_selectors", "private_ip_address_placeholder",
    "ready_conditions", "tini_enabled", "tolerations", "tty_enabled", "user",
}  # fmt: skip


def service_config(image: str, **arguments: Any) -> ServiceConfig:
    """ServiceConfig as a script calls it."""
    known = {"ports", "public_ports", "files", "env_vars", "entrypoint", "cmd"}
    given = {name: value for name, value in arguments.items() if value is not None}
    unknown = sorted(set(given) - known - _REST)
    if unknown:
        raise ScriptError(f"ServiceConfig: unexpected keyword argument {unknown[0]}")
    rest = {name: value for name, value in given.items() if name in _REST}
    plain = {name: value for name, value in given.items() if name in known}
    plain["files"] = {folder: _artifact(where) for folder, where in plain.get("files", {}).items()}
    return ServiceConfig(image=image, rest=rest, **plain)


def _artifact(where: str | Directory) -> str:
    if isinstance(where, str):
        return where
    if len(where.artifact_names) != 1:
        raise ScriptError("FakeEngine mounts a Directory of exactly one files artifact")
    return where.artifact_names[0]


def is_service_name(name: str) -> bool:
    """As RFC 1035 has it."""
    return _NAME.fullmatch(name) is not None


def is_port_id(name: str) -> bool:
    """As RFC 6335 has it."""
    return _PORT_ID.fullmatch(name) is not None


def to_json(value: Any) -> str:
    """As json.encode writes it."""
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"))


def to_output(value: Any) -> str:
    """As the main function's return value is written."""
    return json.dumps(value, default=_plain, sort_keys=True, indent="\t")


def _plain(value: Any) -> Any:
    return dict(vars(value))


def to_starlark(value: Any) -> str:
    """A value as an instruction prints it."""
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(to_starlark, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{to_starlark(key)}: {to_starlark(each)}" for key, each in value.items()) + "}"
    if isinstance(value, ServiceConfig | PortSpec | ExecRecipe | Directory | StoreSpec | User):
        arguments = {name: each for name, each in vars(value).items() if each}
        return f"{type(value).__name__}({', '.join(f'{name}={to_starlark(each)}' for name, each in arguments.items())})"
    return repr(value)
