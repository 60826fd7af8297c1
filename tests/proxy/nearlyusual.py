"""Hypothesis strategies of JSON that is almost what is read quickly: the usual layout, with a thing or two that differ.

What looks usual and is not misleads a quick way more easily than what is written in any way at all.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from hypothesis import strategies as st

Members: TypeAlias = list[tuple[bytes, bytes]]  # texts of keys and values

# ids that a quick way may take, ids that it has to leave to the thorough one, and what is no id
_IDS: Final = st.sampled_from([
    b"7", b"0", b"8", b"-1", b"9223372036854775808", b"18446744073709551616", b"7.0", b"7e0", b"1e2", b"-0", b"07",
    b"7.", b"+7", b'"7"', b'"id"', rb'"\"id\":7,"', b"null", b"true", b"[7]", b'{"id":7}', b"",
])  # fmt: skip
_METHODS: Final = st.sampled_from([b'"eth_call"', b'"id"', b'"method"', rb'"\u0065th_call"', b"5", b"null", b'"\x01"'])
_PARAMS: Final = st.sampled_from([
    b"[]", b'["id"]', b'[{"id":7,"a":1}]', b'[{"a":1,"id":0}]', b'{"id":0,"a":1}', b'{"id":8}', b'[{"method":"a"}]',
    rb'["\"id\":7,"]', rb'[{"\u0069d":8}]', b'["\xc3\xa9"]', b'["\xff"]', b'["\x01"]', b"[NaN]", b"[1,]", b"[01]",
    b"[}", b'["', b"tru",
    # as deep as is read, and deeper; and long without being deep
    b"[" * 1022 + b"]" * 1022, b"[" * 1025 + b"]" * 1025, b'{"a":[' * 511 + b"]}" * 511, b'{"a":[' * 513 + b"]}" * 513,
    b"[%b]" % b",".join([b"[]"] * 1100),
])  # fmt: skip
_ANY: Final = _IDS | _METHODS | _PARAMS
_VALUES: Final = {b'"id"': _IDS, b'"method"': _METHODS, b'"params"': _PARAMS}
_SPELLINGS: Final = {
    b'"id"': st.sampled_from([rb'"\u0069d"', rb'"i\u0064"', b'"Id"', b'"id "', b'"i"', b"id"]),
    b'"method"': st.sampled_from([rb'"\u006dethod"', rb'"metho\u0064"', b'"Method"', b'"methods"', b'"\xff"']),
}
_KEYS: Final = st.sampled_from([b'"id"', b'"method"', b'"params"', b'"x"']) | st.one_of(*_SPELLINGS.values())
_SPACES: Final = st.sampled_from([b"", b"", b"", b"", b"", b" ", b"\n", b"\t ", b"\x0b", b"\xc2\xa0"])
_AROUND: Final = st.sampled_from([
    (b"", b""), (b"", b""), (b"", b""), (b"", b""), (b"", b""), (b"", b" "), (b"\n\t\r ", b""), (b"", b"\n"),
    (b"", b"x"), (b"", b"\0"), (b"", b"}"), (b"", b","), (b"", b"{}"), (b"[", b"]"),
    (b"\xef\xbb\xbf", b""), (b"\x0c", b""),
])  # fmt: skip


def _another_value(draw: st.DrawFn, members: Members) -> Members:
    at = draw(st.integers(0, len(members) - 1))
    key = members[at][0]
    return [*members[:at], (key, draw(_VALUES.get(key, _ANY))), *members[at + 1 :]]


def _another_key(draw: st.DrawFn, members: Members) -> Members:
    at = draw(st.integers(0, len(members) - 1))
    key, value = members[at]
    return [*members[:at], (draw(_SPELLINGS.get(key, _KEYS)), value), *members[at + 1 :]]


def _one_less(draw: st.DrawFn, members: Members) -> Members:
    at = draw(st.integers(0, len(members) - 1))
    return members[:at] + members[at + 1 :]


def _one_more(draw: st.DrawFn, members: Members) -> Members:
    at = draw(st.integers(0, len(members)))
    return [*members[:at], (draw(_KEYS), draw(_ANY)), *members[at:]]


def _another_order(draw: st.DrawFn, members: Members) -> Members:
    return list(draw(st.permutations(members)))


_DIFFERENCES: Final = st.lists(
    st.sampled_from([_another_value, _another_value, _another_key, _one_less, _one_more, _another_order]), max_size=3
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """A request in the usual layout, or what has become of it by a few differences."""
    params = draw(st.sampled_from([b"[]", b'[{"id":7,"a":1}]', b'[{"id":0,"a":1}]']))
    members = [(b'"jsonrpc"', b'"2.0"'), (b'"id"', b"7"), (b'"method"', b'"eth_call"'), (b'"params"', params)]
    for differ in draw(_DIFFERENCES):
        members = differ(draw, members)
    before, after = draw(_AROUND)
    return before + _object(members, draw(_SPACES), draw(_SPACES)) + after


# what an answer or an event may hold; its end may look like the end of the whole frame
_RESULTS: Final = st.sampled_from([
    b"null", b"5", b'"0x1"', b'{"a":1,"id":5}', b'{"id":5}', b'[{"a":1,"id":5}]', b'"a,b"', rb'"\",\"id\":5}"', b"{}",
    b'{"code":-32603,"message":"error"}', b'{"subscription":"0x2"}', b'"error"',
])  # fmt: skip
_NODE_IDS: Final = st.sampled_from([b"7", b"0", b"70", b'"7"', b"7.5", b"-7", b"7e2", b"null", rb'"\u0037"', b"[7]"])
_SUBSCRIPTIONS: Final = st.sampled_from([
    b'"0x1"', b"7", b"7.5", b"7e2", b'""', rb'"\u0030x1"', rb'"a\"b"', rb'"a\",b"', rb'"\\"', b'"\xc3\xa9"', b"null",
])  # fmt: skip
_KINDS: Final = ("answer", "answer", "answer", "event", "event", "request", "neither")


@st.composite
def node_frames(draw: st.DrawFn) -> bytes:
    """Valid JSON in the layouts that nodes use, or nearly: answers, events, requests, and what is none of them."""
    kind = draw(st.sampled_from(_KINDS))
    node_id, result = (b'"id"', draw(_NODE_IDS)), (b'"result"', draw(_RESULTS))
    members = [(b'"jsonrpc"', draw(st.sampled_from([b'"2.0"', b'"2.0"', b'"2.0"', b'"1.0"', b"2.0"])))]
    match kind:
        case "answer":
            body = draw(
                st.sampled_from(
                    [[result], [(b'"error"', result[1])], [(b'"result"', b"null"), (b'"error"', result[1])]]
                )
            )
            members += [*body, node_id] if draw(st.booleans()) else [node_id, *body]
        case "event":
            inner = [(b'"subscription"', draw(_SUBSCRIPTIONS)), result]
            params = _object(inner[:: draw(st.sampled_from([1, 1, -1]))])
            method = draw(st.sampled_from([b'"eth_subscription"', b'"eth_subscription"', rb'"eth\u005fsubscription"']))
            members += [(b'"method"', method), (b'"params"', params)]
        case "request":
            asked = [(b'"method"', b'"result"'), (b'"params"', draw(_RESULTS))]
            members += [*asked, node_id] if draw(st.booleans()) else [node_id, *asked]
        case _:
            members += draw(st.sampled_from([[node_id], [result], []]))
    if draw(st.integers(0, 3)) == 0:
        members.insert(draw(st.integers(0, len(members))), (b'"x"', draw(_RESULTS)))
    if draw(st.integers(0, 5)) == 0:
        members = draw(st.permutations(members))
    return _object(members) + draw(st.sampled_from([b"", b"", b"", b"\n", b" "]))


def _object(members: Members, after_colon: bytes = b"", after_comma: bytes = b"") -> bytes:
    return b"{%b}" % (b"," + after_comma).join(key + b":" + after_colon + value for key, value in members)
