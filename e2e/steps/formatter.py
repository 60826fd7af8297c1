"""behave's output as one line a scenario, and below it, when it failed, why."""

from __future__ import annotations

import time
from typing import Any

from behave.formatter.base import Formatter


class ScenarioLines(Formatter):  # type: ignore[misc]  # behave ships no types
    """Register it as in behave.ini, and use it with `--format lines`."""

    name = "lines"
    description = "one line a scenario"

    def __init__(self, stream_opener: Any, config: Any) -> None:
        super().__init__(stream_opener, config)
        self.stream = self.open()
        self._current: Any = None
        self._began = 0.0

    def scenario(self, scenario: Any) -> None:
        """Write the line of the scenario before; this one's has to wait for its end."""
        self._finish()
        self._current = scenario
        self._began = time.monotonic()

    def eof(self) -> None:
        """Write the last line of a feature."""
        self._finish()

    def _finish(self) -> None:
        scenario, self._current = self._current, None
        if scenario is None:
            return
        took = time.monotonic() - self._began
        self.stream.write(f"{scenario.status.name:8} {took:5.1f} s  {scenario.location}  {scenario.name}\n")
        if scenario.skip_reason:
            self.stream.write(f"    {scenario.skip_reason}\n")
        failed = scenario.status.has_failed() and not scenario.hook_failed  # behave prints the errors of hooks itself
        for part in self._why(scenario) if failed else []:
            self.stream.write("".join(f"    {line}\n" for line in part.splitlines()))
        self.stream.flush()

    def _why(self, scenario: Any) -> list[str]:
        steps = [step for step in scenario.all_steps if step.error_message]
        parts = [f"{step.keyword} {step.name}\n{step.error_message}" for step in steps]
        conclusion = getattr(scenario, "conclusion", None)
        if conclusion is not None and not any(str(conclusion) in part for part in parts):
            parts.append(str(conclusion))
        return parts
