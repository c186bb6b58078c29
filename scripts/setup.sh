#!/bin/sh
# Make the virtual environment in .venv, once per change of the lock file: with uv where it is installed, else with
# the first Python 3.11 or 3.10 on PATH that works and its own pip.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/.installed
wanted=$(cat requirements.lock pyproject.toml | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && exit 0

works() { # A name on PATH may be a shim for a Python that is not there, so run it.
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] < (3, 12))' >/dev/null 2>&1
}

python=
for candidate in python3.11 python3.10 python3 python; do
    if works "$candidate"; then python=$candidate; break; fi
done

uv=
command -v uv >/dev/null 2>&1 && uv=uv
if [ -z "$python" ] && [ -z "$uv" ]; then
    echo "mmkg needs Python 3.11 or 3.10, or uv: install one of them and run the same command again." >&2
    exit 1
fi

rm -f "$stamp"
if [ -n "$uv" ]; then
    [ -x .venv/bin/python ] || uv venv --quiet --python "${python:-3.11}" .venv
    uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
    uv pip install --quiet --python .venv/bin/python --no-deps -e .
else
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip --version >/dev/null 2>&1 || .venv/bin/python -m ensurepip --upgrade >/dev/null
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
fi
echo "$wanted" > "$stamp"
