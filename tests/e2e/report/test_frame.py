"""The frame of all pages."""

from __future__ import annotations

import pytest

from e2e.checkers.verdict import Answer, Verdict
from e2e.report.frame import framed, verdict_rows
from tests.e2e.report.pages import links


def test_a_page_has_what_all_have_around_what_is_its_own() -> None:
    text = framed("e2e.report", "index.html", title="A & B", answer="yes", meta="seed <7>", features="<tr></tr>")
    assert links(text) == [], "it is well-formed and needs nothing from elsewhere"
    for told in ("<title>A &amp; B</title>", "<h1>A &amp; B</h1>", '<p class="answer yes">yes</p>', "seed &lt;7&gt;"):
        assert told in text
    assert text.count("<style>") == text.count("<tr></tr>") == 1
    assert "$" not in text


def test_heading_and_answer_may_be_told_in_other_words() -> None:
    text = framed(
        "e2e.report", "index.html", title="3 < 4", answer="no", meta="", heading="All", told="<3>", features=""
    )
    for told in ("<title>3 &lt; 4</title>", "<h1>All</h1>", '<p class="answer no">&lt;3&gt;</p>'):
        assert told in text


def test_a_part_that_is_not_given_is_an_error() -> None:
    with pytest.raises(KeyError, match="features"):
        framed("e2e.report", "index.html", title="", answer="yes", meta="")


def test_what_is_put_in_is_no_template() -> None:
    text = framed("e2e.report", "index.html", title="$meta", answer="yes", meta="$5", features="$title")
    assert "<h1>$meta</h1>" in text
    assert "$5" in text
    assert "$title" in text


def test_each_verdict_is_a_row_with_its_figures() -> None:
    verdicts = [
        Verdict("bounded", Answer.YES, "flat", facts={"rss": 3}),
        Verdict("isolated", Answer.NO, "<late>"),
    ]
    rows = verdict_rows(verdicts).splitlines()
    assert [row.partition(">")[0] for row in rows] == ['<tr class="yes"', '<tr class="no"']
    assert "rss" in rows[0]
    assert "<td>&lt;late&gt;</td>" in rows[1]
