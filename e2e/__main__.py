"""The suite's command line.

  python -m e2e score --sut PROFILE    every scenario against a proxy; what it promises and keeps, as a table
  python -m e2e.judge RUN              judge a saved run again
  python -m e2e.flake                  the critical scenarios again and again
  python -m e2e.trials load            a thousand requests a second, a primary killed
  python -m e2e.chaos                  random faults under that load
  python -m e2e.soak                   hours of load and forced reconnections; with k6: python -m e2e.soak.k6
  python -m e2e.load --ws URL          the load generator alone
  python -m e2e.gateway                a fault gateway to play with
  python -m e2e.testbed                a network to play with; in an enclave: python -m e2e.testbed.kurtosis

Each says more with --help. Scenarios one by one are behave's: behave features/failover.feature -D sut=PROFILE
"""

from __future__ import annotations

import sys

from e2e.score import command


def main(arguments: list[str]) -> int:
    """Return the exit code of the command: see there; 2 for a wrong call."""
    match arguments:
        case ["score", *rest]:
            return command.main(rest)
        case ["-h" | "--help"]:
            print(__doc__)
            return 0
        case _:
            print(f"no command {arguments[0]!r}\n\n{__doc__}" if arguments else __doc__, file=sys.stderr)
            return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
