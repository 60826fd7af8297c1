"""Words for what a client was told of the chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from simulation.chain import Block
    from tests.proxy.session.stage import Stage


def numbers(stage: Stage, heads: str) -> list[int]:
    return [int(head["number"], 16) for head in stage.events(heads)]


def logs_of(blocks: list[Block]) -> list[Any]:
    return [orjson.loads(log.text) for block in blocks for log in block.logs]


def removed(blocks: list[Block]) -> list[Any]:
    return [orjson.loads(log.gone) for block in blocks for log in reversed(block.logs)]


def away(stage: Stage, *names: str) -> None:
    """These nodes are lost; the client is carried by another."""
    stage.lose(*names)
    stage.wait(0.3)
    assert stage.carrier not in (None, *names)
