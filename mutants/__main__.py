"""python -m mutants NAME --config F --listen H:P runs a broken proxy; --list names them all; `gate` judges the suite."""

from __future__ import annotations

import sys

from mutants import catalogue, gate
from mutants.patch import PatchError
from proxy.__main__ import main as proxy

USAGE = """python -m mutants NAME --config FILE --listen HOST:PORT   run the proxy with that bug
python -m mutants --list                                 what there is
python -m mutants gate [--issues] [NAME...]              play scenarios against mutants: does the suite catch them?"""
STALE = 4


def main(arguments: list[str]) -> int:
    """The exit status: the proxy's or the gate's own, 2 for a wrong call, 4 if the mutant does not apply any more."""
    mutants = catalogue.load()
    match arguments:
        case ["--list"]:
            for each in mutants.values():
                print(f"{each.name:28} {each.mode:10} {each.bug}")
            return 0
        case ["gate", *options]:
            return gate.main(options)
        case [name, *options] if name in mutants:
            try:
                mutants[name].apply()
            except PatchError as error:
                print(f"the mutant {name} does not apply: {error}", file=sys.stderr)
                return STALE
            return proxy(options)
        case [name, *_] if not name.startswith("-"):
            print(f"no mutant {name}; python -m mutants --list names them all", file=sys.stderr)
            return 2
        case _:
            print(USAGE, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
