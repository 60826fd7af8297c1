"""Services by their identifiers."""

from __future__ import annotations

import pytest

from kurtosis_sdk import ServiceIdentifier, ServiceIdentifiers, ServiceNotFoundError


def test_an_identifier_that_names_two_is_not_guessed_at() -> None:
    known = ServiceIdentifiers(
        (ServiceIdentifier("a" * 32, "web", "a" * 12), ServiceIdentifier("b" * 32, "web", "b" * 12))
    )
    assert known.get_ordered_list_of_names() == ["web"]
    assert known.get_service_uuid_for_identifier("a" * 32) == "a" * 32
    assert known.get_service_uuid_for_identifier("b" * 12) == "b" * 32
    with pytest.raises(ServiceNotFoundError, match="more than one service"):
        known.get_service_uuid_for_identifier("web")
    with pytest.raises(ServiceNotFoundError, match="never had a service 'db'"):
        known.get_service_uuid_for_identifier("db")
