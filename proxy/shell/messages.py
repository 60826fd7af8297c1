"""Frames to messages: RFC 6455, section 5.4, for either side of the proxy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from picows import WSMsgType

if TYPE_CHECKING:
    from picows import WSFrame

_CONTINUATION: Final = WSMsgType.CONTINUATION


class BrokenStream(Exception):  # noqa: N818 - what the peer did, not what went wrong here
    """The peer broke the protocol: `code` is the close code that says how."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Assembler:
    """Joins the fragments of one direction of one connection."""

    __slots__ = ("_limit", "_parts")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._parts: bytearray | None = None

    def message(self, frame: WSFrame, kind: WSMsgType) -> bytes | None:
        """The message that this data frame of the given kind completes; raises BrokenStream."""
        if frame.rsv1 or frame.rsv2 or frame.rsv3:
            raise BrokenStream(1002, "a reserved bit is set and no extension was agreed on")
        if self._parts is None:
            if kind is _CONTINUATION:
                raise BrokenStream(1002, "a continuation of nothing")
            if frame.fin:
                return frame.get_payload_as_bytes()
            self._parts = bytearray()
        elif kind is not _CONTINUATION:
            raise BrokenStream(1002, "a new message inside a fragmented one")
        if len(self._parts) + frame.payload_size > self._limit:
            raise BrokenStream(1009, f"a message of more than {self._limit} bytes")
        self._parts += frame.get_payload_as_memoryview()  # fragments may be empty, and without end
        if not frame.fin:
            return None
        whole, self._parts = self._parts, None
        return bytes(whole)
