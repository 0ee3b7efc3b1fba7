#!/usr/bin/env bash
# Prints the interpreter for the environment: $PYTHON, else the newest Python >= 3.12 that runs.
set -euo pipefail

runs() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1; }

if [ -n "${PYTHON:-}" ]; then
    runs "$PYTHON" && { echo "$PYTHON"; exit 0; }
    echo "PYTHON=$PYTHON is not a Python 3.12 or newer that runs; set PYTHON to one" >&2
    exit 1
fi
# pyenv's shims answer "command not found" for versions that are not selected: look behind them.
for minor in 14 13 12; do
    for candidate in "python3.$minor" "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3."$minor".*/bin/python; do
        runs "$candidate" && { echo "$candidate"; exit 0; }
    done
done
echo "no Python 3.12 or newer found; install one, or set PYTHON to its path" >&2
exit 1
