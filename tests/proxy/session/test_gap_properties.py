"""The two properties that would have caught the incident, for any messages and any subscriptions."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from proxy import spans
from tests.proxy.jsontexts import Written, requests
from tests.proxy.session.stage import Stage

MESSAGES = st.lists(st.tuples(st.lists(requests(), min_size=1, max_size=3), st.booleans()), min_size=1, max_size=12)
SUBSCRIPTIONS = st.lists(
    st.sampled_from([["newHeads"], ["logs"], ["logs", {}], ["newPendingTransactions"], ["syncing"]]),
    min_size=1,
    max_size=10,
)
BREAKS = st.sampled_from(["nothing", "lose", "hold", "silence", "move"])


def ids_of(answer: bytes) -> bytes:
    """The ids in an answer as they are written, in order."""
    if answer.startswith(b"["):
        return b"[%b]" % b",".join(map(ids_of, spans.elements(answer)))
    start, end = spans.id_span(answer)
    return answer[start:end]


def break_something(stage: Stage, how: str) -> None:
    node = stage[stage.carrier or "P1"]
    match how:
        case "lose":
            node.drop()
        case "hold":
            node.holds = {"*"}
        case "silence":
            node.silent = True
            stage.wait(0.2)
        case "move":
            stage.route(*{"P1", "P2", "B1"} - {node.name})
            stage.wait(0.3)


def heal(stage: Stage) -> None:
    for node in stage.nodes.values():
        if node.silent:
            node.drop()
        stage.revive(node.name)
        node.release_all()
    stage.route("P1", "P2", "B1")
    stage.wait(20)


@given(MESSAGES, st.lists(BREAKS, max_size=12))
def test_all_client_messages_receive_responses(messages: list[tuple[list[Written], bool]], breaks: list[str]) -> None:
    """Each message gets exactly one answer with its own ids, digit for digit, whatever breaks between them."""
    stage = Stage("P1", "P2", "B1").start()
    expected: Counter[bytes] = Counter()
    for number, (written, batched) in enumerate(messages):
        texts = [b"[%b]" % b",".join(one.text for one in written)] if batched else [one.text for one in written]
        for text in texts:
            stage.send(text)
        groups = [written] if batched else [[one] for one in written]
        for group in groups:
            ids = [one.id for one in group if one.id is not None]
            if ids:
                expected[b"[%b]" % b",".join(ids) if batched else ids[0]] += 1
        if number < len(breaks):
            break_something(stage, breaks[number])
    heal(stage)
    answers = [frame for frame in stage.frames if b'"eth_subscription"' not in frame]
    assert Counter(map(ids_of, answers)) == expected
    assert stage.session.open_calls == 0


@given(
    SUBSCRIPTIONS, st.lists(st.sampled_from(["lose", "silence", "move"]), min_size=1, max_size=3), st.integers(0, 20)
)
def test_no_unexpected_messages_after_reconnection(asked: list[list[Any]], breaks: list[str], an_id: int) -> None:
    """After any reconnections the client has heard nothing, its next request is answered, and every stream goes on."""
    stage = Stage("P1", "P2", "B1").start()
    subs = [stage.subscribe(*params, id=number) for number, params in enumerate(asked)]
    stage.take()
    for how in breaks:
        break_something(stage, how)
        stage.wait(3)
        heal(stage)
        assert stage.take() == []
        answer = stage.call("eth_blockNumber", id=an_id)
        assert answer == {"jsonrpc": "2.0", "id": an_id, "result": hex(stage.chain.tip.number)}
    block = stage.grow()[0]
    for node in stage.nodes.values():
        node.announce("newPendingTransactions", "0xp")
        node.announce("syncing", False)
    told = Counter(frame["params"]["subscription"] for frame in stage.take())
    each = {"newHeads": 1, "logs": len(block.logs), "newPendingTransactions": 1, "syncing": 1}
    assert told == Counter({sub: each[params[0]] for sub, params in zip(subs, asked, strict=True) if each[params[0]]})
