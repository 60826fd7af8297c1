"""Nodes behind TLS."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from picows import WSListener, WSTransport
from websockets.asyncio.server import serve as serve_websockets

from proxy.shell import outbound, picows_seam
from proxy.shell.endpoint import Endpoint
from proxy.shell.pool import Pool
from proxy.shell.probes import ProbeError, ask

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.usefixtures("_trust_read_anew"),
    pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificate"),
]


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    await writer.drain()
    writer.close()


@pytest.fixture
def _trust_read_anew() -> Iterator[None]:
    outbound._trust.cache_clear()
    yield
    outbound._trust.cache_clear()


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return key, certificate


def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate[1], certificate[0])
    return context


@pytest.mark.parametrize("trusted", [True, False])
async def test_https_with_a_certificate_that_is_checked(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, *, trusted: bool
) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context(certificate))
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    port = server.sockets[0].getsockname()[1]
    pool = Pool(Endpoint(f"https://127.0.0.1:{port}"))
    request = pool.endpoint.request(b"GET", b"", b"", b"", None)
    if trusted:
        assert await ask(pool, request, new=False) == (200, b"hi")
    else:
        with pytest.raises(ProbeError, match="no connection"):
            await ask(pool, request, new=False)
    pool.close()
    server.close()


async def test_the_certificate_is_held_against_the_name_that_was_dialled(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is for localhost and 127.0.0.1, where both names lead."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, port, **options: found("127.0.0.1", port, **options))
    async with secure_lane(certificate) as port:
        await dial("localhost", port)
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            await dial("other.test", port)


async def test_the_name_that_a_certificate_is_not_for_is_told_nobody(
    certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label of it may be a key; what is said of a dial reaches clients, the log and /status."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    found = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda _, port, **options: found("127.0.0.1", port, **options))
    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=server_context(certificate))
    pool = Pool(Endpoint(f"https://0a1b2c3d4e5f60718293a4b5.test:{server.sockets[0].getsockname()[1]}"))
    with pytest.raises(ProbeError) as told:
        await ask(pool, pool.endpoint.request(b"GET", b"", b"", b"", None), new=False)
    pool.close()
    server.close()
    assert str(told.value) == "no connection: certificate: Hostname mismatch"


@asynccontextmanager
async def secure_lane(certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    """The port of a WebSocket server behind TLS."""
    async with serve_websockets(
        lambda connection: connection.wait_closed(), "127.0.0.1", 0, ssl=server_context(certificate)
    ) as server:
        yield next(iter(server.sockets)).getsockname()[1]


class _Leaver(WSListener):
    def on_ws_connected(self, transport: WSTransport) -> None:
        transport.disconnect()


async def dial(host: str, port: int) -> None:
    await picows_seam.connect(f"wss://{host}:{port}", _Leaver(), [], 1000)


async def test_wss_links_share_what_is_trusted(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate[1]))
    async with secure_lane(certificate) as port:
        await asyncio.gather(*(dial("127.0.0.1", port) for _ in range(5)))
    assert (outbound._trust.cache_info().misses, outbound._trust.cache_info().hits) == (1, 4)


async def test_wss_with_a_certificate_that_nobody_trusts(certificate: tuple[Path, Path]) -> None:
    async with secure_lane(certificate) as port:
        with pytest.raises(ssl.SSLCertVerificationError):
            await dial("127.0.0.1", port)
