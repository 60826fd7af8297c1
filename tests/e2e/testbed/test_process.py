"""No child outlives us, however we end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from e2e.testbed.process import Process
from e2e.wait import wait_until

SLEEPER = [sys.executable, "-c", "print('up', flush=True); import time; time.sleep(600)"]

# A harness that starts a sleeper from a thread which ends when it is up, tells the sleeper's pid and whether it has
# outlived the thread, and does {end}.
HARNESS = """
import os, signal, sys, threading, time
from pathlib import Path
from e2e.testbed.process import Process
started = []
def start():
    started.append(Process({sleeper!r}, Path({log!r})))
    while started[0].tail() != "up":
        time.sleep(0.01)
thread = threading.Thread(target=start)
thread.start()
thread.join()
signal.signal(signal.SIGINT, lambda *_: print("child alive:", started[0].alive, flush=True))
print(started[0].pid, started[0].alive, flush=True)
{end}
"""


def is_gone(pid: int) -> bool:
    """Ended, and reaped or a zombie of somebody else's."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def harness(log: Path, end: str) -> subprocess.Popen[str]:
    script = HARNESS.format(sleeper=SLEEPER, log=str(log), end=end)
    return subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param("os.kill(os.getpid(), signal.SIGKILL)", id="killed"),
        pytest.param("sys.exit(3)", id="exits"),
        pytest.param("os._exit(3)", id="exits without clean-up"),
        pytest.param("raise RuntimeError", id="crashes"),
    ],
)
def test_a_child_dies_with_us_but_not_with_the_thread_that_started_it(tmp_path: Path, end: str) -> None:
    with harness(tmp_path / "log", end) as process:
        assert process.stdout is not None
        pid, alive = process.stdout.readline().split()
        process.wait(20)
    assert alive == "True"
    wait_until(lambda: is_gone(int(pid)), 10, f"{pid} is gone")


def test_ctrl_c_reaches_us_and_not_the_child(tmp_path: Path) -> None:
    with harness(tmp_path / "log", "time.sleep(600)") as process:
        assert process.stdout is not None
        pid, _ = process.stdout.readline().split()
        try:
            os.killpg(process.pid, signal.SIGINT)
            assert process.stdout.readline().strip() == "child alive: True"
        finally:
            process.kill()
    wait_until(lambda: is_gone(int(pid)), 10, f"{pid} is gone")


def test_output_goes_to_the_log_and_its_end_is_at_hand(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "print(*range(40), sep='\\n')"], tmp_path / "log")
    wait_until(lambda: not process.alive, 20, "it ends")
    assert process.exit_code == 0
    assert process.tail(3) == "37\n38\n39"


def test_the_log_of_an_earlier_life_is_kept(tmp_path: Path) -> None:
    for word in ("first", "second"):
        process = Process([sys.executable, "-c", f"print('{word}')"], tmp_path / "log")
        wait_until(lambda: not process.alive, 20, "it ends")  # noqa: B023 - called before the next turn
    assert process.tail() == "first\nsecond"


def test_terminate_says_whether_it_was_gone_in_time(tmp_path: Path) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)"
    process = Process([sys.executable, "-c", f"{stubborn}; import time; time.sleep(600)"], tmp_path / "log")
    wait_until(lambda: process.tail() == "up", 20, "it runs")
    assert not process.terminate(within=0.1)
    process.kill()
    assert process.exit_code == -signal.SIGKILL
    process.kill()


def test_what_it_started_ends_with_it_also_when_it_has_ended_itself(tmp_path: Path) -> None:
    process = Process(["/bin/sh", "-c", "sleep 600 & echo $!; wait"], tmp_path / "log")
    wait_until(process.tail, 20, "it runs")
    child = int(process.tail())
    assert process.terminate(within=20)
    assert not is_gone(child)
    process.kill()
    wait_until(lambda: is_gone(child), 20, f"{child} is gone")


def test_a_stopped_child_can_be_killed(tmp_path: Path) -> None:
    process = Process(SLEEPER, tmp_path / "log")
    process.signal(signal.SIGSTOP)
    process.kill()
    assert not process.alive


def test_niceness_is_added_to_ours(tmp_path: Path) -> None:
    process = Process([sys.executable, "-c", "import os; print(os.nice(0))"], tmp_path / "log", nice=3)
    wait_until(lambda: not process.alive, 20, "it ends")
    assert int(process.tail()) == min(os.nice(0) + 3, 19)


def test_a_program_that_does_not_exist_ends_at_once_and_says_so(tmp_path: Path) -> None:
    process = Process(["/nowhere/geth"], tmp_path / "log")
    wait_until(lambda: not process.alive, 20, "it ends")
    assert "FileNotFoundError" in process.tail()


def test_children_may_be_started_from_many_threads(tmp_path: Path) -> None:
    processes: list[Process] = []
    threads = [
        threading.Thread(target=lambda i=i: processes.append(Process(SLEEPER, tmp_path / f"log{i}"))) for i in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(process.alive for process in processes)
    for process in processes:
        process.kill()
