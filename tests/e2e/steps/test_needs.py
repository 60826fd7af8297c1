"""A scenario is not played against a proxy of which its steps cannot see enough, or that does not claim its promise."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from e2e.checkers import CHECKERS
from e2e.promises import JUDGED_BY_CHECKERS, JUDGED_BY_STEPS, PROMISES
from e2e.steps import context, options
from e2e.steps.context import needs
from e2e.steps.needs import not_claimed
from e2e.steps.theatre import Theatre
from e2e.sut.profile import SEEN, Profile, ProfileError
from e2e.sut.profile_file import EXAMPLE


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
STEPS_FOLDER = Path(context.__file__).parent
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


def test_a_profile_that_does_not_claim_what_nobody_asks_for_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = EXAMPLE.read_text(encoding="utf-8") + '\n[not_claimed]\nreturns_hom = "it has none"\n'
    (tmp_path / "x.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ProfileError, match=r"x\.toml: not_claimed\.returns_hom: nobody asks for that; .* returns_home"):
        Theatre.open(options.read({"sut": "x.toml"}))
    assert not (tmp_path / "runs").exists()


def test_what_a_step_needs_a_profile_may_say_that_it_does_not_claim() -> None:
    calls = (
        each
        for file in STEPS_FOLDER.glob("*.py")
        for each in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "needs"
    )
    needed = {str(name.value) for call in calls for name in call.args if isinstance(name, ast.Constant)}
    assert "failing_methods" in needed
    assert {name for name in needed if not name.startswith(("{", "setting."))} <= SEEN


# What a step must not touch without saying so; `carrying` in a step about faults only prefers who is in use.
LOOKS = re.compile(r"\bstatus\(|endpoints\.(status|ready|health|metrics|consensus)|meta\.metrics\[|wait_for_tier\(")


@pytest.mark.parametrize("file", sorted(STEPS_FOLDER.glob("*.py")), ids=lambda file: file.stem)
def test_every_step_that_looks_at_a_page_or_a_metric_says_that_it_needs_it(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    silent = []
    for function in (node for node in tree.body if isinstance(node, ast.FunctionDef)):
        said = [ast.unparse(each) for each in function.decorator_list]
        is_step = any(each.startswith(("given(", "when(", "then(", "step(")) for each in said)
        if is_step and LOOKS.search(ast.unparse(function)) and not any(each.startswith("needs(") for each in said):
            silent.append(function.name)
    assert silent == []
