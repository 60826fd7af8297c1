"""What a step has to see of the proxy under test: a page, a metric, who carries clients, a setting of its config.

Steps say so themselves; a scenario is looked through before it is played, and skipped, visibly, where the profile of
the proxy lacks what one of its steps needs, or does not claim the promise that it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from e2e.steps.conclusion import TAG
from e2e.steps.context import NEEDS
from e2e.sut.profile import SETTING
from e2e.sut.topology import settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from e2e.sut.profile import Profile

NOT_CLAIMED: Final = "not claimed: "


def not_claimed(scenario: Any, tags: Sequence[str], profile: Profile) -> str | None:
    """Return why this proxy is not to be judged by the scenario, None if it is.

    `scenario` is behave's, with `find_match`, which gives the function and the arguments of a step.
    """
    promises = [tag.removeprefix(TAG) for tag in tags if tag.startswith(TAG)]
    reasons = [f"{name}: {profile.not_claimed[name]}" for name in promises if name in profile.not_claimed]
    if not reasons and (missing := profile.lacks(_needs(scenario, tags))) is not None:
        reasons = [missing]
    return NOT_CLAIMED + "; ".join(reasons) if reasons else None


def _needs(scenario: Any, tags: Sequence[str]) -> Iterator[str]:
    yield from (f"{SETTING}{name}" for name in settings(tags))
    for step in scenario.all_steps:
        match = scenario.find_match(step)
        if match is not None:
            values = {each.name: each.value for each in match.arguments}
            yield from (need.format(**values) for need in getattr(match.func, NEEDS, ()))
