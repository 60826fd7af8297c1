from __future__ import annotations

import pytest

from e2e.steps.options import KNOWN, OptionError, read


def test_nothing_given_is_the_main_job_with_a_seed_of_its_own() -> None:
    options = read({"behave.reporter.summary.output_format": "v1"})
    assert (options.testbed, options.sut, options.command, options.pace) == ("local", "vixy-py", None, "quick")
    assert options.block_time == 1.0
    assert not options.keep
    assert read({}).seed != read({}).seed


def test_everything_can_be_given() -> None:
    given = {
        "sut": "x.toml",
        "sut.command": "vixy {config}",
        "seed": "7",
        "block_time": "0.5",
        "pace": "full",
        "keep": "1",
    }
    options = read(given)
    assert (options.sut, options.command, options.seed, options.block_time) == ("x.toml", "vixy {config}", 7, 0.5)
    assert options.pace == "full"
    assert options.keep


def test_an_enclave_and_an_image_are_for_kurtosis() -> None:
    options = read({"testbed": "kurtosis", "enclave": "mine", "sut.image": "vixy:2"})
    assert (options.testbed, options.enclave, options.image) == ("kurtosis", "mine", "vixy:2")
    assert read({}).enclave is None
    for name in ("enclave", "sut.image"):
        with pytest.raises(OptionError, match=f"-D {name}=x: needs -D testbed=kurtosis"):
            read({name: "x"})
    with pytest.raises(OptionError, match="-D block_time: an enclave that runs already has a block time of its own"):
        read({"testbed": "kurtosis", "enclave": "mine", "block_time": "2"})


def test_an_unknown_option_suggests_the_nearest_and_lists_all() -> None:
    with pytest.raises(OptionError, match=r"no such option, did you mean sut.command\?") as caught:
        read({"sut.comand": "x"})
    assert all(f"-D {name}=" in str(caught.value) for name in KNOWN)
    with pytest.raises(OptionError, match=r"-D xyz: no such option\. There are:\n"):
        read({"xyz": "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[("testbed", "moon"), ("pace", "slow"), ("keep", "true"), ("block_time", "0"), ("block_time", "nan")],
        *[("seed", "x"), ("seed", "-1"), ("seed", "1.7"), ("seed", "1e3"), ("sut.command", ""), ("sut", " ")],
    ],
)
def test_a_value_that_cannot_be_used_says_what_can(name: str, value: str) -> None:
    with pytest.raises(OptionError, match=f"-D {name}={value.strip()}: must (not )?be"):
        read({name: value})


def test_a_seed_is_the_one_that_was_asked_for_however_large() -> None:
    assert read({"seed": "12345678901234567891"}).seed == 12345678901234567891


def test_keep_says_yes_or_no() -> None:
    assert read({"keep": "1"}).keep
    assert not read({"keep": "0"}).keep
