"""Hypothesis' profiles, chosen with HYPOTHESIS_PROFILE: `nightly` tries new examples each time, the others the same."""

from __future__ import annotations

import os

from hypothesis import settings

# no deadline: the machine is shared, and slow is not wrong
settings.register_profile("dev", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("nightly", max_examples=10_000, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))
