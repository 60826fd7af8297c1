from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.ledger.meta import BACKUP, PRIMARY, Meta

words = st.text(max_size=10)
metas = st.builds(
    Meta,
    scenario=words,
    tags=st.lists(words, max_size=3).map(tuple),
    seed=st.integers(),
    nodes=st.dictionaries(words, st.sampled_from([PRIMARY, BACKUP]), max_size=4),
    not_claimed=st.dictionaries(words, words, max_size=2),
    required=st.lists(words, max_size=3).map(tuple),
    patience=st.floats(0, 100),
    options=st.dictionaries(words, words, max_size=2),
)


@given(metas)
def test_what_a_run_was_survives_json(meta: Meta) -> None:
    assert Meta.from_json(json.loads(json.dumps(meta.to_json()))) == meta


@given(metas)
def test_every_node_is_of_one_tier(meta: Meta) -> None:
    assert sorted((*meta.tier(PRIMARY), *meta.tier(BACKUP))) == sorted(meta.nodes)


def test_a_key_that_nobody_knows_is_refused() -> None:
    with pytest.raises(TypeError, match="sead"):
        Meta.from_json({"scenario": "x", "sead": 7})
