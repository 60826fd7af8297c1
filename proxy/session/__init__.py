"""One WebSocket client over many upstreams, without I/O. See `session`."""

from proxy.session.session import MOVES, Session, State
from proxy.session.settings import Settings

__all__ = ["MOVES", "Session", "Settings", "State"]
