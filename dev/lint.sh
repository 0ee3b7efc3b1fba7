#!/usr/bin/env bash
# Every gate of lint but ansible-test sanity (dev/sanity.sh). Runs them all, then tells which failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

failed=()
gate() {
    local name=$1
    shift
    echo "== $name"
    "$@" || failed+=("$name")
}

gate "ruff check" ruff check --quiet .
gate "ruff format" ruff format --check --quiet .
gate "mypy" mypy --no-error-summary benchmarks dev extensions lab plugins tests
gate "yamllint" yamllint --strict .
# With the path set, ansible-lint takes build/collections and installs nothing.
gate "ansible-lint" env ANSIBLE_COLLECTIONS_PATH="$PWD/build/collections" ansible-lint -q --nocolor --strict
gate "changelog" antsibull-changelog lint

if [ ${#failed[@]} -gt 0 ]; then
    printf 'lint failed: %s\n' "${failed[*]}" >&2
    exit 1
fi
echo "lint passed"
