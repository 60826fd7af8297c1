"""Child processes that end when we do, however we end.

A child is in a process group of its own, so that Ctrl-C reaches us alone and we end it in order. (In a session of its
own Linux would give it, as an autogroup, a fair share against all of us, and its niceness would mean nothing.) If we
are killed, the kernel kills it (PR_SET_PDEATHSIG, Linux): it asks for that itself, between fork and exec of the real
program, and the thread that forked it lives as long as we do, because the kernel counts that thread's death as ours.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

# Run by `python -c` in the child: die with the parent, and if it has died already, at once; be as nice as told; then
# become the program.
_TETHER = """\
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    os._exit(1)
os.nice(int(sys.argv[2]))
os.execv(sys.argv[3], sys.argv[3:])
"""

#: The one thread that forks. It idles until the interpreter ends.
_forker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="testbed-forker")


class Process:
    """A running program, its output appended to `log`."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, environment: Mapping[str, str] | None = None, nice: int = 0
    ) -> None:
        """Start `command`; its first element is the path of the program. `nice`: added to our own. Raises OSError."""
        program = [str(part) for part in command]
        tethered = [sys.executable, "-I", "-S", "-c", _TETHER, str(os.getpid()), str(nice), *program]
        with log.open("ab") as output:
            self._process = _forker.submit(
                subprocess.Popen,
                tethered,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=None if environment is None else dict(environment),
                process_group=0,
            ).result()
        self.log = log
        self._swept = False

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative: the signal that ended it."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal; no error if it has ended."""
        self._process.send_signal(number)

    def terminate(self, within: float) -> bool:
        """SIGTERM; whether it was gone `within` seconds."""
        self.signal(signal.SIGTERM)
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """SIGKILL it and what it started; returns when it is gone and reaped."""
        # what it started may outlive it (`sh -c`, `cargo run`); once, since the number of an empty group is free again
        if not self._swept:
            self._swept = True
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def tail(self, lines: int = 15) -> str:
        """The end of its log."""
        with self.log.open("rb") as output:
            output.seek(max(output.seek(0, os.SEEK_END) - 16_384, 0))
            return "\n".join(output.read().decode(errors="replace").splitlines()[-lines:])
