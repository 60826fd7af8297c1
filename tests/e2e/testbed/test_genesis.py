from __future__ import annotations

from e2e.beacon.accounts import dev_accounts
from e2e.testbed.genesis import genesis


def test_every_dev_account_is_funded() -> None:
    alloc = genesis()["alloc"]
    assert all(int(alloc[account.address]["balance"], 16) > 10**21 for account in dev_accounts())


def test_every_fork_is_active_from_the_start() -> None:
    config = genesis()["config"]
    forks = {key: value for key, value in config.items() if key.endswith(("Block", "Time"))}
    assert {"londonBlock", "shanghaiTime", "cancunTime", "pragueTime", "osakaTime"} <= set(forks)
    assert set(forks.values()) == {0}
    assert config["terminalTotalDifficulty"] == 0


def test_the_contracts_that_forks_call_are_there() -> None:
    contracts = [account for account in genesis()["alloc"].values() if "code" in account]
    assert len(contracts) == 4
