"""A mutant that does not apply any more is an error, never a silent pass."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from mutants.patch import PatchError, constant, edit, swap

if TYPE_CHECKING:
    from collections.abc import Callable


def refuse(_counter: Any, _amount: int = 1) -> int:
    return 0


class Counter:
    """Something to break: `edit` reads its source."""

    def __init__(self) -> None:
        self.total = 0

    def add(self, amount: int = 1) -> int:
        self.total += amount
        return self.total

    HANDLERS: ClassVar = {"add": add}


@pytest.fixture
def broken() -> type[Counter]:
    """A class of its own for each test, and a table of its own."""
    own = {**vars(Counter), "HANDLERS": dict(Counter.HANDLERS)}
    return types.new_class("Copy", (), exec_body=lambda body: body.update(own))


def test_a_swapped_function_is_replaced_and_given_back(broken: type[Counter]) -> None:
    def add(counter: Counter, amount: int = 1) -> int:
        return -int(original(counter, amount))

    original = swap(broken, "add", add)
    assert broken().add(3) == -3


def test_swapping_what_is_not_there_is_an_error(broken: type[Counter]) -> None:
    with pytest.raises(PatchError, match=r"subtract is no function"):
        swap(broken, "subtract", lambda _counter: None)


@pytest.mark.parametrize("other", [lambda _counter: 0, lambda _counter, _amount=2: 0, lambda _counter, _amount: 0])
def test_swapping_for_other_parameters_is_an_error(broken: type[Counter], other: types.FunctionType) -> None:
    with pytest.raises(PatchError, match="takes"):
        swap(broken, "add", other)


def test_an_edited_function_has_the_bug_and_nothing_else(broken: type[Counter]) -> None:
    edit(broken, "add", "+= amount", "-= amount")
    assert broken().add(3) == -3


@pytest.mark.parametrize("change", [lambda kind: edit(kind, "add", "+=", "-="), lambda kind: swap(kind, "add", refuse)])
def test_what_is_called_from_a_table_is_broken_there_too(
    broken: type[Counter], change: Callable[[Any], object]
) -> None:
    change(broken)
    assert broken.HANDLERS["add"](broken(), 3) != 3
    assert Counter.HANDLERS["add"](Counter(), 3) == 3


@pytest.mark.parametrize("old", ["+= nothing", "total"])
def test_editing_what_does_not_stand_there_once_is_an_error(broken: type[Counter], old: str) -> None:
    with pytest.raises(PatchError, match="times what is to be broken"):
        edit(broken, "add", old, "")


def test_a_constant_that_is_gone_is_an_error() -> None:
    module = types.ModuleType("settings")
    vars(module)["LIMIT"] = 3
    constant(module, "LIMIT", 4)
    assert vars(module)["LIMIT"] == 4
    with pytest.raises(PatchError, match=r"settings\.BOUND"):
        constant(module, "BOUND", 4)
