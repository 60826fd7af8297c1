"""Proxies under test, as files: how to start one, what its config looks like, where it listens, what it counts.

A profile is TOML; those that come with the suite are in `e2e/sut/profiles/`. See `vixy-py.toml` for a commented one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from e2e.testbed.protocol import NodeUrls

PROFILES: Final = Path(__file__).parent / "profiles"
PATIENCE: Final = 10.0  # seconds


class ProfileError(Exception):
    """The profile cannot be used; the message names the file, the key and what is wrong."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A node as the proxy is told of it."""

    name: str
    primary: bool
    urls: NodeUrls


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of proxy.

    `command` has the placeholders {python}, {config}, {listen} (host:port), {host} and {port}; `version`, a command
    that prints the proxy's version ('' if there is none), has {python}. `config` is the text of its config file with
    $primaries, $backups and $consensus, which are made of one fragment for each node, and with `settings`: placeholders
    with their values, which a scenario may change (@setting.NAME=VALUE). `metrics` maps what the suite
    looks for to the proxy's own sample names. `not_claimed` maps a promise to the reason why this proxy does not give
    it. `patience` is how many seconds a request may wait for its answer before silence is a verdict.
    """

    name: str
    command: str
    config_file: str
    config: str
    fragments: Mapping[str, str]
    paths: Mapping[str, str]
    metrics: Mapping[str, str] = field(default_factory=dict)
    not_claimed: Mapping[str, str] = field(default_factory=dict)
    patience: float = PATIENCE
    version: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)

    def render(
        self,
        nodes: Sequence[Upstream],
        consensus: Mapping[str, str],
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Return the config text for these nodes and consensus endpoints (name → URL). Raises ProfileError.

        `settings` take the place of the profile's own values.
        """
        if strange := settings.keys() - self.settings.keys():
            listed = ", ".join(self.settings) or "none"
            raise ProfileError(f"{self.name} has no setting {', '.join(sorted(strange))}; it has {listed}")
        primary, backup, endpoint = (Template(self.fragments[name]) for name in ("primary", "backup", "consensus"))
        try:
            return Template(self.config).substitute(
                {**self.settings, **settings},
                primaries="\n".join(_node(primary, node) for node in nodes if node.primary),
                backups="\n".join(_node(backup, node) for node in nodes if not node.primary),
                consensus="\n".join(endpoint.substitute(name=name, url=url) for name, url in consensus.items()),
            )
        except (KeyError, ValueError) as error:
            raise ProfileError(
                f"the config template of {self.name} has a placeholder that nobody fills: {error}; "
                "in the text there are $primaries, $backups, $consensus and the settings, "
                "in fragments $name, $http_url, $ws_url, $url"
            ) from error


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
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path}: not valid TOML: {error}") from error
    return _profile(path, values)


def _profile(path: Path, values: dict[str, Any]) -> Profile:
    config = _get(path, values, "config")
    fragments = {name: _get(path, config, name, "config.") for name in ("primary", "backup", "consensus")}
    paths = _get(path, values, "paths")
    for name in ("http", "ws", "health"):
        _get(path, paths, name, "paths.")
    return Profile(
        name=_get(path, values, "name"),
        command=_get(path, values, "command"),
        config_file=_get(path, config, "file", "config."),
        config=_get(path, config, "text", "config."),
        fragments=fragments,
        paths=paths,
        metrics=values.get("metrics", {}),
        not_claimed=values.get("not_claimed", {}),
        patience=float(values.get("patience", PATIENCE)),
        version=values.get("version", ""),
        settings={name: str(value) for name, value in config.get("settings", {}).items()},
    )


def _get(path: Path, values: dict[str, Any], key: str, prefix: str = "") -> Any:
    if key not in values:
        raise ProfileError(f"{path}: the key {prefix}{key} is missing; see {PROFILES / 'vixy-py.toml'} for an example")
    return values[key]


def _node(fragment: Template, node: Upstream) -> str:
    return fragment.substitute(name=node.name, http_url=node.urls.http, ws_url=node.urls.ws)
