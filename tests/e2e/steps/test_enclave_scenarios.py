"""behave's own command line with a testbed that cannot play everything: a fake engine, so nothing is played here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from e2e.testbed.kurtosis import enclave
from tests.e2e.steps.test_scenarios import behave, cases
from tests.fakes.land import Land, land

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SILENT = "Failover does not wait for a consensus node that never answers"


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Land]:
    """An engine where the suite looks for one; runs and reports go to the current directory."""
    monkeypatch.chdir(tmp_path)
    with land(tmp_path) as there:
        made = enclave.Enclave.__init__

        def on_the_fake(self: enclave.Enclave, name: str | None = None, **given: Any) -> None:
            engine = {"engine": there.engine.address, "docker_host": there.engine.docker_host}
            made(self, name, **{"package": there.package, **given, **engine})

        monkeypatch.setattr(enclave.Enclave, "__init__", on_the_fake)
        yield there


def test_a_scenario_that_an_enclave_cannot_play_is_skipped_and_says_why(
    there: Land, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert behave("-D", "testbed=kurtosis", scenarios=(SILENT,)) == 0
    told = capfd.readouterr().out
    assert "skipped " in told
    assert "    not on the testbed kurtosis: " in told
    assert told.splitlines()[-1] == "0 passed, 0 failed, 1 skipped"
    (case,) = cases(tmp_path / "reports/junit")
    (skipped,) = case.iter("skipped")
    assert (skipped.get("message") or "").startswith("not on the testbed kurtosis: ")
    assert there.engine._world.enclaves == {}
