"""One WebSocket client over many upstreams, without I/O. See `session`."""

from proxy.session.session import Session
from proxy.session.settings import Settings
from proxy.session.states import MOVES, State

__all__ = ["MOVES", "Session", "Settings", "State"]
