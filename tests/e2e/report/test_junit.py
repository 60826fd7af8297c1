from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from e2e.judge import judge
from e2e.report.junit import Case, judged, write_feature
from tests.e2e.checkers.histories import Run, good_run

if TYPE_CHECKING:
    from pathlib import Path

PROPERTIES = {"seed": "7", "geth": "1.17.7", "pace": "quick"}


def suite(path: Path) -> ET.Element:
    root = ET.parse(path).getroot()
    assert root.tag == "testsuites"
    return root[0]


def test_a_feature_with_every_outcome(tmp_path: Path) -> None:
    cases = [
        Case("a", 1.5, "passed", output="all well", started="2026-01-31T12:00:00+00:00", file="features/x.feature:12"),
        Case("b", 2.0, "failed", "lost one", "the whole story"),
        Case("c", 0.0, "error", "not fair"),
        Case("d", 0.0, "skipped", "no docker here"),
    ]
    path = write_feature(tmp_path / "junit", "Fail over: WebSocket", cases, PROPERTIES)
    assert path == tmp_path / "junit" / "TEST-fail-over-websocket.xml"
    found = suite(path)
    assert [found.get(key) for key in ("name", "tests", "failures", "errors", "skipped")] == [
        "Fail over: WebSocket",
        "4",
        "1",
        "1",
        "1",
    ]
    assert {one.get("name"): one.get("value") for one in found.iter("property")} == PROPERTIES
    a, b, c, d = found.iter("testcase")
    assert float(a.get("time", "")) == 1.5
    assert (a.get("file"), a.get("line"), a.findtext("system-out")) == ("features/x.feature", "12", "all well")
    failure = b.find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("lost one", "the whole story")
    assert c.find("error") is not None
    skipped = d.find("skipped")
    assert skipped is not None
    assert skipped.get("message") == "no docker here"


def test_features_in_any_language_have_files_of_their_own(tmp_path: Path) -> None:
    names = ("负载", "故障", "Überlast", "Überlauf", "!?", "Ürlaub/../x")
    paths = {write_feature(tmp_path, name, [Case("a", 1.0, "passed")], {}) for name in names}
    assert len(paths) == len(names)
    assert {path.parent for path in paths} == {tmp_path}
    assert {suite(path).get("name") for path in paths} == set(names)


def test_it_can_be_written_again_with_more(tmp_path: Path) -> None:
    write_feature(tmp_path, "x", [Case("a", 1, "passed")], {})
    path = write_feature(tmp_path, "x", [Case("a", 1, "passed"), Case("b", 1, "passed")], {})
    assert len(list(suite(path).iter("testcase"))) == 2


@given(st.text(st.characters()), st.sampled_from(["failed", "error", "skipped", "passed"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_is_well_formed(tmp_path: Path, text: str, outcome: str) -> None:
    case = Case(text, 1.0, outcome, text, text, text)  # type: ignore[arg-type]
    path = write_feature(tmp_path, text, [case], {"options": text})
    assert len(list(suite(path).iter("testcase"))) == 1


@pytest.mark.parametrize(("broken", "outcome"), [(False, "passed"), (True, "failed")])
def test_a_judged_run(tmp_path: Path, broken: bool, outcome: str) -> None:
    run = good_run()
    if broken:
        run.client("c").got(5, "0x5")
    history = run.history()
    case = judged(history, judge(history), 12.5, tmp_path)
    assert (case.name, case.outcome) == ("by hand", outcome)
    assert ("no_strangers" in case.message) is broken
    assert ("judge again" in case.text) is broken
    assert "answered_once" in case.output


def test_unknown_is_an_error(tmp_path: Path) -> None:
    history = Run().history()
    assert judged(history, judge(history), 1, tmp_path).outcome == "error"
