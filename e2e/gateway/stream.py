"""One direction of a link: bytes in, bytes out, and every whole message shown to somebody on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from e2e.gateway.piece import READ_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from e2e.gateway.piece import Message, Scanner


class Stream:
    """Passes pieces on as they come; keeps those of a message that is to be rewritten until it is whole.

    Whether a message is rewritten is decided at its first byte, so that a fault that comes or goes meanwhile never
    meets half of one.
    """

    def __init__(
        self,
        scanner: Scanner,
        wanted: Callable[[], bool],
        note: Callable[[Message], None],
        rewrite: Callable[[Message, bytes], bytes],
    ) -> None:
        """Show each message to `note`, or to `rewrite` (with its bytes) where `wanted` said so; that returns bytes."""
        self.scanner = scanner
        self.close_seen = False
        self._wanted = wanted
        self._note = note
        self._rewrite = rewrite
        self._inside = False
        self._keeping = False
        self._kept: list[bytes] = []
        self._size = 0  # of the message being kept, in bytes

    def feed(self, data: bytes) -> bytes:
        """Return what is to be passed on now."""
        out: list[bytes] = []
        for raw, message, apart, closing in self.scanner.feed(data):
            if apart:
                self.close_seen = self.close_seen or closing
                out.append(raw)
                continue
            if not self._inside:
                self._inside = True
                self._keeping = self._wanted()
                self._size = 0
            if self._keeping:
                self._keep(raw, out)
            else:
                out.append(raw)
            if message is not None:
                self._inside = False
                if self._keeping:
                    out.append(self._rewritten(message))
                else:
                    self._note(message)
        return out[0] if len(out) == 1 else b"".join(out)

    def rest(self) -> bytes:
        """Return what was kept when the stream ended within a message."""
        rest = b"".join(self._kept) + self.scanner.rest()
        self._kept.clear()
        return rest

    def _keep(self, raw: bytes, out: list[bytes]) -> None:
        """Keep a piece; give up on a message that is too long, and pass it on after all."""
        self._kept.append(raw)
        self._size += len(raw)
        if self._size > READ_LIMIT:
            out += self._kept
            self._kept.clear()
            self._keeping = False

    def _rewritten(self, message: Message) -> bytes:
        raw = b"".join(self._kept)
        self._kept.clear()
        return self._rewrite(message, raw)
