"""A link that is silent is found out in time, one that answers never; names are used once."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from proxy import jsonrpc
from proxy.breaker import METHOD_STRIKES
from proxy.jsonrpc import NodeEvent
from proxy.session import Settings
from proxy.session.calls import IGNORE, LATEST, LOGS, REPLAY, Errand, call_of
from proxy.session.events import Command, PingUpstream, ReportMethod, SendUpstream
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


_FAILED = b'{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Internal error"}}'
_WELL = b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'


@given(st.lists(st.tuples(st.sampled_from(["eth_call", "eth_getLogs", "eth_sendRawTransaction"]), st.booleans())))
def test_a_read_that_fails_again_and_again_is_reported_and_so_is_its_recovery(answers: list[tuple[str, bool]]) -> None:
    link, out, in_a_row = opened(), list[Command](), Counter[str]()
    expected = list[Command]()
    for method, failed in answers:
        request = jsonrpc.parse(b'{"id":1,"method":"%b"}' % method.encode())
        assert isinstance(request, jsonrpc.Request)
        link.judge_method(out, call_of(request, 1.0), _FAILED if failed else _WELL)
        if method == "eth_sendRawTransaction":
            continue  # may fail for what it is
        if failed:
            in_a_row[method] += 1
            if in_a_row[method] % METHOD_STRIKES == 0:
                expected.append(ReportMethod("P1", method, works=False))
        else:
            if in_a_row[method] >= METHOD_STRIKES:
                expected.append(ReportMethod("P1", method, works=True))
            in_a_row[method] = 0
    assert out == expected


@given(
    st.lists(st.tuples(st.sampled_from([LATEST, LOGS]), st.sampled_from([b"a", b"b"]), SECONDS), max_size=6), SECONDS
)
def test_a_link_is_in_doubt_while_what_was_overdue_is_still_to_come(
    errands: list[tuple[str, bytes, float]], now: float
) -> None:
    link, out = opened(), list[Command]()
    for purpose, about, deadline in sorted(errands, key=lambda one: one[2]):  # all have the same time to be answered
        link.send_errand(out, Errand(purpose, deadline, about), ask("eth_getLogs", []))
    overdue = [deadline for _, _, deadline in errands if deadline <= now]
    assert link.is_overdue(now) == bool(overdue)
    assert len(link.logs_errands(b"a")) == [one[:2] for one in errands].count((LOGS, b"a"))
    link.doubt(now)
    assert not link.is_overdue(now)
    assert link.is_doubtful == bool(overdue)
    assert link.next_check(SETTINGS, subscribed=True) <= min([d for _, _, d in errands if d > now], default=INTERVAL)
    link.errands.clear()
    assert not link.is_doubtful


@given(st.lists(st.booleans(), max_size=6))
def test_a_link_that_retires_gives_up_subscribing_and_keeps_what_it_owes(subscribes: list[bool]) -> None:
    link = opened()
    for number, subscribing in enumerate(subscribes):
        method = b"eth_subscribe" if subscribing else b"eth_call"
        request = jsonrpc.parse(b'{"id":1,"method":"%b"}' % method)
        assert isinstance(request, jsonrpc.Request)
        link.calls[b"%d" % number] = call_of(request, 1.0)
    link.names[b'"0x1"'] = b"a"
    moved = link.retire()
    assert [call.subscribes for call in moved] == [True] * subscribes.count(True)
    assert len(link.calls) == subscribes.count(False)
    assert link.owes() == bool(link.calls)
    assert not link.names
