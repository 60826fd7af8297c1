"""Writes the Grafana dashboard: `python -m monitoring.dashboard`. Panels are a table here and JSON in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, NamedTuple

FILE: Final = Path(__file__).parent / "grafana" / "dashboards" / "vixy.json"
SOURCE: Final = {"type": "prometheus", "uid": "${source}"}
WIDTH: Final = 24
CHOSEN: Final = 'job="vixy", instance=~"$instance"'  # the selector of every query


class Panel(NamedTuple):
    """`queries`: (expression, legend); {} in an expression stands for the selector. `limit` is where red begins."""

    title: str
    unit: str
    queries: tuple[tuple[str, str], ...]
    about: str = ""
    kind: str = "timeseries"
    width: int = 8
    limit: float | None = None
    low_is_bad: bool = False


def quantiles(metric: str, window: str) -> tuple[tuple[str, str], ...]:
    """p50 and p99 of a histogram."""
    buckets = f"sum by (le) (rate({metric}_bucket{{}}[{window}]))"
    return tuple((f"histogram_quantile({share}, {buckets})", f"p{share * 100:.0f}") for share in (0.5, 0.99))


def total(metric: str, by: str = "") -> str:
    return f"sum{f' by ({by})' if by else ''} (rate({metric}{{}}[$__rate_interval]))"


ROWS: Final[dict[str, tuple[Panel, ...]]] = {
    "Now": (
        Panel("Healthy nodes", "none", (("min(vixy_el_healthy_nodes{})", ""),), "of the execution layer", "stat", 4, 1,
              low_is_bad=True),
        Panel("Backups carry the traffic", "bool_yes_no", (("max(vixy_el_failover_active{})", ""),), "", "stat", 4, 1),
        Panel("WebSocket clients", "none", (("sum(vixy_ws_connections_active{})", ""),), "", "stat", 4),
        Panel("Subscriptions", "none", (("sum(vixy_ws_subscriptions_active{})", ""),), "", "stat", 4),
        Panel("Requests that wait", "none", (("sum(vixy_ws_queue_size{})", ""),), "for a node, over WebSocket", "stat",
              4, 1),
        Panel("Head", "none", (("max(vixy_el_chain_head{})", ""),), "that the proxy believes", "stat", 4),
    ),
    "Who serves": (
        Panel("WebSocket clients by node", "none", (("sum by (node) (vixy_ws_upstream_node{})", "{{node}}"),),
              "after a failback nobody is left on a backup"),
        Panel("HTTP requests by node", "reqps", ((total("vixy_el_requests_total", "node"), "{{node}}"),)),
        Panel("Healthy", "none", (("min by (node) (vixy_el_node_healthy{})", "{{node}}"),
                                  ("min by (node) (vixy_cl_node_healthy{})", "{{node}}")), "1 is healthy"),
    ),
    "What clients notice": (
        Panel("HTTP latency", "s", quantiles("vixy_el_request_duration_seconds", "5m"), "of all nodes", limit=1),
        Panel("Time without a node", "s", quantiles("vixy_ws_gap_seconds", "10m"),
              "of a WebSocket client at a switch: half a second after a lost link, two after silence", limit=2),
        Panel("WebSocket messages", "mps", ((total("vixy_ws_messages_total", "direction"), "{{direction}}"),),
              "upstream without downstream: clients that are deaf"),
        Panel("Subscriptions per client", "none",
              (("sum(vixy_ws_subscriptions_active{}) / sum(vixy_ws_connections_active{})", "mean"),),
              "falls at a switch when streams are lost"),
        Panel("Refused and cut off", "none",
              (("sum(increase(vixy_ws_queue_full_total{}[$__rate_interval]))", "queue full"),
               ("sum(increase(vixy_ws_slow_clients_total{}[$__rate_interval]))", "slow readers"),
               ("sum(increase(vixy_ws_gaps_unfilled_total{}[$__rate_interval]))", "gap too wide"))),
        Panel("CL latency", "s", quantiles("vixy_cl_request_duration_seconds", "5m"), "requests under /cl"),
    ),
    "Switches": (
        Panel("Moves and dials", "cps",
              ((total("vixy_ws_reconnections_total"), "moves"),
               (total("vixy_ws_reconnection_attempts_total", "status"), "dials: {{status}}"))),
        Panel("Made good", "cps",
              ((total("vixy_ws_requests_resent_total"), "requests sent again"),
               (total("vixy_http_retries_total"), "HTTP reads sent to one more node"),
               (total("vixy_ws_backfilled_blocks_total"), "heads fetched"),
               (total("vixy_ws_messages_queued_total"), "requests that waited"))),
        Panel("Not made good", "none",
              ((total("vixy_ws_strangers_dropped_total"), "strangers dropped (1/s)"),
               (total("vixy_ws_pending_tx_gap_seconds_total"), "pending transactions not told (s/s)"))),
        Panel("Failovers", "none", (("sum(increase(vixy_el_failovers_total{}[$__rate_interval]))", "to backups"),)),
        Panel("Clients that came", "cps", ((total("vixy_ws_connections_total"), "connections"),
                                           (total("vixy_ws_subscriptions_total"), "subscriptions"))),
    ),
    "Nodes": (
        Panel("Blocks behind the head", "none", (("max by (node) (vixy_el_node_lag_blocks{})", "{{node}}"),)),
        Panel("Slots behind the head", "none", (("max by (node) (vixy_cl_node_lag_slots{})", "{{node}}"),)),
        Panel("Methods that rest", "none", (("max by (node) (vixy_el_node_failing_methods{})", "{{node}}"),),
              "a node that fails some methods while its probes are good"),
    ),
    "Process": (
        Panel("Memory", "bytes", (("process_resident_memory_bytes{}", "{{instance}}"),), "flat under any load that is"),
        Panel("CPU", "percentunit", (("rate(process_cpu_seconds_total{}[$__rate_interval])", "{{instance}}"),),
              "1 is one core; the proxy is one process with one loop", limit=0.9),
        Panel("File descriptors and tasks", "none", (("process_open_fds{}", "descriptors {{instance}}"),
                                                     ("vixy_tasks{}", "tasks {{instance}}")),
              "two descriptors a WebSocket client; both come back to where they were"),
    ),
}  # fmt: skip


def document() -> dict[str, Any]:
    """The dashboard as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        panels.append({"type": "row", "title": title, "gridPos": _place(0, top, WIDTH, 1), "id": len(panels) + 1})
        top += 1
        left = 0
        for panel in row:
            if left + panel.width > WIDTH:
                left, top = 0, top + _height(panel)
            panels.append(_panel(panel, len(panels) + 1, left, top))
            left += panel.width
        top += _height(row[-1])
    return {
        "uid": "vixy",
        "title": "Vixy",
        "tags": ["ethereum", "rpc", "proxy"],
        "schemaVersion": 39,
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [_source(), _instances()]},
        "annotations": {"list": [_alerts()]},
        "panels": panels,
    }


def _panel(panel: Panel, number: int, left: int, top: int) -> dict[str, Any]:
    targets = [
        {
            "refId": chr(ord("A") + place),
            "expr": expression.replace("{}", f"{{{CHOSEN}}}"),
            "legendFormat": legend,
            "datasource": SOURCE,
        }
        for place, (expression, legend) in enumerate(panel.queries)
    ]
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": SOURCE,
        "gridPos": _place(left, top, panel.width, _height(panel)),
        "targets": targets,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "thresholds": _thresholds(panel)}, "overrides": []},
    }


def _thresholds(panel: Panel) -> dict[str, Any]:
    first, then = ("red", "green") if panel.low_is_bad else ("green", "red")
    steps: list[dict[str, Any]] = [{"color": first, "value": None}]
    if panel.limit is not None:
        steps.append({"color": then, "value": panel.limit})
    return {"mode": "absolute", "steps": steps}


def _place(left: int, top: int, width: int, height: int) -> dict[str, int]:
    return {"x": left, "y": top, "w": width, "h": height}


def _height(panel: Panel) -> int:
    return 4 if panel.kind == "stat" else 8


def _source() -> dict[str, Any]:
    return {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus"}


def _instances() -> dict[str, Any]:
    return {
        "name": "instance",
        "type": "query",
        "datasource": SOURCE,
        "query": 'label_values(vixy_el_healthy_nodes{job="vixy"}, instance)',
        "refresh": 2,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _alerts() -> dict[str, Any]:
    return {
        "name": "Alerts",
        "datasource": SOURCE,
        "enable": True,
        "iconColor": "red",
        "expr": 'ALERTS{alertstate="firing", alertname=~"Vixy.*"}',
        "titleFormat": "{{alertname}}",
        "textFormat": "{{instance}} {{node}}",
    }


def text() -> str:
    """The file's text."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
