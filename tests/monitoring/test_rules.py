"""The alert rules: each tied to a promise, made of metrics that exist, and tried with promtool where that is there."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from monitoring import dashboard
from proxy.config import load
from proxy.shell.metrics import Metrics

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "monitoring"
RULES = FOLDER / "rules" / "vixy.yml"
TESTS = FOLDER / "rules" / "vixy_test.yml"
PROMTOOL = shutil.which("promtool")

METRIC = re.compile(r"\b((?:vixy|process)_[a-z_]+)\b")
RECORDED = re.compile(r"\bvixy:[a-z0-9_:]+")


def loaded(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules(kind: str) -> dict[str, dict[str, Any]]:
    """The rules of a kind, `alert` or `record`, by name."""
    return {rule[kind]: rule for group in loaded(RULES)["groups"] for rule in group["rules"] if kind in rule}


def samples() -> set[str]:
    """The name of each series that the proxy exports, one of each kind of node being in its config."""
    text = (FOLDER / "vixy.toml").read_text(encoding="utf-8") + '\n[[cl]]\nname = "cl-1"\nurl = "http://127.0.0.1:5052"'

    async def scrape() -> str:  # the proxy's loop is among what is told
        return Metrics(load(text, "vixy.toml")).text().decode()

    exported = asyncio.run(scrape())
    return {sample.name for family in text_string_to_metric_families(exported) for sample in family.samples}


def used(expression: str) -> set[str]:
    return set(METRIC.findall(expression))


def test_the_rules_and_the_dashboard_use_metrics_that_the_proxy_has() -> None:
    exported = samples()
    assert len(exported) > 40
    expressions = [rule["expr"] for kind in ("alert", "record") for rule in rules(kind).values()]
    expressions += [query for row in dashboard.ROWS.values() for panel in row for query, _ in panel.queries]
    named = set().union(*map(used, expressions))
    assert len(named) > 30
    assert named <= exported


def test_every_metric_of_our_own_is_watched() -> None:
    shown = set().union(
        *(used(query) for row in dashboard.ROWS.values() for panel in row for query, _ in panel.queries),
        *(used(rule["expr"]) for kind in ("alert", "record") for rule in rules(kind).values()),
    )
    families = {re.sub("_(bucket|sum|count)$", "", name) for name in samples() if name.startswith("vixy_")}
    bases = {re.sub("_(bucket|sum|count)$", "", name) for name in shown}
    # `…_connected` says less than `ws_upstream_node`; block numbers and slots are shown as lag
    spared = {"vixy_ws_upstream_node_connected", "vixy_el_node_block_number", "vixy_cl_node_slot", "vixy_cl_chain_head",
              "vixy_cl_requests_total"}  # fmt: skip
    assert families - bases == spared


def test_what_is_recorded_is_what_alerts_read() -> None:
    read = {name for rule in rules("alert").values() for name in RECORDED.findall(rule["expr"])}
    assert read <= set(rules("record"))


def test_every_alert_names_a_promise_and_says_what_is_wrong() -> None:
    promises = set(re.findall(r"^\| (\w+) \|", (ROOT / "docs" / "promises.md").read_text(), re.MULTILINE))
    assert len(rules("alert")) > 20
    for name, rule in rules("alert").items():
        assert rule["labels"]["promise"] in promises, name
        assert rule["labels"]["severity"] in {"page", "ticket"}, name
        assert set(rule["annotations"]) == {"summary", "description"}, name


def test_the_document_lists_them_all() -> None:
    listed = re.findall(
        r"^\| (Vixy\w+) \| (\w+) \| (\w+) \|", (ROOT / "docs" / "monitoring.md").read_text(), re.MULTILINE
    )
    assert listed == [
        (name, rule["labels"]["promise"], rule["labels"]["severity"]) for name, rule in rules("alert").items()
    ]


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    tests = {test["name"]: test for test in loaded(TESTS)["tests"]}
    assert set(tests) == {f"{name} {does}" for name in rules("alert") for does in ("fires", "is quiet")}
    for name, test in tests.items():
        firing = any(query.get("exp_samples") for query in test["promql_expr_test"])
        assert firing == name.endswith(" fires"), name


@pytest.mark.skipif(PROMTOOL is None, reason="promtool, a part of Prometheus, is not on the PATH")
@pytest.mark.parametrize("command", [["check", "config", "prometheus.yml"], ["test", "rules", "rules/vixy_test.yml"]])
def test_promtool_agrees(command: list[str]) -> None:
    ended = subprocess.run([str(PROMTOOL), *command], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
