#!/usr/bin/env bash
# One segment of a soak that is longer than a job may be: begins it, or goes on with the newest one in runs/, and stops
# after SEGMENT. That the time is over is no failure, but in the LAST one (LAST=true), after which the soak must be over;
# what the soak finds, with all that came before, is.
# To try it: SEGMENT=60s DURATION=150s ci/soak_segment.sh, again and again until it has the last word.
set -euo pipefail
cd "$(dirname "$0")/.."

segment=${SEGMENT:-300m}
duration=${DURATION:-24h}
last=${LAST:-false}
stopped=130 # the exit code of a soak that was stopped and can be resumed

mkdir -p runs reports
newest=$(find runs -maxdepth 1 -name '*-soak' | sort | tail -n 1)
what=(--duration "$duration")
[[ -z $newest ]] || what=(--resume "$newest")

status=0
timeout --foreground --preserve-status --signal=TERM --kill-after=5m "$segment" \
  .venv/bin/python -m e2e.soak "${what[@]}" | tee reports/soak.txt || status=$?
if [[ $status -eq $stopped && $last == true ]]; then
  echo "the last segment is over and the soak is not: nobody can say what the rest of $duration would have shown" |
    tee -a reports/soak.txt
  status=2 # as of a soak of which nobody can say
fi
if [[ -n ${GITHUB_STEP_SUMMARY:-} ]]; then
  { echo "## Soak so far"; echo; tail -n 60 reports/soak.txt | sed 's/^/    /'; } >>"$GITHUB_STEP_SUMMARY"
fi
if [[ $status -eq $stopped ]]; then
  echo "the segment is over, the soak goes on in the next one"
  exit 0
fi
exit "$status"
