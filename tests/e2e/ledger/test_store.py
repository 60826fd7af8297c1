from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from e2e.ledger import store
from e2e.ledger.entries import Marked, Opened
from e2e.ledger.meta import Meta
from e2e.ledger.recorder import Recorder
from e2e.ledger.store import RunError, Store, find, load

if TYPE_CHECKING:
    from pathlib import Path

META = Meta("A scenario: with (signs)", tags=("critical",), nodes={"n": "primary"}, required=("answered_once",))


def saved(root: Path, marks: int = 3) -> Store:
    run = Store.create(root, META.scenario)
    run.write_meta(META)
    for number in range(marks):
        run.append(Marked(float(number), f"{number}"))
    run.close()
    return run


def test_a_run_is_a_folder(tmp_path: Path) -> None:
    run = saved(tmp_path)
    assert run.folder.name.endswith("Z-a-scenario-with-signs")
    assert run.logs.is_dir()
    assert (tmp_path / "latest").resolve() == run.folder.resolve()
    history = load(find("latest", tmp_path))
    assert [mark.name for mark in history.of(Marked)] == ["0", "1", "2"]
    assert history.meta == META


def test_runs_of_the_same_second_do_not_meet(tmp_path: Path) -> None:
    folders = {saved(tmp_path).folder for _ in range(4)}
    assert len(folders) == 4
    assert (tmp_path / "latest").resolve() in {folder.resolve() for folder in folders}


def test_a_name_that_says_nothing(tmp_path: Path) -> None:
    run = Store.create(tmp_path, "…")
    run.close()
    assert run.folder.name.endswith("-run")


def test_a_half_written_line_at_the_end_is_ignored(tmp_path: Path) -> None:
    run = saved(tmp_path)
    path = run.folder / store.HISTORY
    path.write_text(path.read_text()[:-9])
    assert len(load(run.folder).entries) == 2


def test_a_broken_line_before_the_end_is_not(tmp_path: Path) -> None:
    run = saved(tmp_path)
    path = run.folder / store.HISTORY
    path.write_text("nonsense\n" + path.read_text())
    with pytest.raises(RunError, match=r"history.jsonl:1: "):
        load(run.folder)


def test_it_can_be_read_while_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "FLUSH_EVERY", 0.0)
    run = Store.create(tmp_path, "x")
    run.write_meta(META)
    run.append(Marked(1.0, "a"))
    assert len(load(run.folder).entries) == 1
    run.close()
    run.close()


def test_what_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="neither holds"):
        find("gone", tmp_path)
    run = saved(tmp_path)
    for text in ("{", '{"scenario":"x","colour":"red"}'):
        (run.folder / store.META).write_text(text)
        with pytest.raises(RunError, match=r"meta.json cannot be read"):
            load(run.folder)
    (run.folder / store.META).unlink()
    with pytest.raises(RunError, match=r"meta.json cannot be read"):
        load(run.folder)


def test_tiers_in_the_order_of_the_config() -> None:
    meta = Meta("x", nodes={"b": "primary", "c": "backup", "a": "primary"})
    assert meta.tier("primary") == ("b", "a")
    assert Meta.from_json(meta.to_json()) == meta


class TestRecorder:
    def test_time_and_numbers_go_up(self) -> None:
        recorder = Recorder()
        assert 0 <= recorder.now() <= recorder.now()
        assert recorder.next_op() < recorder.next_op()

    def test_memory_and_disk_hold_the_same(self, tmp_path: Path) -> None:
        run = Store.create(tmp_path, "x")
        run.write_meta(META)
        recorder = Recorder(run)
        recorder.record(Opened(0.5, "a"))
        recorder.record(Marked(1.0, "traffic"))
        recorder.close()
        recorder.record(Marked(2.0, "later"))
        recorder.close()
        assert load(run.folder).entries == recorder.entries()[:2]
        assert recorder.since(2) == (Marked(2.0, "later"),)
        assert recorder.history(META).end == 2.0

    def test_many_threads_lose_nothing(self, tmp_path: Path) -> None:
        run = Store.create(tmp_path, "x")
        run.write_meta(META)
        recorder = Recorder(run)

        def work(name: str) -> None:
            for _ in range(200):
                recorder.record(Marked(recorder.now(), name, {"op": recorder.next_op()}))

        threads = [threading.Thread(target=work, args=(str(number),)) for number in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        recorder.close()
        found = load(run.folder).of(Marked)
        assert sorted(mark.detail["op"] for mark in found) == list(range(1, 1001))
