"""Broken proxies, and the gate that judges the suite by them: see USAGE."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Final

from mutants import catalogue
from mutants.patch import PatchError
from proxy.__main__ import main as proxy

if TYPE_CHECKING:
    from mutants.catalogue import Mutant

USAGE: Final = """python -m mutants NAME --config FILE --listen HOST:PORT   run the proxy with that bug
python -m mutants --list                                 what there is
python -m mutants --check                                whether each still applies
python -m mutants coverage                               which failure modes have a scenario that a mutant has failed
python -m mutants gate [--issues] [NAME...]              play scenarios against mutants: does the suite catch them?
python -m mutants chaos [NAME...]                        play chaos against five of them, or these"""
STALE: Final = 4


def main(arguments: list[str]) -> int:
    """The exit status: the proxy's or the gate's own, 2 for a wrong call, 4 if the mutant does not apply any more."""
    mutants = catalogue.load()
    match arguments:
        case ["--list"]:
            for each in mutants.values():
                print(f"{each.name:28} {each.mode:10} {each.bug}")
            return 0
        case ["--check"]:
            return _check()
        case ["-h" | "--help"]:
            print(USAGE)
            return 0
        case ["coverage"]:
            from mutants import edges  # noqa: PLC0415 - as below

            return edges.main()
        case ["gate", *options]:
            from mutants import gate  # noqa: PLC0415 - the suite has no place in the process of a mutant

            return gate.main(options)
        case ["chaos", *options]:
            from mutants import chaos  # noqa: PLC0415 - as above

            return chaos.main(options)
        case [name, *options] if name in mutants:
            return STALE if _is_stale(mutants[name]) else proxy(options)
        case [name, *_] if not name.startswith("-") and name != "coverage":
            print(f"no mutant {name}; python -m mutants --list names them all", file=sys.stderr)
            return 2
        case _:
            print(USAGE, file=sys.stderr)
            return 2


def _is_stale(mutant: Mutant) -> bool:
    """Apply it; whether that failed, which is said."""
    try:
        mutant.apply()
    except PatchError as error:
        print(f"the mutant {mutant.name} does not apply: {error}", file=sys.stderr)
        return True
    return False


def _check() -> int:
    """Apply each mutant in a process of its own: applied twice, they would see each other."""
    stale = 0
    for mutant in catalogue.load().values():
        child = os.fork()
        if not child:
            stuck = _is_stale(mutant)
            sys.stderr.flush()
            os._exit(stuck)
        stale += os.waitpid(child, 0)[1] != 0
    return STALE if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
