from __future__ import annotations

from pathlib import Path

from e2e.checkers.verdict import Witness, broken, kept
from e2e.ledger.entries import Arrived, Entry, Marked
from e2e.report.text import explain, figures, line, table, witness_block
from tests.e2e.checkers.histories import B1, P1, Run, header


def said(run: Run) -> str:
    history = run.history()
    return "\n".join(line(history, entry) for entry in history.entries)


def test_every_entry_has_a_line() -> None:
    run = Run()
    a, h = run.client("a"), run.client("h", "http")
    a.sent(1, "eth_call", {"to": "0x1"}).got(1, "0x5").error(2, -32050, "no node").frame("text").frame({"id": 1})
    a.event("0xa", header(7)).event("0xb", "0xfe").frame({"method": "x", "params": []}).closed(1013, by="proxy")
    h.sent(1).failed("refused").frame("<html>", status=502)
    run.fault("reset", P1, lane="ws").fault("kill").healed("kill").block(7).upstream(B1).upstream().drifted(0.5)
    run.add(Arrived(9.0, P1, "eth_sendRawTransaction", ["0x1"])).add(Marked(9.1, "settled"))
    text = said(run)
    for words in (
        'sent      id 1  eth_call [{"to":"0x1"}]',
        'got       id 1  result "0x5"',
        'error {"code":-32050,"message":"no node"}',
        'event     0xa  {"number":"0x7"',
        'event     0xb  "0xfe"',
        "closed    1013 by the proxy",
        "failed    refused",
        'HTTP 502  "<html>"',
        'FAULT     reset of el-1-primary {"lane":"ws"}',
        "CURE      kill of el-1-primary",
        "gauge     clients on el-3-backup",
        "gauge     clients on no node",
        "the harness was 0.50 s late",
        "arrived   at el-1-primary: eth_sendRawTransaction",
        "mark      settled",
        "block     7",
        "opened",
    ):
        assert words in text, text


def test_a_witness_stands_among_its_neighbours() -> None:
    run = Run().upstream(P1)
    a = run.client("a")
    for number in range(9):
        a.asked(number)
    run.fault("kill", P1).upstream(P1).upstream(B1)
    a.sent(99, "eth_blockNumber")
    lost: Entry = run.entries[-1]
    a.asked(100)
    run.wait(9).fault("kill", B1)
    block = witness_block(run.history(), Witness(lost.at, "a", "no answer", (lost,)))
    lines = block.splitlines()
    assert lines[0].endswith("a: no answer")
    assert [each for each in lines if each.startswith("  >")] == ["  >   +0.000  sent      id 99  eth_blockNumber []"]
    assert "FAULT     kill of el-1-primary" in block
    assert "clients on el-3-backup" in block
    assert "kill of el-3-backup" not in block  # too long after
    assert len(lines) == 11


def test_verdicts_as_a_table() -> None:
    verdicts = [kept("answered_once", "all", requests=5, p99=0.25), broken("no_strangers", "one", [])]
    assert table(verdicts).splitlines()[0].split() == ["✓", "answered_once", "yes", "all"]
    assert figures(verdicts).split() == ["answered_once", "requests", "5,", "p99", "0.250"]


def test_only_red_verdicts_are_explained() -> None:
    history = Run().history()
    assert explain(history, [kept("answered_once", "all")], Path("runs/x")) == ""
    witnesses = [Witness(float(number), "a", f"number {number}") for number in range(20)]
    text = explain(history, [broken("no_strangers", "twenty", witnesses)], Path("runs/x"))
    assert "number 12" in text
    assert "number 13" not in text
    assert "… and 7 more" in text
    assert "python -m e2e.judge runs/x --promise no_strangers" in text
    assert "judge again" not in explain(history, [broken("no_strangers", "x", [])])
