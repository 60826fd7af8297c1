from __future__ import annotations

import json
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from e2e.traffic.ids import FIRST, POLICIES, SHAPES, mixed, reused, sequential, twins


def take(policy: str, count: int, busy: frozenset[str] = frozenset()) -> list[str]:
    return list(islice(POLICIES[policy](busy.__contains__), count))


@pytest.mark.parametrize("policy", POLICIES)
@given(out=st.frozensets(st.sampled_from([*SHAPES, *map(str, range(1, 30)), str(FIRST), '"n1"'])))
def test_no_id_that_is_out_is_given_again(policy: str, out: frozenset[str]) -> None:
    assert not out & set(take(policy, 40, out))


@pytest.mark.parametrize("policy", POLICIES)
def test_every_id_is_json(policy: str) -> None:
    for text in take(policy, 40):
        json.loads(text)


def test_sequential_ids_never_repeat() -> None:
    assert len(set(islice(sequential(lambda _: False), 100))) == 100


def test_reused_ids_are_the_lowest_that_are_free() -> None:
    out = {"1", "2", "4"}
    ids = reused(out.__contains__)
    assert next(ids) == "3"
    out.remove("1")
    assert next(ids) == "1"


def test_twins_are_one_number_in_three_spellings() -> None:
    out: set[str] = set()
    for text in islice(twins(out.__contains__), 6):
        out.add(text)
    assert out == {"1", '"1"', "1.0", "2", '"2"', "2.0"}


def test_mixed_ids_have_every_json_type_of_an_id() -> None:
    kinds = {type(json.loads(text)) for text in islice(mixed(lambda _: False), len(SHAPES))}
    assert kinds == {int, float, str}


def test_mixed_ids_go_on_when_all_shapes_are_out() -> None:
    assert next(mixed(set(SHAPES).__contains__)) == '"n1"'
