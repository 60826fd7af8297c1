"""`python -m e2e.gateway`: a fault gateway before one or more nodes.

  python -m e2e.gateway --route node=http://127.0.0.1:8545,ws://127.0.0.1:8546 --control 127.0.0.1:8474

prints the URLs to use instead of the node's; then, for example,

  curl localhost:8474/kinds
  curl localhost:8474/faults -d '{"fault": "latency", "node": "node", "lane": "ws", "latency": 500}'
  curl -X POST localhost:8474/reset
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import signal
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from e2e.gateway import routes
from e2e.gateway.control import application
from e2e.gateway.server import Gateway


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT; 2 if that cannot be done."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        listed = [routes.parse_argument(text) for text in options.route]
        configured = routes.read_file(options.config) if options.config else []
        chosen = routes.check(configured + listed)
        host, port = _address(options.control)
        uvloop.run(_serve(Gateway(chosen, options.host), host, port))
    except routes.RouteError as error:
        print(f"gateway: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"gateway: cannot listen: {error}; is another gateway running?", file=sys.stderr)
        return 2
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m e2e.gateway", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--route",
        action="append",
        default=[],
        metavar="NAME=HTTP_URL,WS_URL",
        help="a node; may be given several times",
    )
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML with a [[route]] (name, http, ws) for each node"
    )
    parser.add_argument("--host", default="127.0.0.1", help="where the lanes listen (default %(default)s)")
    parser.add_argument(
        "--control",
        default="127.0.0.1:8474",
        metavar="HOST:PORT",
        help="where the control API listens (default %(default)s)",
    )
    return parser


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > routes.LAST_PORT:
        raise routes.RouteError(f"--control {text!r}: expected HOST:PORT")
    return host, int(port)


async def _serve(gateway: Gateway, host: str, port: int) -> None:
    leave = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, leave.set)
    gc.set_threshold(20_000)  # a message makes a few objects and no cycles: the default looks at them all every 50
    await gateway.open()
    runner = web.AppRunner(application(gateway), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        _announce(gateway, runner)
        await leave.wait()
    finally:
        await runner.cleanup()
        await gateway.close()


def _announce(gateway: Gateway, runner: web.AppRunner) -> None:
    for node, lanes in gateway.state()["nodes"].items():
        for lane in lanes.values():
            print(f"{node}: {lane['url']} -> {lane['upstream']}")
    host, port = runner.addresses[0][:2]
    print(f"control: http://{host}:{port}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
