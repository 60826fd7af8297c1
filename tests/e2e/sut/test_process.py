"""Proxies under test that are a few lines of Python each, and do not all behave."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import requests

from e2e.sut import process as module
from e2e.sut import readiness
from e2e.sut.process import SutProcess
from e2e.sut.profile import Profile, Upstream
from e2e.sut.profile_file import load
from e2e.sut.protocol import SutError
from e2e.testbed.protocol import NodeUrls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NODES = (Upstream("el-1-primary", primary=True, urls=NodeUrls("http://127.0.0.1:1", "ws://127.0.0.1:1")),)
COMMAND = "{python} {config} {host} {port}"
# Serves what PAGES says; the config file is the program.
SERVER = """
import signal, sys
from http.server import BaseHTTPRequestHandler, HTTPServer

PAGES = $pages

class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        status, text = PAGES.get(self.path, (404, ""))
        self.send_response(status)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

def leave(*_):
    sys.exit(7)

signal.signal(signal.SIGTERM, $on_term)
print("serving", "$$$$", flush=True)
HTTPServer((sys.argv[1], int(sys.argv[2])), Page).serve_forever()
"""
PATHS = {"http": "/el", "ws": "/el/ws", "health": "/health"}


def profile(
    program: str = SERVER,
    pages: str = '{"/health": (200, ""), "/el": (200, "{\\"result\\": 1}")}',
    on_term: str = "leave",
    **changes: object,
) -> Profile:
    text = program.replace("$pages", pages).replace("$on_term", on_term)
    plain = Profile("fake", COMMAND, PATHS, "server.py", text)
    return replace(plain, **changes)  # type: ignore[arg-type]  # fields by name


@pytest.fixture
def sut(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SutProcess]:
    (tmp_path / "logs").mkdir()
    process = SutProcess(getattr(request, "param", profile()), NODES, {}, tmp_path)
    yield process
    process.stop()


def refusal(sut: SutProcess) -> str:
    with pytest.raises(SutError) as caught:
        sut.start()
    assert sut.stop() is None or sut.exit_code is not None
    return str(caught.value)


def test_it_serves_when_started_and_its_exit_code_is_kept(sut: SutProcess) -> None:
    assert sut.exit_code is None
    sut.start()
    assert sut.exit_code is None
    assert requests.get(sut.endpoints.health or "", timeout=5).ok
    assert "serving" in sut.log.read_text()
    assert sut.stop() == 7
    assert sut.stop() == 7


@pytest.mark.parametrize("sut", [profile(on_term="signal.SIG_IGN")], indirect=True)
def test_one_that_does_not_leave_is_killed(sut: SutProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LEAVES_WITHIN", 0.2)
    sut.start()
    assert sut.stop() == -9


@pytest.mark.parametrize("sut", [profile(command="vixy-of-nowhere --config {config}")], indirect=True)
def test_a_command_that_is_not_there_says_what_to_do(sut: SutProcess) -> None:
    assert 'vixy-of-nowhere is not there or not executable; give a command that is: -D sut.command="' in refusal(sut)


@pytest.mark.parametrize("sut", [profile(command="{python} {conf}")], indirect=True)
def test_an_unknown_placeholder_lists_the_known_ones(sut: SutProcess) -> None:
    message = refusal(sut)
    assert "{conf}" in message
    assert "placeholders are {python}, {config}, {listen}" in message


@pytest.mark.parametrize("sut", [profile(command="vixy-of-nowhere", install="grow it")], indirect=True)
def test_a_profile_says_how_to_get_its_program(sut: SutProcess) -> None:
    assert refusal(sut) == "cannot start the proxy under test: vixy-of-nowhere is not there or not executable; grow it"


BARE = {"http": "/el", "ws": "/"}
PAGES = '{"/el": (200, "{\\"result\\": 1}"), "/refused": (403, "not you")}'


@pytest.mark.parametrize("sut", [profile(pages=PAGES, paths=BARE)], indirect=True)
def test_one_without_pages_is_ready_when_it_answers_a_call(sut: SutProcess) -> None:
    sut.start()
    with requests.Session() as session:
        assert readiness._call(session, sut.endpoints.http) is None
        refused = sut.endpoints.http.replace("/el", "/refused")
        assert readiness._call(session, refused) == "HTTP 403 'not you'"


@pytest.mark.parametrize("sut", [profile("import sys; sys.exit('port 80 is in use')")], indirect=True)
def test_one_that_ends_early_is_quoted(sut: SutProcess) -> None:
    message = refusal(sut)
    assert "ended with exit code 1 before it was ready" in message
    assert "port 80 is in use" in message
    assert sys.executable in message


@pytest.mark.parametrize("sut", [profile(pages="{}")], indirect=True)
def test_one_that_never_becomes_ready_is_ended(sut: SutProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "READY_WITHIN", 0.5)
    message = refusal(sut)
    assert "not within 0.5 s" in message
    assert "/health answers 200" in message
    assert sut.exit_code is not None


METRICS = '{"/health": (200, ""), "/ready": (200, ""), "/metrics": (200, "healthy{node=\\"el-1-primary\\"} %d\\n")}'
WITH_METRICS: dict[str, Any] = {
    "paths": {**PATHS, "ready": "/ready", "metrics": "/metrics"},
    "metrics": {"node_healthy": "healthy"},
}


@pytest.mark.parametrize("sut", [profile(pages=METRICS % 1, **WITH_METRICS)], indirect=True)
def test_it_is_ready_once_its_nodes_are_healthy(sut: SutProcess) -> None:
    sut.start()


@pytest.mark.parametrize("sut", [profile(pages=METRICS % 0, **WITH_METRICS)], indirect=True)
def test_one_that_does_not_find_its_nodes_is_not_ready(sut: SutProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "READY_WITHIN", 5.0)  # for each of three pages, of which two come
    assert "healthy is 1 for ['el-1-primary']" in refusal(sut)


def test_a_version_is_asked_for_and_may_be_unknown() -> None:
    asked = "{python} -c 'print(7)'"
    assert module.version(profile(version=asked)) == "7"
    for command in ("", "vixy-of-nowhere --version", "{python} -c 'raise SystemExit(1)'"):
        assert module.version(profile(version=command)) == "unknown"


def test_our_own_version_is_known() -> None:
    assert module.version(load("vixy-py")) != "unknown"
