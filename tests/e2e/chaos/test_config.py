"""Tables of chaos, as a scenario has them."""

from __future__ import annotations

import pytest

from e2e.chaos.config import PRESETS, QUIET, ChaosConfig, from_table


def test_the_table_of_the_scenario_is_understood() -> None:
    config = from_table({"node_failures": "10% per minute", "network_delays": "0-5000ms", "slow_responses": "20%"})
    assert config.node_failure_probability == pytest.approx(0.1)
    assert config.network_delay_ms == (0, 5000)
    assert config.network_delay_probability > 0
    assert config.slow_response_probability == pytest.approx(0.2)
    assert config.reorg_probability == config.ws_reset_probability == 0, "what is not in the table does not happen"
    assert config == PRESETS["table"]


@pytest.mark.parametrize(
    ("text", "per_minute"), [("10% per minute", 0.1), ("1% per second", 0.6), ("60% per hour", 0.01), ("5 %", 0.05)]
)
def test_shares_may_be_per_second_minute_or_hour(text: str, per_minute: float) -> None:
    assert from_table({"node_failures": text}).node_failure_probability == pytest.approx(per_minute)


@pytest.mark.parametrize(
    ("name", "text"), [("node_failures", "often"), ("network_delays", "20%"), ("earthquakes", "10%"), ("slow", "1%")]
)
def test_what_is_not_understood_is_refused_with_what_there_is(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"node_failures \('10% per minute'\)"):
        from_table({name: text})


def test_nothing_is_as_quiet_as_quiet() -> None:
    chances = {name: getattr(QUIET, name) for name in ChaosConfig.__slots__ if name.endswith("_probability")}
    assert set(chances.values()) == {0.0}
    assert len(chances) >= 9
