"""Logs of services."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from kurtosis_sdk import LogLineFilter, LogLineOperator

if TYPE_CHECKING:
    from collections.abc import Callable


def say(service: Any, *lines: str) -> None:
    for line in lines:
        service.exec_command(["sh", "-c", f"echo {line} > /proc/1/fd/1"])


def logs_with(world: Any, enclave: Any, service: Any, wanted: str, **how: Any) -> list[str]:
    """The lines, once `wanted` is among them: collectors are late by seconds."""
    deadline = time.monotonic() + 30
    while True:
        stream = world.kurtosis.get_service_logs(enclave.get_enclave_name(), [service.get_service_uuid()], **how)
        texts = [line.text for line in stream]
        if wanted in texts or time.monotonic() > deadline:
            return texts
        time.sleep(0.2)


def test_logs_are_read_filtered_and_limited(
    world: Any, enclave: Any, service: Any, unique: Callable[[str], str]
) -> None:
    if not world.has_logs:
        pytest.skip("KURTOSIS_SDK_TEST_NO_LOGS is set: this engine has no log collectors")
    one, two = unique("one"), unique("two")
    say(service, one, two)
    everything = logs_with(world, enclave, service, two)
    assert everything.index(one) < everything.index(two)
    assert logs_with(world, enclave, service, two, num_log_lines=1) == [two]
    only = LogLineFilter(LogLineOperator.DOES_CONTAIN_TEXT, one)
    assert logs_with(world, enclave, service, one, filters=[only]) == [one]
    pattern = LogLineFilter(LogLineOperator.DOES_CONTAIN_MATCH_REGEX, f"^{two[:5]}.*{two[-4:]}$")
    assert logs_with(world, enclave, service, two, filters=[pattern]) == [two]


def test_logs_are_followed(world: Any, enclave: Any, service: Any, unique: Callable[[str], str]) -> None:
    if not world.has_logs:
        pytest.skip("KURTOSIS_SDK_TEST_NO_LOGS is set: this engine has no log collectors")
    marks = [unique("mark") for _ in range(3)]
    say(service, marks[0])
    logs_with(world, enclave, service, marks[0])
    uuids = [service.get_service_uuid()]
    seen = []
    with world.kurtosis.get_service_logs(enclave.get_enclave_uuid(), uuids, follow=True) as stream:
        for line in stream:
            if line.text in marks:
                seen.append(line.text)
                if len(seen) == len(marks):
                    break
                say(service, marks[len(seen)])
    assert seen == marks
    assert list(stream) == []


def test_a_service_without_logs_is_said_to_have_none(world: Any, enclave: Any) -> None:
    stream = world.kurtosis.get_service_logs(enclave.get_enclave_name(), ["0" * 32])
    assert list(stream) == []
    assert stream.not_found_service_uuids == {"0" * 32}
