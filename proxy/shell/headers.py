"""What of a message's head goes on to the next hop, and what this hop must know of it: one pass over the headers."""

from __future__ import annotations

from typing import Final, Generic, NamedTuple, TypeAlias, TypeVar

Headers: TypeAlias = list[tuple[bytes, bytes]]
Head = TypeVar("Head")

# RFC 9110, section 7.6.1
_HOP_BY_HOP: Final = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    )
)
# Host and Content-Length are written anew for the node, Expect is answered by each hop for itself
_OF_THE_CLIENT_ONLY: Final = _HOP_BY_HOP | {b"content-length", b"expect", b"host", b"http2-settings"}
# what a WebSocket server must know of an upgrade, or refuse
_HANDSHAKE: Final = frozenset(
    (b"content-length", b"sec-websocket-key", b"sec-websocket-version", b"transfer-encoding", b"upgrade")
)
_PLAIN_CONNECTION: Final = frozenset((b"keep-alive", b"close"))


class RequestHead(NamedTuple):
    """`path` is without query and trailing slashes; `old`: HTTP/1.0.

    `lines` are the end-to-end headers, each with its CRLF; `length` the Content-Length, 0 if there is none, None if
    the body is chunked. `expects`: the client waits for 100 Continue before it sends the body.
    """

    method: bytes
    target: bytes
    path: bytes
    query: bytes
    headers: Headers
    lines: bytes
    length: int | None
    expects: bool
    keep_alive: bool
    old: bool

    def text(self, *, without: bytes = b"") -> bytes:
        """The head as bytes, up to and with the empty line; `without` the header of that name (in lower case)."""
        lines = b"".join([b"%b: %b\r\n" % pair for pair in self.headers if pair[0].lower() != without])
        return b"%b %b HTTP/1.%d\r\n%b\r\n" % (self.method, self.target, 0 if self.old else 1, lines)

    def handshake(self) -> bytes:
        """The head of an upgrade, in short: for picows, which takes neither long heads nor what Firefox writes.

        That is `Connection: keep-alive, Upgrade`: whoever read this head has found the word in it.
        """
        lines = b"".join([b"%b: %b\r\n" % pair for pair in self.headers if pair[0].lower() in _HANDSHAKE])
        first = b"%b %b HTTP/1.%d" % (self.method, self.path, 0 if self.old else 1)
        return b"%b\r\nConnection: Upgrade\r\n%b\r\n" % (first, lines)


class ResponseHead(NamedTuple):
    """`lines` are the end-to-end headers but Content-Length, in order, repeated ones apart, each with its CRLF.

    `length` is the Content-Length as it was written. `bodiless`: a body cannot follow, whatever the headers say.
    `endless`: a stream of events.
    """

    status: int
    reason: bytes
    lines: bytes
    length: bytes | None
    bodiless: bool
    endless: bool
    retry_after: bytes | None


def read_request(method: bytes, target: bytes, headers: Headers, *, keep_alive: bool, old: bool) -> RequestHead:
    length: int | None = 0
    expects = False
    named: bytes | None = None
    kept = []
    for pair in headers:
        name = pair[0].lower()
        if name not in _OF_THE_CLIENT_ONLY:
            kept.append(pair)
        elif name == b"content-length":
            length = int(pair[1])
        elif name == b"transfer-encoding":
            length = None
        elif name == b"expect":
            expects = not old and pair[1].lower() == b"100-continue"
        elif name == b"connection" and pair[1].lower() not in _PLAIN_CONNECTION:
            named = pair[1] if named is None else named + b"," + pair[1]
    target = _origin_form(target)
    path, _, query = target.partition(b"?")
    path = path.rstrip(b"/") or b"/"
    return RequestHead(method, target, path, query, headers, _lines(kept, named), length, expects, keep_alive, old)


def read_response(status: int, reason: bytes, headers: Headers, *, bodiless: bool) -> ResponseHead:
    length: bytes | None = None
    retry_after: bytes | None = None
    named: bytes | None = None
    endless = False
    kept = []
    for pair in headers:
        name = pair[0].lower()
        if name == b"content-length":
            length = pair[1]
            continue
        if name not in _HOP_BY_HOP:
            kept.append(pair)
        elif name == b"connection" and pair[1].lower() not in _PLAIN_CONNECTION:
            named = pair[1] if named is None else named + b"," + pair[1]
        if name == b"content-type":
            endless = not bodiless and pair[1].startswith(b"text/event-stream")
        elif name == b"retry-after":
            retry_after = pair[1]
    return ResponseHead(status, reason, _lines(kept, named), length, bodiless, endless, retry_after)


def _lines(kept: Headers, named: bytes | None) -> bytes:
    """`named`: the value of a Connection header that names other headers of this hop."""
    if named is not None:
        tokens = {token.strip().lower() for token in named.split(b",")}
        kept = [pair for pair in kept if pair[0].lower() not in tokens]
    return b"".join([b"%b: %b\r\n" % pair for pair in kept])


def _origin_form(target: bytes) -> bytes:
    """'http://host/path?query' as '/path?query'; '*' and the like stay as they are."""
    _, mark, rest = target.partition(b"://")
    if target.startswith(b"/") or not mark:
        return target
    slash = rest.find(b"/")
    return rest[slash:] if slash >= 0 else b"/"


class Heads(dict[bytes, Head], Generic[Head]):
    """Heads seen before, by their bytes up to and with the empty line.

    Clients and nodes send the same few heads over and over, and equal bytes mean the same: what is known need not be
    parsed again. This saves two thirds of the time that HTTP takes (tests hold that both ways agree).
    """

    _MOST: Final = 1024
    _LONGEST: Final = 4096

    def learn(self, data: bytes, length: int, head: Head) -> None:
        """Remember `head` if `data` is exactly one message with a body of `length` bytes."""
        end = data.find(b"\r\n\r\n") + 4
        if end + length == len(data) and end <= self._LONGEST:
            if len(self) >= self._MOST:
                self.clear()
            self[data[:end]] = head
