"""Judge a run: `python -m e2e.judge RUN [--promise NAME] [--html]`; RUN is a folder or a name under `runs/`.

All promises are looked at, and those count by which the run was judged when it was played: the verdict is the same one.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from dataclasses import replace
from typing import TYPE_CHECKING

from e2e.checkers import CHECKERS
from e2e.checkers.verdict import UNTESTED, Answer, Verdict, unknown, worst
from e2e.ledger.store import RunError, find, load
from e2e.report import html
from e2e.report.text import explain, figures, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from e2e.ledger.history import History

EXIT_CODES = {Answer.NO: 1, Answer.UNKNOWN: 2}


def judge(history: History, promises: Iterable[str] | None = None) -> list[Verdict]:
    """A verdict for each of `promises` (all there are when None), in the order of the registry.

    A promise that the run's meta requires and that was not put to the test is UNKNOWN; one that the proxy's profile
    does not claim can be kept, but not broken. KeyError for a promise that nobody judges.
    """
    wanted = set(CHECKERS) if promises is None else set(promises)
    if strangers := wanted - set(CHECKERS):
        raise KeyError(f"no checker for {', '.join(sorted(strangers))}; there are {', '.join(CHECKERS)}")
    return [_judge(history, promise) for promise in CHECKERS if promise in wanted]


def _judge(history: History, promise: str) -> Verdict:
    try:
        verdict = CHECKERS[promise](history)
    except Exception as error:  # noqa: BLE001 - whatever it is, it says nothing about the proxy
        last = traceback.format_exception_only(error)[-1].strip()
        frame = traceback.extract_tb(error.__traceback__)[-1]
        return unknown(promise, f"the checker crashed: {last} ({frame.filename}:{frame.lineno})")
    due = promise in history.meta.required and promise not in history.meta.not_claimed
    if verdict.answer is Answer.NOT_REACHED and due:
        return replace(verdict, answer=Answer.UNKNOWN, reason=f"{UNTESTED}: {verdict.reason}")
    if verdict.red and promise in history.meta.not_claimed:
        reason = f"{history.meta.not_claimed[promise]} (seen: {verdict.reason})"
        return replace(verdict, answer=Answer.NOT_CLAIMED, reason=reason)
    return verdict


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns its exit code: 0 kept, 1 broken, 2 unknown (or no such run)."""
    parser = argparse.ArgumentParser(prog="python -m e2e.judge", description="Judge a saved run, as often as you like.")
    parser.add_argument("run", help="the folder of a run, or its name under runs/, such as 'latest'")
    parser.add_argument("--promise", action="append", choices=[*CHECKERS], help="judge only this one (may be repeated)")
    parser.add_argument("--html", action="store_true", help="write report.html into the folder of the run")
    options = parser.parse_args(arguments)
    try:
        folder = find(options.run)
        history = load(folder)
    except RunError as error:
        print(error, file=sys.stderr)
        return 2
    every = judge(history, options.promise)
    counting = options.promise or history.meta.required or CHECKERS
    verdicts = [verdict for verdict in every if verdict.promise in counting]
    print(f"{history.meta.scenario}: {len(history.entries)} entries in {history.end:.1f} s  ({folder})\n")
    print(table(every), figures(every), sep="\n\n")
    if options.html:
        print(f"\n{html.write(history, verdicts, folder)}")
    if red := explain(history, verdicts, folder):
        print(f"\n{red}")
    if others := [verdict.promise for verdict in every if verdict.red and verdict not in verdicts]:
        print(f"\nby the way, and nothing that this run was judged by: {', '.join(others)}")
    return EXIT_CODES.get(worst(verdicts), 0)


if __name__ == "__main__":
    sys.exit(main())
