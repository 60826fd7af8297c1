"""The suite's command line.

  python -m e2e score --sut PROFILE    every scenario against a proxy; what it promises and keeps, as a table
  python -m e2e.judge RUN              judge a saved run again
  python -m e2e.gateway                a fault gateway to play with
  python -m e2e.testbed                a network to play with

Scenarios one by one are behave's: behave features/failover.feature -D sut=PROFILE
"""

from __future__ import annotations

import sys

from e2e.score import command


def main(arguments: list[str]) -> int:
    """Return the exit code of the command: see there; 2 for a wrong call."""
    match arguments:
        case ["score", *rest]:
            return command.main(rest)
        case _:
            print(__doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
