"""What happens around features and scenarios: see `e2e.steps.environment`."""

from e2e.steps.environment import after_all, after_scenario, before_all, before_feature, before_scenario

__all__ = ["after_all", "after_scenario", "before_all", "before_feature", "before_scenario"]
