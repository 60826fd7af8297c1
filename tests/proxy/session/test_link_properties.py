"""A link that is silent is found out in time, one that answers never; names are used once."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from proxy import jsonrpc
from proxy.jsonrpc import NodeEvent
from proxy.session import Settings
from proxy.session.calls import IGNORE, LATEST, REPLAY, Errand, call_of
from proxy.session.events import Command, PingUpstream, SendUpstream
from proxy.session.link import Link, LinkUnfit, decoded
from proxy.session.subscriptions import ask
from tests.proxy.jsontexts import VALUES

INTERVAL, TIMEOUT = 0.5, 0.9
SETTINGS = Settings(ping_interval=INTERVAL, ping_timeout=TIMEOUT)
SECONDS = st.integers(1, 2000).map(lambda milliseconds: milliseconds / 1000)


def opened() -> Link:
    link = Link(1, "P1", 1.0)
    link.opened(0.0)
    return link


@given(st.lists(SECONDS, max_size=10), SECONDS)
def test_silence_is_found_out_within_interval_and_timeout(heard: list[float], extra: float) -> None:
    link, now = opened(), 0.0
    for pause in heard:
        now += min(pause, INTERVAL)
        link.heard_at = now
    out: list[Command] = []
    silent_since = now
    while True:
        due = link.next_check(SETTINGS, subscribed=True)
        assert due > now, "would ask again and again"
        now = due
        if link.check(out, now, SETTINGS, subscribed=True) is not None:
            break
    assert abs(now - silent_since - INTERVAL - TIMEOUT) < 1e-6
    assert out == [PingUpstream(1)]
    assert link.check(out, now + extra, SETTINGS, subscribed=True) == "silent"


@given(st.lists(st.tuples(SECONDS, st.integers(0, 890)), min_size=1, max_size=20))
def test_a_link_that_answers_its_pings_is_never_given_up(pauses: list[tuple[float, int]]) -> None:
    link, now = opened(), 0.0
    out: list[Command] = []
    for pause, latency in pauses:
        now += pause
        assert link.check(out, now, SETTINGS, subscribed=True) is None
        if link.pinged_at == now:
            now += latency / 1000
            assert link.check(out, now, SETTINGS, subscribed=True) is None
            link.heard_at = now
    assert len(out) <= len(pauses)


@given(SECONDS, SECONDS)
def test_a_process_that_slept_excuses_the_link_for_as_long(quiet: float, slept: float) -> None:
    link = opened()
    link.send_errand([], Errand(REPLAY, 2.0), ask("eth_chainId", []))
    link.pinged_at = quiet
    link.excuse(slept)
    assert link.pinged_at == quiet + slept
    assert [errand.deadline for errand in link.errands.values()] == [2.0 + slept]
    link.heard_at = link.pinged_at
    link.excuse(slept)
    assert link.pinged_at == quiet + slept, "what was answered needs no excuse"
    dialling = Link(2, "P1", 1.0)
    dialling.excuse(slept)
    assert dialling.dial_deadline == 1.0 + slept
    assert dialling.lived(5.0) == 0.0
    assert link.lived(5.0) == 5.0


@given(st.lists(st.booleans(), min_size=1, max_size=50))
def test_no_request_id_is_used_twice_on_a_link(as_errand: list[bool]) -> None:
    link, out, keys = opened(), list[Command](), list[bytes]()
    for errand in as_errand:
        if errand:
            link.send_errand(out, Errand(LATEST, 1.0), ask("eth_chainId", []))
            sent = out[-1]
            assert isinstance(sent, SendUpstream)
            keys.append(b"%d" % orjson.loads(sent.data)["id"])
            assert keys[-1] in link.errands
        else:
            keys.append(link.mint())
    assert len(set(keys)) == len(keys)


@given(st.lists(st.tuples(st.sampled_from([REPLAY, LATEST, IGNORE]), st.sampled_from([b"a", b"b"])), max_size=6))
def test_a_link_knows_what_it_was_asked_for_and_what_it_has(errands: list[tuple[str, bytes]]) -> None:
    link = opened()
    for purpose, about in errands:
        link.send_errand([], Errand(purpose, 1.0, about), ask("eth_subscribe", []))
    link.names = {b'"0x1"': b"b"}
    assert link.asks(b"a") == ((REPLAY, b"a") in errands)
    assert link.has(b"b")
    assert not link.has(b"a")
    assert link.is_restored == (REPLAY not in [purpose for purpose, _ in errands])
    link.leave_chain()
    assert [errand.purpose for errand in link.errands.values()] == [one for one, _ in errands if one != LATEST]


@given(st.lists(st.booleans(), max_size=6))
def test_a_link_owes_while_a_call_is_open(done: list[bool]) -> None:
    link = opened()
    for is_done in done:
        request = jsonrpc.parse(b'{"id":1,"method":"eth_call"}')
        assert isinstance(request, jsonrpc.Request)
        call = call_of(request, 1.0)
        call.done = is_done
        link.calls[link.mint()] = call
    assert link.owes() == (not all(done))


@given(st.integers(4090, 4100))
def test_early_events_are_bounded(count: int) -> None:
    link = opened()
    kept = 0
    try:
        for kept in range(count):  # noqa: B007 - how far it came is the point
            link.hold_early(NodeEvent(b'"0x1"', 0, 1), b"")
    except LinkUnfit:
        assert kept == 4096
    else:
        assert count <= 4096


@given(VALUES, st.binary(max_size=6))
def test_only_json_is_understood(value: Any, tail: bytes) -> None:
    text = orjson.dumps(value) + tail
    try:
        expected = orjson.loads(text)
    except orjson.JSONDecodeError:
        try:
            decoded(text)
        except LinkUnfit:
            return
        raise AssertionError("took broken JSON") from None
    assert decoded(text) == expected
