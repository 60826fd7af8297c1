"""`python -m e2e.testbed`: the suite's network, for a person to play with, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
import time
from pathlib import Path

from e2e.amounts import above_zero
from e2e.testbed.local import NODES, LocalTestbed
from e2e.testbed.protocol import TestbedError


def main() -> None:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = arguments.folder or Path("runs") / time.strftime("%Y%m%dT%H%M%SZ-network", time.gmtime())
    try:
        with LocalTestbed(folder, nodes=arguments.nodes, block_time=arguments.block_time) as testbed:
            config = folder / "vixy.toml"
            config.write_text(proxy_config(testbed))
            print(table(testbed))
            print(f"\nconfig for a proxy: {config}\nlogs:               {folder}\nstop with Ctrl-C", flush=True)
            threading.Event().wait()
    except (TestbedError, OSError) as error:
        sys.exit(f"testbed: {error}")
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)


def table(testbed: LocalTestbed) -> str:
    """Every node and consensus endpoint, with its URLs."""
    rows = [(name, testbed.urls(name).http, testbed.urls(name).ws) for name in testbed.node_names()]
    rows += [(name, url, "") for name, url in testbed.consensus_urls().items()]
    name_width = max(len(name) for name, _, _ in rows)
    url_width = max(len(url) for _, url, _ in rows)
    return "\n".join(f"{name:<{name_width}}  {first:<{url_width}}  {second}".rstrip() for name, first, second in rows)


def proxy_config(testbed: LocalTestbed) -> str:
    """A config file for Vixy or for our proxy, with every node and endpoint of the network."""
    parts = []
    for name in testbed.node_names():
        tier = "backup" if name.endswith("-backup") else "primary"
        urls = testbed.urls(name)
        parts.append(f'[[el.{tier}]]\nname = "{name}"\nhttp_url = "{urls.http}"\nws_url = "{urls.ws}"\n')
    parts += [f'[[cl]]\nname = "{name}"\nurl = "{url}"\n' for name, url in testbed.consensus_urls().items()]
    return "\n".join(parts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m e2e.testbed", description=__doc__)
    parser.add_argument("--block-time", type=above_zero, default=1.0, metavar="SECONDS", help="default: 1")
    parser.add_argument("--nodes", type=_names, default=NODES, metavar="NAME,…", help=f"default: {','.join(NODES)}")
    parser.add_argument("--folder", type=Path, help="where logs and the proxy's config go; default: a new one in runs/")
    return parser.parse_args()


def _names(text: str) -> tuple[str, ...]:
    names = tuple(text.split(","))
    if not all(name.endswith(("-primary", "-backup")) for name in names) or len(set(names)) != len(names):
        raise argparse.ArgumentTypeError("names must differ and end in -primary or -backup")
    return names


if __name__ == "__main__":
    main()
