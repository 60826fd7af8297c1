"""Step decorators: behave's, for steps whose scenario the testbed may find that it cannot play."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from e2e.testbed.protocol import CannotPlayError

Step = TypeVar("Step", bound=Callable[..., None])


class Decorator(Protocol):
    """Registers a step under a pattern, and gives it back as it is."""

    def __call__(self, pattern: str) -> Callable[[Step], Step]: ...


def playable(register: Any) -> Decorator:
    """Like behave's decorator `register`; its step skips the scenario, with the reason, on a CannotPlayError."""

    def of(pattern: str) -> Callable[[Step], Step]:
        def decorate(step: Step) -> Step:
            @functools.wraps(step)
            def play(context: Any, *args: Any, **kwargs: Any) -> None:
                try:
                    step(context, *args, **kwargs)
                except CannotPlayError as error:
                    context.scenario.skip(str(error))

            register(pattern)(play)
            return step

        return decorate

    return of
