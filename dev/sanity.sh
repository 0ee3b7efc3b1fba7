#!/usr/bin/env bash
# ansible-test sanity, without containers: on a copy of what the collection ships, in the folder layout
# that ansible-test insists on. Arguments go to ansible-test, for example: dev/sanity.sh --test validate-modules
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PWD/.venv/bin:$PATH"

PIP_VERSION=25.2 # the one that ansible-core 2.21 wants in its test environments
stage=build/sanity/ansible_collections/gameops/eks_bluegreen
python=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

# ansible-test fetches get-pip.py from a host of its own, which not every network reaches. This stand-in
# for it installs the same pip from its wheel.
cache="$HOME/.ansible/test/cache"
get_pip="$cache/get_pip_${PIP_VERSION//./_}.py"
if [ ! -e "$get_pip" ]; then
    mkdir -p "$cache"
    python -m pip download --quiet --disable-pip-version-check --no-deps -d "$cache" "pip==$PIP_VERSION"
    cp dev/get_pip.py "$get_pip"
fi

rm -rf "$stage"
mkdir -p "$stage"
for dependency in amazon ansible kubernetes; do
    ln -sfn "$PWD/build/collections/ansible_collections/$dependency" "build/sanity/ansible_collections/$dependency"
done
# Files that git knows or would add, without those that the collection does not ship; with the ignore lists.
git ls-files --cached --others --exclude-standard -z |
    grep -zvE '^((\.ci|benchmarks|dev|inventories/lab|lab|molecule)/|tests/[^s])' |
    while IFS= read -r -d '' file; do [ ! -e "$file" ] || printf '%s\0' "$file"; done |
    xargs -0 cp --no-dereference --parents -t "$stage"

cd "$stage"
# Without a repository of its own, ansible-test would ask the one around build/, which ignores this folder.
git init --quiet
git add --all
exec ansible-test sanity --local --python "$python" "$@"
