"""How both shells open a channel."""

from __future__ import annotations

from typing import Final

from kurtosis_sdk.errors import InvalidArgumentError

DEFAULT_ADDRESS: Final = "127.0.0.1:9710"
MAX_MESSAGE: Final = 100 * 1024 * 1024
"""In bytes: an answer about many services is bigger than gRPC's 4 MiB."""
OPTIONS: Final[list[tuple[str, int]]] = [
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.enable_http_proxy", 0),  # an engine is on this machine, whatever http_proxy says
    ("grpc.initial_reconnect_backoff_ms", 100),
]


def checked(address: str) -> str:
    """`address`, if it is host:port: gRPC would look for anything else in vain. Raises `InvalidArgumentError`."""
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal() or int(port) > 65535:
        raise InvalidArgumentError(f"An address is host:port, as in {DEFAULT_ADDRESS}, not {address!r}")
    return address
