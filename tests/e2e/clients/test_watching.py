"""Those who watch a run: the chain follower, the scraper, the drift meter, and the threads they live on."""

from __future__ import annotations

import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from e2e.clients import drift
from e2e.clients.chain import REMEMBERED, ChainFollower
from e2e.clients.drift import EVERY, measure_drift, seconds_waited
from e2e.clients.observer import Observer
from e2e.clients.scrape import Scraper, by_label, parse
from e2e.ledger.entries import Block, Drifted, Scraped
from e2e.ledger.recorder import Recorder
from e2e.testbed.protocol import Head
from e2e.wait import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

METRICS = """\
# HELP vixy_node_connected 1 while it carries clients
# TYPE vixy_node_connected gauge
vixy_node_connected{node="el-1-primary"} 1.0
vixy_node_connected{tier="backup",node="el-3-backup"} 0.0
# TYPE vixy_other counter
vixy_other_total 7.0
"""


class Driver:
    """A block driver's word, as a test writes it."""

    def __init__(self, names: str) -> None:
        self.tell(names)

    def tell(self, names: str) -> None:
        """One letter a block, from number 0: the whole canonical chain."""
        self.chain = [Head(n, names[n], names[n - 1] if n else "") for n in range(len(names))]

    def head(self) -> Head:
        return self.chain[-1]

    def blocks(self, first: int, last: int) -> list[Head]:
        return self.chain[first : last + 1]


def followed(*chains: str) -> str:
    recorder, driver = Recorder(), Driver(chains[0])
    follower = ChainFollower(driver, recorder)  # type: ignore[arg-type]  # the two methods that it uses
    for names in chains:
        driver.tell(names)
        follower.look()
    return "".join(entry.hash for entry in recorder.entries() if isinstance(entry, Block))


def test_each_block_is_told_once_from_the_first_head_on() -> None:
    assert followed("abc", "abc", "abcd", "abcdefg") == "cdefg"


def test_a_reorg_is_told_from_the_fork_on() -> None:
    assert followed("abcde", "abcdef", "abcdXYZ") == "efXYZ"


def test_a_reorg_to_a_chain_of_the_same_height_is_seen() -> None:
    assert followed("abc", "abcd", "abcX") == "cdX"


def test_a_reorg_late_in_a_long_run_is_seen_though_not_all_is_remembered() -> None:
    long = "".join(map(chr, range(0x4E00, 0x4E00 + 3 * REMEMBERED)))
    assert followed("a", f"a{long}", f"a{long[:-2]}XYZ") == f"a{long}XYZ"


class Unsteady(Driver):
    """In the middle of a reorg: once it has named its head, that is what has become of its chain."""

    after = ""

    def head(self) -> Head:
        named = super().head()
        if self.after:
            self.tell(self.after)
        return named


def test_a_reorg_just_when_the_head_was_named_is_told_the_next_time() -> None:
    recorder, driver = Recorder(), Unsteady("abc")
    follower = ChainFollower(driver, recorder)  # type: ignore[arg-type]  # as above
    follower.look()
    driver.tell("abcde")
    driver.after = "ab"
    follower.look()
    driver.after = ""
    driver.tell("abXYZ")
    follower.look()
    assert "".join(entry.hash for entry in recorder.entries() if isinstance(entry, Block)) == "cXYZ"


@pytest.fixture
def metrics_url() -> Iterator[str]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = METRICS.encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/metrics"
        server.shutdown()
        thread.join()


def test_only_wanted_samples_are_kept_with_their_labels() -> None:
    samples = parse(METRICS, frozenset({"vixy_node_connected"}))
    assert samples == {
        'vixy_node_connected{node="el-1-primary"}': 1.0,
        'vixy_node_connected{tier="backup",node="el-3-backup"}': 0.0,
    }
    assert by_label(samples, "vixy_node_connected", "node") == {"el-1-primary": 1.0, "el-3-backup": 0.0}


def test_a_scrape_is_recorded(metrics_url: str) -> None:
    recorder = Recorder()
    scraper = Scraper(metrics_url, frozenset({"vixy_other_total"}), recorder)
    scraped = scraper.scrape()
    scraper.close()
    assert (scraped.up, scraped.samples) == (True, {"vixy_other_total": 7.0})
    assert recorder.entries() == (scraped,)


def test_a_proxy_that_does_not_answer_is_recorded_too() -> None:
    recorder = Recorder()
    scraper = Scraper("http://127.0.0.1:1/metrics", frozenset(), recorder)
    assert not scraper.scrape().up
    scraper.close()
    assert [type(entry) for entry in recorder.entries()] == [Scraped]


def test_an_observer_looks_until_it_is_stopped() -> None:
    looks: list[int] = []
    observer = Observer("eye", lambda: looks.append(1), 0.001)
    observer.start()
    wait_until(lambda: len(looks) > 3, 5, "it looks again and again")
    observer.stop()
    seen = len(looks)
    assert threading.active_count() == 1 or all(thread.name != "eye" for thread in threading.enumerate())
    assert len(looks) == seen


def test_what_a_look_raised_is_raised_at_the_end() -> None:
    looks = iter([1])
    observer = Observer("eye", lambda: next(looks), 0.001)
    observer.start()
    wait_until(lambda: observer.error is not None, 5, "the second look fails")
    with pytest.raises(StopIteration):
        observer.stop()


def test_a_loop_that_is_held_up_is_late() -> None:
    recorder = Recorder()
    held = threading.Event()

    async def run() -> None:
        meter = asyncio.create_task(measure_drift(recorder))
        await asyncio.sleep(0)
        held.wait(0.3)  # nobody sets it: the loop stands still
        await asyncio.sleep(2 * EVERY)
        meter.cancel()

    asyncio.run(run())
    first = recorder.entries()[0]
    assert isinstance(first, Drifted)
    assert first.late > 0.15


def test_whether_the_machine_has_time_for_everybody_is_read_where_linux_says_so(tmp_path: Path) -> None:
    said = tmp_path / "cpu"
    said.write_text("some avg10=98.35 avg60=98.33 avg300=96.26 total=3237149168\nfull avg10=0.00 total=0\n")
    assert seconds_waited(said) == pytest.approx(3237.149168)
    for silence in ("", "some avg10=1.0\n"):
        said.write_text(silence)
        assert seconds_waited(said) == 0.0
    assert seconds_waited(tmp_path / "nowhere") == 0.0


def test_pressure_is_a_share_of_the_time_between_two_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(drift, "seconds_waited", lambda: 0.5 * recorder.now())

    async def run() -> None:
        meter = asyncio.create_task(measure_drift(recorder))
        await asyncio.sleep(3.5 * EVERY)
        meter.cancel()

    asyncio.run(run())
    assert [round(each.pressure, 1) for each in recorder.entries() if isinstance(each, Drifted)][:2] == [0.5, 0.5]
