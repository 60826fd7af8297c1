"""Proxies under test, as files: how to start one, what its config looks like, where it listens, what it counts.

A profile is TOML; those that come with the suite are in `e2e/sut/profiles/`. `vixy-py.toml` is a commented one, and
docs/proxies.md says how to write another.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field
from string import Template
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from e2e.testbed.protocol import NodeUrls

PATIENCE: Final = 10.0  # seconds
LINKS: Final = "links"
GATEWAY_LINKS: Final = "gateway_links"
"""The sample by which the suite itself says how many links the proxy has to each node."""

CARRIERS: Final = "carriers"
PAGES: Final = ("health", "ready", "metrics", "status", "consensus")
ROLES: Final = (
    *("upstream_connected", "node_healthy", "failing_methods", "failover_active", "failovers"),
    *("connections", "subscriptions", "queue", "rss"),
)
SEEN: Final = frozenset({*PAGES, *ROLES, CARRIERS})
"""What may be seen of a proxy, or not: a profile may say why not."""
SETTING: Final = "setting."


class ProfileError(Exception):
    """The profile cannot be used; the message names the file, the key and what is wrong."""


@dataclass(frozen=True, slots=True)
class Upstream:
    """A node as the proxy is told of it."""

    name: str
    primary: bool
    urls: NodeUrls


@dataclass(frozen=True, slots=True)
class NodeList:
    """A fragment of text for each node of a tier, and for each consensus endpoint; '' leaves those out."""

    primary: str = ""
    backup: str = ""
    consensus: str = ""
    separator: str = "\n"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the proxy under test is to listen, and the folder in which it may write."""

    host: str
    port: int
    folder: str

    def values(self) -> dict[str, str]:
        """Return it as placeholders."""
        listen = f"{self.host}:{self.port}"
        return {"listen": listen, "host": self.host, "port": str(self.port), "folder": self.folder}


@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of proxy.

    `command` has the placeholders {python}, {config}, {listen} (host:port), {host}, {port}, {folder} and one for each
    of `lists`; `version`, a command that prints the proxy's version ('' if there is none), has {python}. `config` is
    the text of its config file with $listen, $host, $port, $folder, the `lists` and the `settings`: placeholders with
    their values, which a scenario may change (@setting.NAME=VALUE). `metrics` maps what the suite looks for to the
    proxy's own sample names. `carriers` is 'links' where no metric says which nodes carry clients, but each client has
    an upstream link of its own: then the gateway stands before every node and counts them. `not_claimed` maps a
    promise, or something that is not to be seen, to the reason why this proxy does not give it. `patience` is how many
    seconds a request may wait for its answer before silence is a verdict. `install` says how to get the program.
    """

    name: str
    command: str
    paths: Mapping[str, str]
    config_file: str = ""
    config: str = ""
    lists: Mapping[str, NodeList] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, str] = field(default_factory=dict)
    carriers: str = ""
    not_claimed: Mapping[str, str] = field(default_factory=dict)
    patience: float = PATIENCE
    version: str = ""
    install: str = ""

    def render(
        self,
        nodes: Sequence[Upstream],
        consensus: Mapping[str, str],
        address: Address,
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> str:
        """Return the config text for these nodes and consensus endpoints (name → URL). Raises ProfileError.

        `settings` take the place of the profile's own values.
        """
        if strange := settings.keys() - self.settings.keys():
            listed = ", ".join(self.settings) or "none"
            raise ProfileError(f"{self.name} has no setting {', '.join(sorted(strange))}; it has {listed}")
        values = {**address.values(), **self.settings, **settings, **self.listed(nodes, consensus)}
        return _filled(f"the config of {self.name}", self.config, values)

    def listed(self, nodes: Sequence[Upstream], consensus: Mapping[str, str]) -> dict[str, str]:
        """Return the text of each list, primaries first. Raises ProfileError."""
        texts = {}
        for name, each in self.lists.items():
            parts = [(each.primary if node.primary else each.backup, _of(node)) for node in nodes]
            parts += [(each.consensus, _endpoint(name, url)) for name, url in consensus.items()]
            what = f"the list {name} of {self.name}"
            texts[name] = each.separator.join(_filled(what, fragment, values) for fragment, values in parts if fragment)
        return texts

    def words(
        self, values: Mapping[str, str], nodes: Sequence[Upstream], consensus: Mapping[str, str]
    ) -> tuple[str, ...]:
        """Return the program and its arguments, with `values` and the lists filled in. Raises ProfileError."""
        known = {**values, **self.listed(nodes, consensus)}
        try:
            words = tuple(word.format_map(known) for word in shlex.split(self.command))
        except (KeyError, IndexError, ValueError, AttributeError) as error:
            raise ProfileError(
                f"the command of {self.name} cannot be used: {self.command!r} ({error!r}); "
                f"placeholders are {', '.join(f'{{{name}}}' for name in known)}"
            ) from error
        if not words:
            raise ProfileError(f"the command of {self.name} is empty")
        return words

    @property
    def visible(self) -> frozenset[str]:
        """What can be seen of this proxy, and changed: its pages, its metrics, who carries clients, its settings."""
        metrics = self.metrics if "metrics" in self.paths else {}
        seen = {*self.paths, *metrics, *(f"{SETTING}{name}" for name in self.settings)}
        return frozenset(seen | ({CARRIERS} if self.carriers == LINKS or "upstream_connected" in metrics else set()))

    def lacks(self, needs: Iterable[str]) -> str | None:
        """Return why a scenario that needs to see all this cannot be played; None if it can."""
        missing = sorted(set(needs) - self.visible)
        reasons = [f"{name}: {self.not_claimed.get(name, f'the profile {self.name} has none')}" for name in missing]
        return "; ".join(reasons) or None


def _of(node: Upstream) -> dict[str, str]:
    http, ws = (urlsplit(url).netloc for url in (node.urls.http, node.urls.ws))
    urls = {"http_url": node.urls.http, "ws_url": node.urls.ws}
    return {"name": node.name, **urls, "http_address": http, "ws_address": ws}


def _endpoint(name: str, url: str) -> dict[str, str]:
    return {"name": name, "url": url, "address": urlsplit(url).netloc}


def _filled(what: str, text: str, values: Mapping[str, str]) -> str:
    try:
        return Template(text).substitute(values)
    except (KeyError, ValueError) as error:
        raise ProfileError(
            f"{what} has a placeholder that nobody fills: {error}; "
            f"there are {', '.join(f'${name}' for name in values)}, and $$ for a dollar sign"
        ) from error
