"""A folder with a `kurtosis.yml`: a Starlark package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from kurtosis_sdk.errors import InvalidArgumentError, PackageError

if TYPE_CHECKING:
    from pathlib import Path

PACKAGE_FILE = "kurtosis.yml"
_KEYS = {"name", "description", "replace"}


@dataclass(frozen=True, slots=True)
class Package:
    """`name` is the package's id, as in github.com/author/package. `replace` maps ids to ids, or to local folders."""

    root: Path
    name: str
    replace: dict[str, str]

    def local_dependencies(self) -> dict[str, Path]:
        """Id → folder of the packages that `replace` takes from this machine."""
        return {
            package_id: self.root / target
            for package_id, target in self.replace.items()
            if target.startswith((".", "/"))
        }


def read_package(root: Path) -> Package:
    """Read `kurtosis.yml` in the folder `root`. Raises `PackageError`, which says what is wrong with it."""
    file = root / PACKAGE_FILE
    if not root.is_dir():
        raise PackageError(f"{root} is not a folder: a Starlark package is a folder with a {PACKAGE_FILE}")
    if not file.is_file():
        raise PackageError(f"{root} has no {PACKAGE_FILE}, so it is no Starlark package")
    try:
        content = yaml.safe_load(file.read_text())
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise PackageError(f"{file} is not YAML: {problem}") from problem
    if not isinstance(content, dict):
        raise PackageError(f"{file} must be a mapping with a name")
    unknown = sorted(map(str, set(content) - _KEYS))
    if unknown:
        raise PackageError(f"{file} has unknown keys {', '.join(unknown)}; it may have {', '.join(sorted(_KEYS))}")
    name, replace = content.get("name"), content.get("replace") or {}
    if not isinstance(name, str) or not name:
        raise PackageError(f"{file} needs a name, such as github.com/author/package")
    if not isinstance(replace, dict):
        raise PackageError(f"{file}: replace must map package ids to package ids or folders")
    return Package(root, name, {str(key): str(value) for key, value in replace.items()})


def to_json_object(serialized_params: str) -> str:
    """JSON stays as it is; YAML becomes JSON. Raises `InvalidArgumentError` if it is no object."""
    try:
        if isinstance(json.loads(serialized_params), dict):
            return serialized_params
    except ValueError:
        pass
    try:
        content: Any = yaml.safe_load(serialized_params)
        if isinstance(content, dict):
            return json.dumps(content)
    except (yaml.YAMLError, TypeError) as problem:
        raise InvalidArgumentError(f"serialized_params is neither JSON nor YAML: {problem}") from problem
    raise InvalidArgumentError(f"serialized_params must be a JSON or YAML object, not {serialized_params!r}")
