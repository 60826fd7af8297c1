"""What a night runs: `python -m ci.night [--date 2026-11-29] [--what weekly]` prints NAME=VALUE for $GITHUB_OUTPUT.

Every night the extended checks; on Sundays (UTC) the day-long soak; on the first of a month the hour of chaos with
every fault. cron cannot say this to the jobs of one workflow: each schedule would start all of it again.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, date, datetime
from typing import Final

WHAT: Final = ("nightly", "weekly", "monthly")
SUNDAY: Final = 7


def tonight(day: date, what: str = "") -> dict[str, bool]:
    """Which of the longer runs join the nightly ones; `what` asks for one of them, whatever day it is."""
    return {
        "soak": what == "weekly" or (not what and day.isoweekday() == SUNDAY),
        "every_fault": what == "monthly" or (not what and day.day == 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ci.night", description=__doc__)
    parser.add_argument("--date", type=date.fromisoformat, default=datetime.now(UTC).date(), help="default: today, UTC")
    parser.add_argument("--what", choices=("", *WHAT), default="", help="instead of what the date says")
    given = parser.parse_args()
    for name, value in tonight(given.date, given.what).items():
        sys.stdout.write(f"{name}={str(value).lower()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
