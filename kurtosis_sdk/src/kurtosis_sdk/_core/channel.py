"""How both shells open a channel."""

from __future__ import annotations

from typing import Final

DEFAULT_ADDRESS: Final = "127.0.0.1:9710"
MAX_MESSAGE: Final = 100 * 1024 * 1024
"""In bytes: an answer about many services is bigger than gRPC's 4 MiB."""
OPTIONS: Final[list[tuple[str, int]]] = [
    ("grpc.max_receive_message_length", MAX_MESSAGE),
    ("grpc.max_send_message_length", MAX_MESSAGE),
    ("grpc.enable_http_proxy", 0),  # an engine is on this machine, whatever http_proxy says
    ("grpc.initial_reconnect_backoff_ms", 100),
]
