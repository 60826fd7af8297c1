from __future__ import annotations

import json
import os
import socket
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

import pytest

from e2e.testbed import ports
from e2e.testbed.ports import HOST, free_ports, is_free
from e2e.testbed.protocol import TestbedError

if TYPE_CHECKING:
    from pathlib import Path


def test_free_ports_differ_and_can_be_listened_on() -> None:
    found = free_ports(20)
    assert len(set(found)) == 20
    for port in found:
        with socket.create_server((HOST, port)):
            assert not is_free(port)


def test_free_ports_are_not_handed_to_outgoing_connections() -> None:
    assert max(free_ports(50)) < ports._ephemeral_start()


def test_two_processes_are_never_given_the_same_port(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ports, "_GIVEN", tmp_path / "given.json")
    monkeypatch.setattr(ports, "_ephemeral_start", lambda: 20)  # ten ports: 10 to 19
    monkeypatch.setattr(ports, "is_free", lambda _: True)
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        (others,) = {tuple(each) for each in pool.map(free_ports, [4])}
        assert not set(free_ports(6)) & set(others)
        with pytest.raises(TestbedError, match="no 7 free ports"):
            free_ports(7)
    assert len(free_ports(10)) == 10, "its process has ended"


def test_what_a_process_was_given_is_not_given_to_it_again_while_there_are_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(ports, "_GIVEN", tmp_path / "given.json")
    monkeypatch.setattr(ports, "_ephemeral_start", lambda: 20)
    assert sorted(free_ports(6) + free_ports(4)) == list(range(10, 20))
    assert len(free_ports(3)) == 3, "rather than none"


def test_a_table_that_its_writer_left_half_done_is_begun_anew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ports, "_GIVEN", tmp_path / "given.json")
    (tmp_path / "given.json").write_text('{"10000": 1, "100')
    found = free_ports(3)
    assert json.loads((tmp_path / "given.json").read_text()) == dict.fromkeys(map(str, found), os.getpid())


def test_a_port_with_connections_still_closing_is_free() -> None:
    (port,) = free_ports(1)
    with socket.create_server((HOST, port)) as server, socket.create_connection((HOST, port)):
        accepted, _ = server.accept()
        accepted.close()
    assert is_free(port)


def test_running_out_of_ports_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda _: False)
    with pytest.raises(TestbedError, match=r"no 2 free ports .* end what occupies them"):
        free_ports(2)
