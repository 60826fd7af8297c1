"""python -m proxy --config vixy.toml --listen 127.0.0.1:8080"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import os
import resource
import select
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import uvloop

from proxy import config as configuration
from proxy.config import Config, ConfigError
from proxy.shell.server import MetricsPortError, Server

_BAD_CONFIG: Final = 2
_CANNOT_LISTEN: Final = 3
_DESCRIPTORS: Final = 1 << 20  # more are never asked for


def main(arguments: list[str] | None = None) -> int:
    """The exit status: 0 after a polite end or a good --check, 2 for a bad config, 3 if it cannot listen."""
    options = _options(arguments)
    _open_standard_streams()
    logging.basicConfig(
        handlers=[_Log(sys.stderr)],
        level=options.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    try:
        config = configuration.load(options.config.read_text(encoding="utf-8-sig"), str(options.config))
    except ConfigError as error:
        _say(str(error))
        return _BAD_CONFIG
    except (OSError, UnicodeDecodeError) as error:
        reason = _reason(error) if isinstance(error, OSError) else str(error)
        _say(f"{options.config}: {reason}; name a config file, e.g. --config vixy.toml")
        return _BAD_CONFIG
    for warning in config.warnings:
        _say(f"{options.config}: warning: {warning}")
    if options.check:
        _say(f"{options.config}: good: {len(config.nodes)} execution, {len(config.consensus)} consensus")
        return 0
    host, port = options.listen
    if config.metrics.enabled and config.metrics.port == port:
        _say(f"{options.config}: metrics.port: is the port of --listen; leave it out to have both there")
        return _BAD_CONFIG
    _raise_descriptor_limit()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(config, host, port))


async def _serve(config: Config, host: str, port: int) -> int:
    loop = asyncio.get_running_loop()
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:  # nohup asks for it
            loop.add_signal_handler(number, end.set)
    server = Server(config)
    try:
        port = await server.start(host, port)
    except OSError as error:
        its_port, where = port, "--listen"
        if isinstance(error, MetricsPortError):
            its_port, where = error.port, "metrics.port in the config"
        _say(f"cannot listen on {host}:{its_port}: {_reason(error)}; choose another with {where}")
        return _CANNOT_LISTEN
    # a request makes no cycles: the collector need not look after every 700 objects, nor at what is there by now
    # (a tenth of the CPU time of a request, `python -m bench`)
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    shown = f"[{host}]" if ":" in host else host
    _say(f"listening on http://{shown}:{port}")
    await end.wait()
    _say("shutting down")
    await server.drain()
    return 0


def _open_standard_streams() -> None:
    """Where 0, 1 or 2 is closed, a connection would get that number, and libuv aborts when one of those is closed."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


class _Log(logging.StreamHandler[Any]):
    """Leaves lines out that nobody takes: to wait for a pager or shipper that is stuck would be to serve nobody."""

    _left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        if not _is_taken(self.stream):
            self._left_out += 1
            return
        if self._left_out:
            record.msg = f"{record.msg} (before it, {self._left_out} lines that nobody took were left out)"
            self._left_out = 0
        super().emit(record)


def _is_taken(stream: Any) -> bool:
    """Whether a line can be written without waiting for whoever reads it."""
    try:
        return bool(select.select([], [stream], [], 0)[1])
    except (OSError, TypeError, ValueError):  # nothing of the system's, or closed: to write will tell
        return True


def _say(line: str) -> None:
    """To stderr, if there is one. Who read it may be gone: no reason to end, nor to end without telling clients."""
    if sys.stderr is not None and _is_taken(sys.stderr):
        try:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _raise_descriptor_limit() -> None:
    """A WebSocket client takes two descriptors, and the usual soft limit is 1024: as high as the hard one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with suppress(OSError, ValueError):  # the kernel has a limit of its own
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _reason(error: OSError) -> str:
    """What the system says; the loop wraps it in words of its own."""
    if isinstance(error, socket.gaierror):  # whose numbers are no errno
        return error.strerror or str(error)
    return os.strerror(error.errno) if error.errno else str(error)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m proxy", description="An Ethereum RPC proxy that loses nothing.")
    parser.add_argument("--config", type=Path, required=True, help="the config file (TOML)")
    parser.add_argument(
        "--listen", type=_address, default=("127.0.0.1", 8080), metavar="HOST:PORT", help="default: 127.0.0.1:8080"
    )
    parser.add_argument("--check", action="store_true", help="validate the config and exit: 0 good, 2 bad")
    parser.add_argument("--log-level", default="info", choices=("debug", "info", "warning", "error"))
    return parser.parse_args(arguments)


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not HOST:PORT, e.g. 127.0.0.1:8080")
    host = host.strip("[]")
    try:
        host.encode("idna")
    except UnicodeError as error:
        raise argparse.ArgumentTypeError(f"{host!r} cannot be the name of a host") from error
    return host or "0.0.0.0", int(port)  # noqa: S104 - what an empty host means, and only when asked for


if __name__ == "__main__":
    sys.exit(main())
