from __future__ import annotations

from dataclasses import fields
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy import config as configuration
from proxy.config import Config, ConfigError, General, WebSocketLimits, masked, secrets
from proxy.nodes import ConsensusNode, Node, Tier

NODE = """
[[el.primary]]
name = "a"
http_url = "http://127.0.0.1:8545"
ws_url = "ws://127.0.0.1:8546"
"""


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        configuration.load(text, "vixy.toml")
    assert str(caught.value) == "\n".join(f"vixy.toml: {line}" for line in caught.value.problems)
    return caught.value.problems


def test_the_least_config_has_the_defaults() -> None:
    node = Node("a", Tier.PRIMARY, "http://127.0.0.1:8545", "ws://127.0.0.1:8546")
    assert configuration.load(NODE) == Config(nodes=(node,))


def test_everything_at_once() -> None:
    text = f"""
[global]
max_el_lag_blocks = 0
max_retries = 0
proxy_timeout_ms = 7
[metrics]
enabled = false
port = 9090
[websocket]
ws_backfill_blocks = 0
{NODE}
[[el.backup]]
name = "b"
http_url = "https://user:pass@host/v3/key"
ws_url = "wss://host/v3/key?x=1"
[[cl]]
name = "c"
url = "http://[::1]:5052"
"""
    config = configuration.load(text)
    assert [(node.name, node.tier) for node in config.nodes] == [("a", Tier.PRIMARY), ("b", Tier.BACKUP)]
    assert config.consensus == (ConsensusNode("c", "http://[::1]:5052"),)
    assert (config.general.max_el_lag_blocks, config.general.max_retries, config.general.proxy_timeout_ms) == (0, 0, 7)
    assert (config.metrics.enabled, config.metrics.port) == (False, 9090)
    assert config.websocket.ws_backfill_blocks == 0
    assert config.warnings == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "el.primary: at least one primary node is needed, e.g. [[el.primary]] with name, http_url and ws_url"),
        ("[el", "not valid TOML: "),
        (NODE + "[global]\nmax_retries = -1", "global.max_retries: must be at least 0, not -1, e.g. max_retries = 2"),
        (
            NODE + "[global]\nproxy_timeout_ms = 0",
            "global.proxy_timeout_ms: must be at least 1, not 0, e.g. proxy_timeout_ms = 30000",
        ),
        (
            NODE + "[global]\nhealth_check_interval_ms = '1s'",
            "global.health_check_interval_ms: must be a whole number, not a text, e.g. health_check_interval_ms = 1000",
        ),
        (NODE + "[global]\nmax_retries = true", "global.max_retries: must be a whole number, not true, e.g. "),
        (NODE + "[global]\nmax_retries = 1.5", "global.max_retries: must be a whole number, not 1.5, e.g. "),
        ("global = 3\n" + NODE, "global: must be a table, e.g. [global], not 3"),
        ("global = []\n" + NODE, "global: must be a table, e.g. [global], not an array"),
        (NODE + "[metrics]\nport = 0", "metrics.port: must be a port from 1 to 65535, not 0, e.g. port = 9090"),
        (
            NODE + "[metrics]\nenabled = 'yes'",
            "metrics.enabled: must be true or false, not a text, e.g. enabled = true",
        ),
        (NODE + "[cl]\nname = 'c'", "cl: must be an array of tables: write [[cl]], not [cl]"),
        ("cl = [1]\n" + NODE, "cl[0]: must be a table with name, url, not 1"),
        (NODE + "[[cl]]\nname = 'c'", 'cl[0] ("c").url: is missing, e.g. url = "http://127.0.0.1:5052"'),
        (
            NODE + "[[cl]]\nname = ''\nurl = 'http://x'",
            "cl[0].name: must be a text that is not empty, not an empty text",
        ),
        (
            NODE + "[[cl]]\nname = 2020-01-01\nurl = 'http://x'",
            "cl[0].name: must be a text that is not empty, not date",
        ),
        (
            NODE + "[[cl]]\nname = 'a'\nurl = 'http://x'",
            'cl[0] ("a").name: "a" is also the name of el.primary[0] ("a")',
        ),
        (
            NODE.replace("http:", "ws:"),
            'el.primary[0] ("a").http_url: must begin with http:// or https://, not with ws://',
        ),
        (NODE.replace("ws:", "http:"), 'el.primary[0] ("a").ws_url: must begin with ws:// or wss://, not with http://'),
        (NODE.replace("ws://127", "127"), 'el.primary[0] ("a").ws_url: must be a ws:// or wss:// URL, e.g. ws_url = '),
        (NODE.replace("127.0.0.1:8545", ""), 'el.primary[0] ("a").http_url: has no host, e.g. '),
        (NODE.replace("8545", "0"), 'el.primary[0] ("a").http_url: has port 0'),
        (NODE.replace("8545", "99999"), 'el.primary[0] ("a").http_url: is not a URL (in a password, '),
        (NODE.replace("127.0.0.1:8545", "[::1"), 'el.primary[0] ("a").http_url: is not a URL'),
        (NODE.replace("127.0.0.1:8545", "a..b"), 'el.primary[0] ("a").http_url: has a host that cannot be one'),
        (NODE.replace("127.0.0.1:8545", "${HOST}"), 'el.primary[0] ("a").http_url: has a host that cannot be one'),
        (NODE.replace("127.0.0.1:8545", "a b"), 'el.primary[0] ("a").http_url: has a host that cannot be one'),
        (NODE.replace("127.0.0.1:8546", "x" * 64), 'el.primary[0] ("a").ws_url: has a host that cannot be one'),
        (
            NODE.replace("8545", "8545/my key"),
            'el.primary[0] ("a").http_url: has a space, or what cannot be seen, in it',
        ),
        (
            NODE.replace("8546", "8546/?k=a\\tb"),
            'el.primary[0] ("a").ws_url: has a space, or what cannot be seen, in it',
        ),
        (NODE.replace("8545", "8545/#x"), 'el.primary[0] ("a").http_url: must not have a fragment (#…)'),
    ],
)
def test_a_complaint_says_where_what_and_how(text: str, expected: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(expected)


@pytest.mark.parametrize("host", ["el_1", "bücher.example", "[fe80::1%25eth0]", "[::1]", "host.", "LOCALHOST"])
def test_what_may_be_a_host(host: str) -> None:
    assert configuration.load(NODE.replace("127.0.0.1:8545", f"{host}:8545")).nodes


@pytest.mark.parametrize("sign", "/?#@[]:%")
def test_a_complaint_never_shows_a_password(sign: str) -> None:
    text = NODE.replace("127.0.0.1:8545", f"user:hunter2{sign}hunter3@node.example:x")
    assert "hunter" not in "".join(problems(text))


def test_all_problems_are_told_at_once() -> None:
    text = NODE.replace("8545", "x") + "[global]\nmax_retries=-1\n[[el.backup]]\nname='a'\nhttp_url=1\n"
    assert len(problems(text)) == 5


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("[global]\nmax_retrys = 3", "global.max_retrys: unknown key; did you mean max_retries?"),
        ("[globl]\nx = 3", "globl: unknown key; did you mean global?"),
        ("[metrics]\nzzz = 3", "metrics.zzz: unknown key; known here: enabled, port"),
        (
            "[[cl]]\nname='c'\nurl='http://x'\nhttp_url='x'",
            'cl[0] ("c").http_url: unknown key; known here: name, url',
        ),
    ],
)
def test_unknown_keys_warn_and_name_the_nearest(text: str, warning: str) -> None:
    assert configuration.load(NODE + text).warnings == (warning,)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://127.0.0.1:8545", "http://127.0.0.1:8545"),
        ("http://el-1-primary:8545/", "http://el-1-primary:8545/"),
        ("http://[::1]:8545/rpc", "http://[::1]:8545/rpc"),
        ("https://user:secret@host:1/x", "https://***@host:1/x"),
        ("https://mainnet.infura.io/v3/0123456789abcdef", "https://mainnet.infura.io/v3/***"),
        ("https://eth.g.alchemy.com/v2/aB", "https://eth.g.alchemy.com/v2/***"),
        ("https://host/rpc?apikey=zzz&flag", "https://host/rpc?apikey=***&***"),
        ("https://0123456789abcdef0123456789abcdef.quiknode.pro/rpc", "https://***.quiknode.pro/rpc"),
        ("http://[", "***"),
    ],
)
def test_masked(url: str, shown: str) -> None:
    assert masked(url) == shown


@given(
    st.from_regex(r"[0-9a-fA-F]{16,40}", fullmatch=True), st.sampled_from(["user", "password", "path", "query", "host"])
)
def test_no_key_is_ever_shown(key: str, place: str) -> None:
    url = {
        "user": f"https://{key}@host/x",
        "password": f"https://u:{key}@host/x",
        "path": f"https://host/v3/{key}/",
        "query": f"https://host/?k={key}",
        "host": f"https://{key:0<24}.host/",
    }[place]
    assert key not in masked(url)
    assert any(key in secret for secret in secrets(url))


@pytest.mark.parametrize(
    ("url", "hidden"),
    [
        ("http://el-1-primary:8545/rpc/v1/mainnet", ()),
        ("https://host/v3/0123456789abcdef/", ("0123456789abcdef",)),
        ("https://u:hunter2hunter2@host/?a=b&k=0123456789", ("0123456789", "hunter2hunter2")),
        ("https://host/1/eth", ()),
    ],
)
def test_secrets(url: str, hidden: tuple[str, ...]) -> None:
    assert secrets(url) == hidden


@given(st.text(), st.text())
def test_masked_never_fails(text: str, key: str) -> None:
    masked(text)
    masked(f"http://u:{quote(key, safe='')}@host/{quote(key)}?{quote(key)}")


NUMBERS = [("global", spec.name) for spec in fields(General)] + [("websocket", f.name) for f in fields(WebSocketLimits)]


@given(st.sampled_from(NUMBERS), st.integers(-(2**63), 2**63 - 1))
def test_every_number_is_taken_as_written_or_complained_about(key: tuple[str, str], value: int) -> None:
    table, name = key
    text = f"{NODE}\n[{table}]\n{name} = {value}\n"
    least = 0 if name in configuration._MAY_BE_ZERO else 1
    if value < least:
        assert [line.partition(":")[0] for line in problems(text)] == [f"{table}.{name}"]
        return
    config = configuration.load(text)
    assert getattr(config.general if table == "global" else config.websocket, name) == value


toml_values = st.one_of(
    st.booleans(),
    st.integers(-9, 9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "a", "http://x", "ws://x"]),
    st.just([]),
    st.just({}),
)


@given(
    st.dictionaries(
        st.sampled_from(["global", "metrics", "websocket", "el", "cl", "other"]),
        toml_values
        | st.dictionaries(st.sampled_from(["primary", "backup", "max_retries", "port", "enabled", "x"]), toml_values)
        | st.lists(st.dictionaries(st.sampled_from(["name", "url", "http_url", "ws_url"]), toml_values), max_size=2),
    )
)
def test_any_document_gives_a_config_or_complaints(document: dict[str, object]) -> None:
    reader = configuration._Reader("x")
    try:
        config = reader.read(document)
    except ConfigError:
        assert reader.problems
    else:
        assert config.nodes
