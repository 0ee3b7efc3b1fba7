#!/usr/bin/env bash
# Every gate of lint but ansible-test sanity (dev/sanity.sh). Runs them all side by side, then says which failed.
set -uo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

said=$(mktemp -d)
trap 'rm -rf "$said"' EXIT
names=() pids=() failed=()
gate() {
    names+=("$1")
    "${@:2}" >"$said/$1" 2>&1 &
    pids+=($!)
}

# With the path set, ansible-lint takes build/collections and installs nothing.
gate "ansible-lint" env ANSIBLE_COLLECTIONS_PATH="$PWD/build/collections" ansible-lint -q --nocolor --strict
gate "mypy" mypy --no-error-summary benchmarks dev extensions lab molecule plugins tests
gate "yamllint" yamllint --strict .
gate "words" python dev/words.py
gate "ruff format" ruff format --check --quiet .
gate "ruff check" ruff check --quiet .

for number in "${!names[@]}"; do
    wait "${pids[number]}" || failed+=("${names[number]}")
    echo "== ${names[number]}"
    cat "$said/${names[number]}"
done
if [ ${#failed[@]} -gt 0 ]; then
    printf 'lint failed: %s\n' "${failed[*]}" >&2
    exit 1
fi
echo "lint passed"
