#!/usr/bin/env bash
# Makes the environment: .venv with the pinned packages, build/collections with this collection
# and the ones it depends on. Does nothing that is already done.
set -euo pipefail
cd "$(dirname "$0")/.."

ANSIBLE_WHEEL=14.5.0 # carries amazon.aws 11.4.0, kubernetes.core 6.6.0 and ansible.posix 2.2.2

mark=.venv/.ready
want=$(cat requirements-dev.txt dev/setup.sh | sha256sum | cut -d' ' -f1)
if [ "$(cat "$mark" 2>/dev/null)" = "$want" ] && [ -e build/collections/ansible_collections/amazon/aws ]; then
    exit 0
fi

python=$(dev/find-python.sh)
echo "environment: $("$python" --version) in .venv (about a minute)"
[ -x .venv/bin/python ] || "$python" -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt

collections=build/collections/ansible_collections
mkdir -p "$collections/gameops" build/wheels
# The package "ansible" is 600 MB when installed; the three collections in its wheel are 11 MB.
.venv/bin/python -m pip download --quiet --disable-pip-version-check --no-deps -d build/wheels "ansible==$ANSIBLE_WHEEL"
.venv/bin/python - "build/wheels/ansible-$ANSIBLE_WHEEL-py3-none-any.whl" build/collections <<'PY'
import sys
import zipfile

wanted = tuple(f"ansible_collections/{name}/" for name in ("amazon/aws", "kubernetes/core", "ansible/posix"))
with zipfile.ZipFile(sys.argv[1]) as wheel:
    wheel.extractall(sys.argv[2], [name for name in wheel.namelist() if name.startswith(wanted)])
PY
ln -sfn ../../../.. "$collections/gameops/eks_bluegreen"
echo "$want" > "$mark"
