"""A scenario is not played against a proxy of which its steps cannot see enough, or that does not claim its promise."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from e2e.checkers import CHECKERS
from e2e.promises import JUDGED_BY_CHECKERS, JUDGED_BY_STEPS, PROMISES
from e2e.steps.context import needs
from e2e.steps.needs import not_claimed
from e2e.sut.profile import Profile


@needs("{page}")
def fetch(page: str) -> None: ...


@needs("carriers")
def metrics_show() -> None: ...


def ask() -> None: ...


STEPS = {
    "I fetch the status page": SimpleNamespace(func=fetch, arguments=[SimpleNamespace(name="page", value="status")]),
    "metrics show": SimpleNamespace(func=metrics_show, arguments=[]),
    "I ask": SimpleNamespace(func=ask, arguments=[]),
}
NOTHING = Profile("bare", "bare", {"http": "/", "ws": "/"})
ALL = replace(NOTHING, paths={"http": "/", "ws": "/", "status": "/s"}, carriers="links", settings={"size": "1"})


def scenario(*steps: str) -> Any:
    return SimpleNamespace(all_steps=steps, find_match=STEPS.get)


@pytest.mark.parametrize(
    ("steps", "tags", "reason"),
    [
        (("I ask",), (), None),
        (("I ask", "what is this?"), (), None),
        (("I ask", "I fetch the status page"), (), "not claimed: status: the profile bare has none"),
        (("metrics show",), (), "not claimed: carriers: the profile bare has none"),
        (("I ask",), ("setting.size=2",), "not claimed: setting.size: the profile bare has none"),
    ],
)
def test_what_a_step_needs_to_see_has_to_be_in_the_profile(
    steps: tuple[str, ...], tags: tuple[str, ...], reason: str | None
) -> None:
    assert not_claimed(scenario(*steps), tags, NOTHING) == reason
    assert not_claimed(scenario(*steps), tags, ALL) is None


def test_the_profile_may_say_why() -> None:
    told = replace(NOTHING, not_claimed={"status": "nobody would read it"})
    assert not_claimed(scenario("I fetch the status page"), (), told) == "not claimed: status: nobody would read it"


def test_a_scenario_about_a_promise_that_is_not_claimed_is_not_played() -> None:
    modest = replace(ALL, not_claimed={"returns_home": "it has no home"})
    assert (
        not_claimed(scenario("I ask"), ("promise.returns_home",), modest) == "not claimed: returns_home: it has no home"
    )
    assert not_claimed(scenario("I ask"), ("promise.fails_over",), modest) is None


def test_every_checker_has_its_sentence() -> None:
    assert {*CHECKERS} - {"run_was_fair"} == {*JUDGED_BY_CHECKERS}
    assert not JUDGED_BY_CHECKERS.keys() & JUDGED_BY_STEPS.keys()
    assert len(PROMISES) == len(JUDGED_BY_CHECKERS) + len(JUDGED_BY_STEPS)
