from __future__ import annotations

from collections import Counter
from itertools import islice

from e2e.checkers.failures import is_read
from e2e.traffic.profiles import BLOCK_NUMBER, READS


def test_the_seed_decides_everything() -> None:
    first, again, other = (list(islice(READS.requests(seed), 200)) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_methods_come_as_often_as_they_weigh() -> None:
    seen = Counter(method for method, _ in islice(READS.requests(1), 10_000))
    for ask in READS.asks:
        assert abs(seen[ask.method] / 10_000 - ask.weight / 100) < 0.03, ask.method


def test_the_profiles_only_read() -> None:
    assert all(is_read(ask.method) for profile in (BLOCK_NUMBER, READS) for ask in profile.asks)
