from __future__ import annotations

import socket

import pytest

from e2e.testbed import ports
from e2e.testbed.ports import HOST, free_ports, is_free
from e2e.testbed.protocol import TestbedError


def test_free_ports_differ_and_can_be_listened_on() -> None:
    found = free_ports(20)
    assert len(set(found)) == 20
    for port in found:
        with socket.create_server((HOST, port)):
            assert not is_free(port)


def test_free_ports_are_not_handed_to_outgoing_connections() -> None:
    assert max(free_ports(50)) < ports._ephemeral_start()


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
