from __future__ import annotations

from pathlib import Path

from e2e.report.index import Line, page
from tests.e2e.report.pages import links

LINES = (
    Line("Failover", "A node <dies>", "features/failover.feature:7", "passed", 4.25, "", Path("runs/a")),
    Line(
        "Failover", "Another one", "features/failover.feature:9", "failed", 9.0, "answered_once: 2 lost", Path("runs/b")
    ),
    Line("Health", "Probes & pages", "features/health.feature:3", "skipped", 0.0, "not claimed: status: it has none"),
)


def test_each_scenario_leads_to_the_page_of_its_run() -> None:
    text = page(LINES, {"seed": "7", "nothing": ""}, Path("reports"))
    assert links(text) == ["../runs/a/report.html", "../runs/b/report.html"]
    for told in ("A node &lt;dies&gt;", "4.2 s", "answered_once: 2 lost", "not claimed: status: it has none", "seed 7"):
        assert told in text
    assert '<p class="answer no">1 passed, 1 failed, 1 skipped</p>' in text
    assert text.count('<tr class="feature">') == 2


def test_without_failures_it_is_green_and_without_scenarios_it_says_so() -> None:
    assert '<p class="answer yes">1 passed</p>' in page(LINES[:1], {}, Path("reports"))
    assert "nothing yet" in page([], {}, Path("reports"))
