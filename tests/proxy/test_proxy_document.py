"""docs/proxy.md names every key of the config with its default, every error code of ours and every metric."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

from proxy import jsonrpc
from proxy.config import MIB, General, MetricsSettings, WebSocketLimits, load
from proxy.shell.metrics import Metrics

DOCUMENT = (Path(__file__).parents[2] / "docs" / "proxy.md").read_text(encoding="utf-8")
TABLES: dict[str, Any] = {"global": General(), "websocket": WebSocketLimits(), "metrics": MetricsSettings()}
CONFIG = """
[[el.primary]]
name = "el-1-primary"
http_url = "http://127.0.0.1:1"
ws_url = "ws://127.0.0.1:2"
[[cl]]
name = "cl-1"
url = "http://127.0.0.1:3"
"""


def shown(default: Any) -> str:
    if default is None or isinstance(default, bool):
        return {None: "none", True: "true", False: "false"}[default]
    return f"{default // MIB} MiB" if default % MIB == 0 and default else str(default)


def test_every_key_of_the_config_has_a_row_with_its_default() -> None:
    rows = re.findall(r"^\| `((?:global|websocket|metrics)\.\w+)` \| ([^|]+) \|", DOCUMENT, re.MULTILINE)
    keys = [
        (f"{table}.{each.name}", shown(getattr(of, each.name))) for table, of in TABLES.items() for each in fields(of)
    ]
    assert rows == keys


def test_every_error_code_has_a_row() -> None:
    codes = {value for name, value in vars(jsonrpc).items() if name.isupper() and isinstance(value, int) and value < 0}
    told = [int(code) for code in re.findall(r"^\| (-32\d+) \|", DOCUMENT, re.MULTILINE)]
    # -32603 is a node's to give, and never ours
    assert sorted(told) == sorted(codes - {jsonrpc.INTERNAL_ERROR})


def test_every_metric_has_a_row_and_there_are_no_others() -> None:
    told = set(re.findall(r"`(vixy_\w+)`", DOCUMENT))
    made = {
        family.name + ("_total" if family.type == "counter" else "")
        for family in Metrics(load(CONFIG)).registry.collect()
    }
    assert told == {name for name in made if name.startswith("vixy_")}
