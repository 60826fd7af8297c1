from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from e2e.judge import judge, main
from e2e.ledger.store import Store
from e2e.report.html import page, write
from e2e.report.story import story
from e2e.report.svg import GUTTER, WIDTH, Scale
from e2e.report.timeline import timeline
from tests.e2e.checkers.histories import B1, P1, Run, good_run, header

if TYPE_CHECKING:
    from pathlib import Path


def drawn(run: Run) -> ET.Element:
    """The time line, which has to be well-formed."""
    history = run.history()
    return ET.fromstring(timeline(history, judge(history)))


def count(svg: ET.Element, kind: str) -> int:
    return sum(kind in (shape.get("class") or "").split() for shape in svg.iter())


def titles(svg: ET.Element) -> str:
    return "\n".join(title.text or "" for title in svg.iter("title"))


def broken_run() -> Run:
    run = good_run()
    c, h = run.client("c"), run.client("h", "http")
    c.subscribed(1, "newHeads", "0xc").sent(2, "<b>").error(3).event("0xf", header(3)).sent(4).error(4)
    c.closed(1006, by="proxy", reason="<gone>")
    h.sent(1).failed()
    return run.fault("slow_reader", "c").fault("gremlins", P1).fault("stop", "proxy", lane="ws")


def test_a_good_run_has_no_red() -> None:
    svg = drawn(good_run())
    assert count(svg, "head") == 24
    assert count(svg, "block") == 12
    assert count(svg, "fault") == 2
    assert count(svg, "shadow") == 1, "what overlaps is shaded once"
    assert count(svg, "serving") == 3
    assert count(svg, "ok") == 78
    for kind in ("lost-tick", "missing", "strange", "closed", "flag", "error"):
        assert count(svg, kind) == 0, kind


def test_whatever_went_wrong_is_there_to_be_seen() -> None:
    svg = drawn(broken_run())
    assert [count(svg, kind) for kind in ("lost-tick", "strange", "closed", "error")] == [4, 2, 1, 1]
    assert count(svg, "flag") > 0
    said = titles(svg)
    for words in (
        "<b> with id 2",
        "closed by the proxy with 1006 '<gone>'",
        "gremlins of el-1-primary",
        "stop ws of proxy",
        "never taken back",
        "nobody asked for this",
        f"clients on {B1}",
        "error -32050",
    ):
        assert words in said, words


def test_a_missing_head_is_drawn_where_its_block_was_built() -> None:
    run = Run()
    a = run.client("a").subscribed(1, "newHeads", "0xa")
    for number in (1, 2, 3):
        run.wait(2).block(number)
        if number != 2:
            a.event("0xa", header(number))
    run.wait(3).settled()
    svg = drawn(run)
    assert count(svg, "missing") == 1
    assert "head 2 never came" in titles(svg)


def test_whoever_left_early_lost_nothing() -> None:
    run = Run()
    run.client("a").sent(1).closed()
    run.wait(1).settled()
    assert count(drawn(run), "lost-tick") == 0


def test_clients_who_lost_something_come_first_and_in_their_order() -> None:
    run = Run()
    for number in range(60):
        client = run.client(f"client-{number}")
        client.frame("lost") if number in {2, 10, 59} else client.asked(1)
    svg = drawn(run)
    names = [text.text or "" for text in svg.iter("text") if (text.text or "").startswith("client-")]
    assert len(names) == 40
    assert names == sorted(names, key=lambda name: int(name.partition("-")[2].split()[0]))
    assert {"client-2 ✗ 1", "client-10 ✗ 1", "client-59 ✗ 1"} <= set(names)
    assert "20 without losses not shown" in "".join(text.text or "" for text in svg.iter("text"))


def test_many_good_answers_are_thinned_out_bad_ones_are_not() -> None:
    run = Run()
    a = run.client("a")
    for number in range(9000):
        a.asked(number)
        if number % 100 == 0:
            a.sent(number).error(number)
    svg = drawn(run)
    assert count(svg, "error") == 90
    assert 3000 < count(svg, "ok") < 5000


def test_the_heads_of_a_long_run_are_thinned_out_what_is_missing_is_not() -> None:
    run = Run()
    c = run.client("c").subscribed(1, "newHeads", "0xc")
    for number in range(1, 6001):
        run.block(number)
        if number % 1000 != 7:
            c.event("0xc", header(number))
    svg = drawn(run)
    assert 1000 <= count(svg, "head") < 2000
    assert 1000 <= count(svg, "block") < 2000
    assert count(svg, "missing") == 6


@pytest.mark.parametrize("end", [0.0, 0.5, 9.0, 100.0, 5000.0, 90_000.0])
def test_time_fits_the_picture(end: float) -> None:
    scale = Scale(end)
    assert scale.x(-1) == GUTTER
    assert scale.x(end * 2 + 1) <= WIDTH
    assert 1 <= len(scale.ticks()) <= 26


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.attributes: set[str] = set()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_stands_alone(tmp_path: Path) -> None:
    history = broken_run().history()
    text = page(history, judge(history), tmp_path)
    reader = Reader()
    reader.feed(text)
    assert not reader.attributes & {"src", "href"}
    assert not {"script", "link", "img", "iframe"} & set(reader.tags)
    assert "url(" not in text
    assert not re.search(r"https?://", text)
    assert "$" not in re.sub(r"<pre>.*?</pre>", "", text, flags=re.DOTALL)
    assert "<b> with id 2" not in text
    assert "answered_once" in text
    assert f"python -m e2e.judge {tmp_path}" in text


def test_it_is_written_into_the_folder_of_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = good_run()
    store = Store.create(tmp_path, "x")
    store.write_meta(run.meta)
    for entry in run.history().entries:
        store.append(entry)
    store.close()
    assert main([str(store.folder), "--html"]) == 0
    assert str(store.folder / "report.html") in capsys.readouterr().out
    assert "by hand" in (store.folder / "report.html").read_text(encoding="utf-8")


def test_many_witnesses_fold(tmp_path: Path) -> None:
    run = Run()
    for number in range(9):
        run.client(f"c{number}").got(5)
    history = run.history()
    path = write(history, judge(history), tmp_path)
    assert "<summary>6 more</summary>" in path.read_text(encoding="utf-8")


def test_faults_of_one_node_do_not_cover_each_other() -> None:
    run = good_run()
    run.fault("latency", P1, lane="ws").fault("latency", P1, lane="http").fault("black_hole", P1, lane="ws")
    svg = drawn(run)
    names = {text.text: text for text in svg.iter("text") if text.get("class") == "fault-name"}
    assert "latency ws http" in names, "one fault of two lanes is drawn once"
    heights = [text.get("y") for name, text in names.items() if name in {"latency ws http", "black_hole ws"}]
    assert len({*heights}) == 2


def test_the_page_says_in_words_what_happened() -> None:
    history = broken_run().history()
    told = story(history, judge(history))
    assert "stop of proxy (ws)" in told
    assert re.search(rf"from [\d.]+ s {P1}", told)
    assert "<b>c</b> 6 times" in told
    assert "<b>answered_once, " in told


def test_a_run_without_events_says_so() -> None:
    told = story(Run().history(), [])
    assert told.count("nothing") == 2
    assert "nobody can say" in told


def test_a_client_that_misbehaves_is_marked_in_its_own_row() -> None:
    run = good_run()
    run.fault("slow_reader", "a")
    svg = drawn(run)
    names = [text.text for text in svg.iter("text") if "label" in (text.get("class") or "")]
    assert [name for name in names if name and name.split()[0] == "a"] == ["a ✗ 1"], "it has no row among the nodes"
    assert count(svg, "client") == 1
    assert "slow_reader until" in titles(svg)
