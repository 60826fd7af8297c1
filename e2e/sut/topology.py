"""Topologies: which of the running nodes the proxy is told of. Named by tag, as in @topology.1p1b."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from e2e.sut.profile import Upstream
from e2e.testbed.protocol import NodeUrls

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from e2e.testbed.protocol import Testbed

PREFIX: Final = "topology."
SETTING: Final = "setting."
KEYED: Final = "keyed"
SECRET: Final = "0123456789abcdef-secret"  # noqa: S105 - it opens nothing
DEFAULT: Final = "2p2b"

# Two primaries: losing one moves clients to the other. One primary: losing it moves them to a backup. One node alone:
# while it is away there is nowhere to go, which makes the reconnection window as long as one likes.
TOPOLOGIES: Final[dict[str, tuple[str, ...]]] = {
    "2p2b": ("el-1-primary", "el-2-primary", "el-3-backup", "el-4-backup"),
    "1p1b": ("el-1-primary", "el-3-backup"),
    "1p2b": ("el-1-primary", "el-3-backup", "el-4-backup"),
    "1p0b": ("el-1-primary",),
}


def chosen(tags: Iterable[str]) -> str:
    """Return the topology that the tags name; ValueError for one that does not exist, or for two."""
    names = [tag.removeprefix(PREFIX) for tag in tags if tag.startswith(PREFIX)] or [DEFAULT]
    if len(names) > 1:
        raise ValueError(f"a scenario has one topology, not {' and '.join(sorted(names))}")
    if names[0] not in TOPOLOGIES:
        raise ValueError(f"no topology {names[0]}; there are {', '.join(TOPOLOGIES)}")
    return names[0]


def upstreams(
    topology: str, testbed: Testbed, elsewhere: Mapping[str, NodeUrls] = MappingProxyType({})
) -> tuple[Upstream, ...]:
    """Return the nodes of a topology as the proxy is to see them, primaries first: `elsewhere` if named there."""
    return tuple(
        Upstream(name, is_primary(name), elsewhere[name] if name in elsewhere else testbed.upstream_urls(name))
        for name in TOPOLOGIES[topology]
    )


def keyed(nodes: Iterable[Upstream]) -> tuple[Upstream, ...]:
    """Return the same nodes with a secret in their URLs, as people have them who rent nodes."""
    secret = f"/?apikey={SECRET}"
    return tuple(replace(node, urls=NodeUrls(node.urls.http + secret, node.urls.ws + secret)) for node in nodes)


def settings(tags: Iterable[str]) -> dict[str, str]:
    """Return what the tags change in the proxy's config, as in @setting.proxy_timeout_ms=500."""
    return dict(tag.removeprefix(SETTING).split("=", 1) for tag in tags if tag.startswith(SETTING))


def is_primary(node: str) -> bool:
    """Nodes say in their names what they are."""
    return node.endswith("-primary")
